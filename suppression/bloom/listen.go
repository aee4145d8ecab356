package bloom

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// errSilent says that Redis took a question on a subscription and did not answer.
var errSilent = errors.New("bloom: redis is silent")

// listen hears what other processes announce, until ctx ends.
func (c *Cache) listen(ctx context.Context) {
	ticker := c.cfg.Clock.Ticker(c.cfg.RefreshEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		err := c.hear(ctx)
		if ctx.Err() == nil {
			count(ctx, c.measure.redisFailures, "operation", opListen)
		}
		c.listening.report(ctx, c.cfg.Logger, "listening to redis", err)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// hear listens until that fails. A connection on which nothing comes for a while is
// asked whether it is still there.
func (c *Cache) hear(ctx context.Context) error {
	subscription := c.cfg.Redis.Subscribe(ctx, c.shared.channel())
	defer func() { _ = subscription.Close() }()
	defer context.AfterFunc(ctx, func() { _ = subscription.Close() })()
	asked := false
	for {
		message, err := subscription.ReceiveTimeout(ctx, c.cfg.RefreshEvery)
		var timeout net.Error
		switch {
		case err == nil:
			asked = false
			c.listening.report(ctx, c.cfg.Logger, "listening to redis", nil)
			c.take(message)
		case !errors.As(err, &timeout) || !timeout.Timeout():
			return err
		case asked:
			return errSilent
		default:
			asked = true
			if err := subscription.Ping(ctx); err != nil {
				return err
			}
		}
	}
}

// take has Run look at the feed, when there may be something new in it: what was said
// before the subscription began was not heard.
func (c *Cache) take(message any) {
	switch message := message.(type) {
	case *redis.Subscription:
		c.Wake()
	case *redis.Message:
		number, err := strconv.ParseInt(message.Payload, 10, 64)
		if err != nil || number < 0 {
			return
		}
		c.heard.Store(number)
		if copied := c.local.Load(); copied == nil || copied.position().Number != number {
			c.Wake()
		}
	}
}

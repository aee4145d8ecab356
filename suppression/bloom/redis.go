package bloom

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// shared is what processes have in common in Redis: the snapshot under its key, beside
// it the lock of the one that is making a new one, and the channel on which it is said
// that the list has changed. One goroutine may use it at a time.
type shared struct {
	client  redis.UniversalClient
	key     string
	timeout time.Duration
	// token is the name in which this process holds the lock.
	token string
	// busy is full while the client is at work.
	busy chan struct{}
}

// errBusy says that the client has not come back yet from something that it was asked
// for, and given up on.
var errBusy = errors.New("bloom: redis has not answered an earlier question")

func newShared(cfg Config) *shared {
	return &shared{
		client: cfg.Redis, key: cfg.Key, timeout: cfg.RedisTimeout, token: rand.Text(), busy: make(chan struct{}, 1),
	}
}

func (s *shared) lockKey() string { return s.key + ":lock" }
func (s *shared) channel() string { return s.key + ":news" }

// patience is how long that many bytes may take.
func (s *shared) patience(bytes uint64) time.Duration {
	const bytesPerSecond = 20 << 20
	return s.timeout + time.Duration(float64(bytes)/bytesPerSecond*float64(time.Second))
}

// ask has the client do something and waits for it as long as patience lasts. A client
// looks at a deadline only if its owner has said so, and tries again before it fails,
// which takes seconds. What it is still at then is left to itself, and until it is
// over, everything else fails at once.
func ask[Result any](ctx context.Context, s *shared, patience time.Duration, do func(context.Context) (Result, error)) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	var none Result
	select {
	case s.busy <- struct{}{}:
	default:
		return none, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		result, err := do(ctx)
		<-s.busy
		answers <- answer{result, err}
	}()
	select {
	case given := <-answers:
		return given.result, given.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// settle waits until the client has nothing to do any more.
func (s *shared) settle() {
	s.busy <- struct{}{}
	<-s.busy
}

// look reads the beginning of what is under the key, and its length, which is zero
// when there is nothing. What is no string has a length and no beginning. A value that
// is replaced between the two seems to be of no use, which costs a publication.
func (s *shared) look(ctx context.Context) (beginning []byte, length uint64, err error) {
	type found struct {
		beginning []byte
		length    uint64
	}
	seen, err := ask(ctx, s, s.timeout, func(ctx context.Context) (found, error) {
		pipe := s.client.Pipeline()
		beginning, length := pipe.GetRange(ctx, s.key, 0, headerLength-1), pipe.StrLen(ctx, s.key)
		_, err := pipe.Exec(ctx)
		if redis.HasErrorPrefix(err, "WRONGTYPE") {
			return found{length: 1}, nil
		}
		if err != nil {
			return found{}, err
		}
		return found{[]byte(beginning.Val()), uint64(length.Val())}, nil //nolint:gosec // a length
	})
	return seen.beginning, seen.length, err
}

// load reads the whole value, which has about that length.
func (s *shared) load(ctx context.Context, length uint64) ([]byte, error) {
	return ask(ctx, s, s.patience(length), func(ctx context.Context) ([]byte, error) {
		value, err := s.client.Get(ctx, s.key).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		return value, err
	})
}

func (s *shared) publish(ctx context.Context, snapshot []byte) error {
	_, err := ask(ctx, s, s.patience(uint64(len(snapshot))), func(ctx context.Context) (string, error) {
		return s.client.Set(ctx, s.key, snapshot, 0).Result()
	})
	return err
}

// announce says on the channel how far the list has come.
func (s *shared) announce(ctx context.Context, number int64) error {
	_, err := ask(ctx, s, s.timeout, func(ctx context.Context) (int64, error) {
		return s.client.Publish(ctx, s.channel(), strconv.FormatInt(number, 10)).Result()
	})
	return err
}

// takeLock makes the lock the token's for some milliseconds, unless another has it.
var takeLock = redis.NewScript(`local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1`)

// lock takes the lock for some time, and says false when another process has it. One
// that took it and did not hear so has it too: otherwise nobody would, until it ends.
// The lock spares work: nothing is wrong when two believe that they have it.
func (s *shared) lock(ctx context.Context, lasts time.Duration) (mine bool, err error) {
	return ask(ctx, s, s.timeout, func(ctx context.Context) (bool, error) {
		return takeLock.Run(ctx, s.client, []string{s.lockKey()}, s.token, lasts.Milliseconds()).Bool()
	})
}

// dropLock removes the lock unless it is another's by now.
var dropLock = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end
return 1`)

func (s *shared) unlock(ctx context.Context) error {
	_, err := ask(ctx, s, s.timeout, func(ctx context.Context) (any, error) {
		return dropLock.Run(ctx, s.client, []string{s.lockKey()}, s.token).Result()
	})
	return err
}

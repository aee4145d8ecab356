package sim

import (
	"log/slog"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// deliveries is how often a report is tried, and the pause after the first time;
// each further one is twice as long.
const (
	deliveries    = 6
	deliveryPause = time.Second
)

// report sends what has just happened to a call on its way to the dialer.
func (c *Carrier) report(k *call, kind telephony.Type) {
	event := telephony.Event{
		Ref: k.request.Ref, CallSID: k.sid, Type: kind, Seq: k.reports,
		At: c.agenda.now(), Source: c.cfg.Source,
	}
	k.reports++
	switch kind {
	case telephony.TypeAMD:
		event.AMD = k.facts.AMD
	case telephony.TypeEnded:
		event.Cause = k.facts.Cause
	}
	network, chance := c.cfg.Network, k.chance
	if chance.happens(network.Unreferenced) {
		event.Ref = dialer.Ref{}
	}
	copies := 1
	switch {
	case chance.happens(network.Missing):
		c.books.Missing++
		return
	case chance.happens(network.Duplicated):
		c.books.Duplicated++
		copies++
	}
	for range copies {
		delay := chance.within(network.Delay)
		if chance.happens(network.Reordered) {
			delay += chance.within(network.HoldBack)
		}
		c.agenda.after(delay, func() { c.deliver(event, deliveries, deliveryPause) })
	}
}

func (c *Carrier) deliver(event telephony.Event, tries int, pause time.Duration) {
	err := c.cfg.Deliver(c.agenda.ctx, event)
	switch {
	case err == nil:
		c.count(func(b *Books) { b.Delivered++ })
	case tries > 1:
		c.agenda.after(pause, func() { c.deliver(event, tries-1, 2*pause) })
	default:
		c.count(func(b *Books) { b.Missing++ })
		c.cfg.Logger.Warn("report not delivered", slog.Any("event", event), slog.String("cause", err.Error()))
	}
}

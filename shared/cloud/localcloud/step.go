package localcloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"huawu/shared/fault"
)

// Step makes one delivery to one consumer or poller that has something to get at
// this moment of the clock; which one, Options.Seed decides. It reports false if
// none has. It is for Options.Manual and must not run beside itself.
func (c *Cloud) Step(ctx context.Context) (bool, error) {
	if err := c.alive(); err != nil {
		return false, err
	}
	if err := c.sweepIfTime(); err != nil {
		return false, err
	}
	var ready []func() (bool, error)
	for _, l := range c.lanes {
		if c.laneReady(l) {
			ready = append(ready, func() (bool, error) { return c.deliver(ctx, l) })
		}
	}
	for _, p := range c.pollers {
		if c.pollerReady(p) {
			ready = append(ready, func() (bool, error) { return c.poll(ctx, p) })
		}
	}
	for len(ready) > 0 {
		i := c.intn(len(ready))
		if done, err := ready[i](); done || err != nil {
			return done, err
		}
		ready = append(ready[:i], ready[i+1:]...)
	}
	return false, nil
}

// Drain steps until nothing is ready at this moment of the clock. It returns how
// many deliveries it made, and an error after limit of them: two handlers that
// feed each other never end.
func (c *Cloud) Drain(ctx context.Context, limit int) (int, error) {
	for n := 0; ; n++ {
		if n == limit {
			return n, fault.New(fault.Internal, "drain: no end after %d deliveries", limit)
		}
		if again, err := c.Step(ctx); err != nil || !again {
			return n, err
		}
	}
}

// Next returns the earliest instant after now at which a delivery becomes ready
// by time alone: a delayed or hidden message, a retry. It is zero if there is
// none. A simulation advances its clock to this or to its own next event,
// whichever comes first.
func (c *Cloud) Next() time.Time {
	now := c.now()
	var at []time.Time
	for _, l := range c.lanes {
		if len(l.work) > 0 && l.retryAt.After(now) {
			at = append(at, l.retryAt)
		}
	}
	c.mu.Lock()
	names := slices.Collect(maps.Keys(c.queues))
	c.mu.Unlock()
	for _, name := range names {
		if due := c.dueAfter(name, now); due.After(now) {
			at = append(at, due)
		}
	}
	return firstDue(at)
}

// Settle drains, advances the clock to the next due instant, and so on until
// nothing is due up to the instant until; then the clock stands at until.
func (c *Cloud) Settle(ctx context.Context, clock *Clock, until time.Time, limit int) error {
	for {
		if _, err := c.Drain(ctx, limit); err != nil {
			return err
		}
		next := c.Next()
		if next.IsZero() || next.After(until) {
			clock.AdvanceTo(until)
			_, err := c.Drain(ctx, limit)
			return err
		}
		clock.AdvanceTo(next)
	}
}

package localcloud

import (
	"context"
	"errors"
	"sync"
	"time"

	"huawu/shared/fault"
)

// sweepEvery is how often expired items are looked for.
const sweepEvery = time.Minute

// retryStore is the pause after an error of the store, for example a full disk.
const retryStore = time.Second

// Run delivers to all consumers and pollers, and sweeps, until ctx ends. It
// returns when all of them have returned; a batch under way is finished or comes
// again. With Options.Manual use Step instead.
func (c *Cloud) Run(ctx context.Context) error {
	if c.opt.Manual {
		return fault.New(fault.Invalid, "run: the cloud is driven by Step")
	}
	c.mu.Lock()
	lanes, pollers := c.lanes, c.pollers
	c.mu.Unlock()
	var all sync.WaitGroup
	for _, l := range lanes {
		all.Go(func() { c.runLane(ctx, l) })
	}
	for _, p := range pollers {
		for range p.Concurrency {
			all.Go(func() { c.runPoller(ctx, p) })
		}
	}
	all.Go(func() { c.runSweep(ctx) })
	all.Wait()
	return nil
}

func (c *Cloud) runLane(ctx context.Context, l *lane) {
	for ctx.Err() == nil {
		changed := c.changed.wait()
		rest := time.Hour
		if !l.retryAt.IsZero() {
			rest = l.retryAt.Sub(c.now())
		}
		if !c.laneReady(l) {
			pauseFor(ctx, rest, changed)
			continue
		}
		if _, err := c.deliver(ctx, l); err != nil {
			c.report(ctx, "stream", l.Name, err)
			pauseFor(ctx, retryStore, nil)
		}
	}
}

func (c *Cloud) runPoller(ctx context.Context, p *poller) {
	for ctx.Err() == nil {
		sent := c.sent.wait()
		found, err := c.poll(ctx, p)
		switch {
		case err != nil:
			c.report(ctx, "queue", p.Queue, err)
			pauseFor(ctx, retryStore, nil)
		case !found:
			rest := time.Hour
			if due := c.due(p.Queue); !due.IsZero() {
				rest = due.Sub(c.now())
			}
			pauseFor(ctx, rest, sent)
		}
	}
}

func (c *Cloud) runSweep(ctx context.Context) {
	for pauseFor(ctx, sweepEvery, nil) {
		if _, err := c.Sweep(); err != nil {
			c.report(ctx, "sweep", "table", err)
		}
	}
}

func (c *Cloud) report(ctx context.Context, source, name string, err error) {
	if !errors.Is(err, ErrDead) {
		c.opt.Log.ErrorContext(ctx, "delivery stopped for a moment", "source", source, "name", name, "err", err)
	}
}

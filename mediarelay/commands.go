package relay

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"huawu/mediarelay/call"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

const (
	commandBatch   = 10
	commandWait    = 20 * time.Second // long poll
	commandVisible = 30 * time.Second
	commandPause   = time.Second // after an error, doubled each time …
	commandMax     = 15 * time.Second
)

// commands gives what arrives on the relay's queue to its calls.
type commands struct {
	queue cloud.Queue
	name  string
	calls *call.Calls
	log   *slog.Logger
}

// run receives until ctx ends.
func (c *commands) run(ctx context.Context) {
	pause := commandPause
	for ctx.Err() == nil {
		list, err := c.queue.Receive(ctx, c.name, commandBatch, commandWait, commandVisible)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			c.log.Error("commands not received", "queue", c.name, "seconds", pause.Seconds(), "error", err)
			if wait(ctx, pause) != nil {
				return
			}
			pause = min(2*pause, commandMax)
			continue
		}
		pause = commandPause
		for _, m := range list {
			c.handle(ctx, m)
		}
	}
}

// handle gives a command to its call. One that came too late, twice or for a
// call that is over is done with; one that cannot be read stays, and ends in
// the dead-letter queue as evidence.
func (c *commands) handle(ctx context.Context, m cloud.Received) {
	var u sma.Update
	if err := json.Unmarshal(m.Body, &u); err != nil || u.TransactionID == "" {
		c.log.Error("command cannot be read", "message", m.ID, "received", m.Count, "error", err)
		return
	}
	err := c.calls.Update(u, age(m, commandVisible))
	log := c.log.With("transactionId", u.TransactionID, "verb", u.Arguments[sma.ArgVerb])
	switch fault.KindOf(err) {
	case "":
		log.Info("command")
	case fault.NotFound, fault.Gone:
		log.Info("command ignored", "error", err)
	default:
		log.Error("command refused", "error", err)
	}
	if err := c.queue.Delete(ctx, c.name, m.Receipt); err != nil { // it comes again and is known then
		log.Warn("command not deleted", "error", err)
	}
}

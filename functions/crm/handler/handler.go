// Package handler takes the messages of the webhook queue: new events, and
// deliveries whose time has come. What is sent where and when is decided by
// shared/crm; here only messages are read and errors reported.
package handler

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/fault"
)

// parallel is how many deliveries of one batch are under way: all of them, as
// they wait for others' servers and not for us.
const parallel = 10

// Config is what the function is told by its main.
type Config struct {
	Instance contact.Instance
	// Local lets deliveries reach this machine, for the local mode.
	Local  bool
	Client *http.Client     // crm.NewClient's if nil; a test's receiver
	Now    func() time.Time // time.Now if nil
}

// Handler is the function's code.
type Handler struct {
	service *crm.Service
}

// New returns a handler over the ports it needs.
func New(t cloud.Table, q cloud.Queue, k cloud.Keys, c Config) *Handler {
	guard := crm.Guard{AllowLoopback: c.Local}
	if c.Client == nil {
		c.Client = crm.NewClient(guard)
	}
	side := 1 // on another clock: a simulation
	if c.Now == nil {
		c.Now, side = time.Now, parallel
	}
	return &Handler{crm.New(t, q, k, crm.Config{Client: c.Client, Guard: guard, Instance: c.Instance, Now: c.Now, Log: slog.Default(), Parallel: side})}
}

// Handle delivers a batch side by side. A message that fails comes again.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	bodies := make([][]byte, len(e.Records))
	for n, r := range e.Records {
		bodies[n] = lambdaevent.ToMessage(r).Body
	}
	var out events.SQSEventResponse
	for n, err := range h.service.HandleAll(ctx, bodies) {
		if err == nil {
			continue
		}
		id := e.Records[n].MessageId
		slog.WarnContext(ctx, "item failed", "source", crm.Queue, "id", id, "kind", string(fault.KindOf(err)), "error", err.Error())
		out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
	return out, nil
}

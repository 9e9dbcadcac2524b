package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// outside is event and crm, and the customer's CRM that webhooks reach.
type outside struct {
	w       *World
	publish *event.Publisher
	crm     *crm.Service
	got     map[string][]string // webhook ids of contact.completed, by contact
	refuses float64             // chance that the CRM answers 500
}

func newOutside(w *World) *outside { return &outside{w: w, got: map[string][]string{}} }

// open starts the functions event and crm.
func (o *outside) open(t cloud.Table, q cloud.Queue) error {
	w := o.w
	instance := contact.Instance{Account: localcloud.Account, Region: localcloud.Region}
	wants := crm.NewEndpoints(t, w.clock.Now)
	o.publish = event.New(t, q, instance, constant{}, event.Outlet{Queue: crm.Queue, Wants: wants.Wants})
	o.crm = crm.New(t, q, w.cloud.Keys(), crm.Config{Client: &http.Client{Transport: o}, Guard: crm.Guard{AllowLoopback: true},
		Instance: instance, Now: w.clock.Now, Log: w.opt.Log})
	return errors.Join(
		w.cloud.Subscribe(localcloud.Consumer{Name: "event", Retries: 50, Handler: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			return each(w.invokedBy(ctx, "event"), e, func(ctx context.Context, c lambdaevent.Change) error {
				return o.publish.HandleChange(ctx, event.Change{ID: c.ID, At: c.At, Old: c.Old, New: c.New})
			})
		}}),
		w.cloud.Poll(localcloud.Poller{Queue: crm.Queue, Visible: 10 * time.Second, Handler: func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			return lambdaevent.QueueBatch(w.invokedBy(ctx, "crm"), e, func(ctx context.Context, m lambdaevent.Message) error { return o.crm.Handle(ctx, m.Body) })
		}}),
	)
}

// configure adds the CRM's endpoint.
func (o *outside) configure() error {
	w := o.w
	e, _, err := crm.NewEndpoint(w.ctx, w.cloud.Keys(), crm.Guard{AllowLoopback: true}, w.start, Tenant, "crm", "http://127.0.0.1/hook", event.Completed)
	if err != nil {
		return err
	}
	_, err = w.cloud.Table().Write(w.ctx, e.Put())
	return err
}

// RoundTrip is the CRM: it takes a webhook, or fails.
func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if o.w.dead {
		return nil, fault.New(fault.Unavailable, "the process is dead")
	}
	status := http.StatusNoContent
	if o.w.rand.Float64() < o.refuses {
		status = http.StatusInternalServerError
	} else {
		for id := range o.w.callers {
			if bytes.Contains(body, []byte(id)) && !slices.Contains(o.got[id], r.Header.Get("webhook-id")) {
				o.got[id] = append(o.got[id], r.Header.Get("webhook-id"))
			}
		}
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: r, Header: http.Header{}}, nil
}

// constant is a source of no chance, for secrets that need none here.
type constant struct{}

// Read fills p.
func (constant) Read(p []byte) (int, error) {
	for n := range p {
		p[n] = byte(n)
	}
	return len(p), nil
}

// isOver reports whether a desk's request came too late to matter.
func isOver(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.NotFound:
		return true
	}
	return false
}

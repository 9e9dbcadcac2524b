package sim

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/ivr"
	"huawu/shared/phone"
)

//go:embed flows
var flows embed.FS

// Times of the queue that everybody waits in.
const (
	ringSeconds = 20
	acwSeconds  = 30
)

// Numbers that callers dial, beside 95000 for loans.
const (
	cardsNumber = "95001" // needs a skill
	vipNumber   = "95002" // loans, before all others
)

// needsOf and skillsOf say who may serve cards: every second of those who could.
func needsOf() map[string]int { return map[string]int{"card": 2} }

func skillsOf(profile string) map[string]int {
	if profile == "both" {
		return map[string]int{"card": 3}
	}
	return nil
}

// servedBy returns how long a contact of a queue must have waited before an agent
// of a profile may have it; ok is false for never.
func servedBy(queue, profile string) (delay time.Duration, ok bool) {
	for _, p := range profiles() {
		for _, q := range p.Queues {
			if p.ID == profile && q.Queue == queue {
				return q.Delay, true
			}
		}
	}
	return 0, false
}

func profiles() []acd.Profile {
	return []acd.Profile{
		{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}},
		{ID: "both", Group: "main", Queues: []acd.ProfileQueue{{Queue: "cards", Priority: 1}, {Queue: "loans", Priority: 2, Delay: 10 * time.Second}}},
	}
}

// configuration is the tenant's.
func configuration() []cloud.Write {
	all := []cloud.Write{
		acd.Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds}.Put(Tenant),
		acd.Queue{ID: "cards", Name: "Cards", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds, Needs: needsOf()}.Put(Tenant),
	}
	for _, p := range profiles() {
		all = append(all, p.Put(Tenant))
	}
	menu := flow("menu")
	for _, n := range []struct{ number, name, doc string }{
		{"95000", "menu", menu},
		{cardsNumber, "menu-cards", strings.Replace(menu, `"QueueId": "loans"`, `"QueueId": "cards"`, 1)},
		{vipNumber, "menu-vip", strings.Replace(menu, `"Type": "UpdateContactAttributes", "Parameters": {"Attributes": {"menu": "loans"}}`,
			`"Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": "1"}`, 1)},
	} {
		all = append(all, ivr.PutFlow(Tenant, n.name, n.name, []byte(n.doc), 1),
			ivr.Number{Number: phone.MustParse(n.number), Flow: n.name, Language: "zh-CN"}.Put(Tenant))
	}
	return append(all, ivr.PutFlow(Tenant, "queue", "queue", []byte(flow("queue")), 1))
}

func flow(name string) string {
	doc, err := flows.ReadFile("flows/" + name + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(doc)
}

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

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/live/view"
	"huawu/shared/phone"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const tenant = "demo"

// world is a tenant with agents and queues, on a clock that stands still, and
// pages that look at it.
type world struct {
	*testing.T
	cloud   *localcloud.Cloud
	clock   *localcloud.Clock
	router  *acd.Router
	tickets *auth.Tokens
	live    *Service
	ids     int
	// hold keeps changes and counts back instead of handling them.
	hold bool
	held [][]byte
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: localcloud.NewClock(noon)}
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}, {Name: event.LiveQueue}}})
	if err != nil {
		t.Fatal(err)
	}
	w.cloud = c
	w.router = acd.NewRouter(c.Table(), c.Queue(), acd.Runtime{Now: w.clock.Now, NewID: w.id, Sleep: func(context.Context, time.Duration) error { return nil },
		Rand: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler)})
	w.tickets = auth.New(c.Keys(), "huawu", "desk-live", w.clock.Now)
	w.live = New(Config{Table: c.Table(), Push: c.Push(), Queue: c.Queue(), Router: w.router, Tickets: w.tickets, Origins: []string{"desk.example"},
		Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	w.consume()
	for _, put := range []cloud.Write{
		acd.Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: 20, ACWSeconds: 30}.Put(tenant),
		acd.Queue{ID: "cards", Name: "Cards", Group: "main", RingSeconds: 20}.Put(tenant),
		acd.Profile{ID: "all", Name: "All", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}, {Queue: "cards", Priority: 2}}}.Put(tenant),
		view.PutStatus(tenant, "1", view.Choice{Name: "meal", Labels: map[string]string{"en": "Meal"}}),
		view.PutDispositions(tenant, view.AnyQueue, []view.Choice{{Name: "solved", Labels: map[string]string{"zh-CN": "已解决"}}}),
	} {
		w.write(put)
	}
	return w
}

// consume wires the stream and the queues as the template does.
func (w *world) consume() {
	tell := event.New(w.cloud.Table(), w.cloud.Queue(), contact.Instance{}, rand.NewChaCha8([32]byte{1})).ToLive()
	for name, handle := range map[string]func(context.Context, lambdaevent.Change) error{
		"acd": func(ctx context.Context, c lambdaevent.Change) error { return w.router.HandleChange(ctx, c.Old, c.New) },
		"event": func(ctx context.Context, c lambdaevent.Change) error {
			return tell.HandleChange(ctx, event.Change{ID: c.ID, At: c.At, Old: c.Old, New: c.New})
		},
	} {
		err := w.cloud.Subscribe(localcloud.Consumer{Name: name, Handler: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			if name == "event" {
				var batch []event.Change
				for _, c := range lambdaevent.Changes(e) {
					batch = append(batch, event.Change{ID: c.ID, At: c.At, Old: c.Old, New: c.New})
				}
				if err := tell.Tell(ctx, batch); err != nil {
					return events.DynamoDBEventResponse{}, err
				}
			}
			return lambdaevent.StreamBatch(ctx, e, handle)
		}})
		if err != nil {
			w.Fatal(err)
		}
	}
	for queue, handle := range map[string]func(context.Context, []byte) error{
		acd.TimerQueue: func(ctx context.Context, b []byte) error { return w.router.HandleTimer(ctx, b) },
		"relay-1":      func(context.Context, []byte) error { return nil },
		event.LiveQueue: func(ctx context.Context, b []byte) error {
			if w.hold {
				w.held = append(w.held, b)
				return nil
			}
			return w.live.HandleMessage(ctx, b)
		},
	} {
		err := w.cloud.Poll(localcloud.Poller{Queue: queue, Handler: func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			return lambdaevent.QueueBatch(ctx, e, func(ctx context.Context, m lambdaevent.Message) error { return handle(ctx, m.Body) })
		}})
		if err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) id() string {
	w.ids++
	return fmt.Sprintf("01938d2c-1111-7abc-8def-%012d", w.ids)
}

func (w *world) write(put cloud.Write) {
	w.Helper()
	if _, err := w.cloud.Table().Write(w.Context(), put); err != nil {
		w.Fatal(err)
	}
}

// addAgent adds one who may log in; its device answers by itself.
func (w *world) addAgent(id, name string, role auth.Role) {
	w.Helper()
	hash, err := login.Hash(rand.NewChaCha8([32]byte{2}), "correct horse battery staple")
	if err != nil {
		w.Fatal(err)
	}
	put, err := login.User{Tenant: tenant, Username: id, Agent: id, Role: role, Hash: hash, Since: noon}.Put()
	if err != nil {
		w.Fatal(err)
	}
	w.write(put)
	a := agent.Agent{Tenant: tenant, ID: id, Username: id, Name: name, Profile: "all", State: agent.Offline, Since: noon, Version: 1,
		Device: agent.Device{Kind: agent.Softphone, User: id}, Voice: agent.Slots{Max: 1}}
	w.write(a.Put())
}

// settle delivers all that is due within d.
func (w *world) settle(d time.Duration) {
	w.Helper()
	if err := w.cloud.Settle(w.Context(), w.clock, w.clock.Now().Add(d), 10_000); err != nil {
		w.Fatal(err)
	}
}

func (w *world) status(id string, to agent.State, name string) {
	w.Helper()
	if _, err := w.router.SetStatus(w.Context(), tenant, id, to, name); err != nil {
		w.Fatal(err)
	}
}

// call lets a customer wait in a queue.
func (w *world) call(queue string, attributes map[string]string) contact.ID {
	w.Helper()
	id := contact.ID(w.id())
	now := w.clock.Now()
	c := &contact.Contact{Tenant: tenant, ID: id, State: contact.InFlow, Since: now, Initiated: now, ToSystem: now, Channel: contact.Voice, Method: contact.Inbound,
		Customer: phone.MustParse("+8613800135678"), System: phone.MustParse("95000"), Relay: "relay-1", Language: "zh-CN"}
	if err := w.router.Begin(w.Context(), c); err != nil {
		w.Fatal(err)
	}
	set := map[string]any{}
	for k, v := range attributes {
		set[k] = v
	}
	w.write(cloud.Write{Key: contact.FlowKey(tenant, id), Put: cloud.Item{"v": int64(1), contact.AttrAttributes: set}})
	if _, err := w.router.Enqueue(w.Context(), tenant, id, acd.Request{Queue: queue}); err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) contact(id contact.ID) *contact.Contact {
	w.Helper()
	c, err := w.router.Contact(w.Context(), tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// accept answers the offer of a contact and joins customer and agent.
func (w *world) accept(id contact.ID) {
	w.Helper()
	c := w.contact(id)
	if _, err := w.router.Accept(w.Context(), tenant, id, c.Offer); err != nil {
		w.Fatal(err)
	}
	w.settle(0)
	if _, err := w.router.Joined(w.Context(), tenant, id, c.Offer, ""); err != nil {
		w.Fatal(err)
	}
}

func (w *world) ticket(who string, role auth.Role) string {
	w.Helper()
	ticket, err := w.tickets.Issue(w.Context(), auth.Identity{Tenant: tenant, Agent: who, Role: role, Expires: w.clock.Now().Add(auth.TicketLife)})
	if err != nil {
		w.Fatal(err)
	}
	return ticket
}

// open connects a page that follows the rules of clients.
func (w *world) open(connection, who string, role auth.Role) *client {
	w.Helper()
	if err := w.live.Connect(w.Context(), Opening{Connection: connection, Ticket: w.ticket(who, role)}); err != nil {
		w.Fatal(err)
	}
	c := &client{topics: map[Topic]*topic{}}
	c.send = func(f Frame) {
		text, err := json.Marshal(f)
		if err != nil {
			w.Fatal(err)
		}
		answer, err := w.live.Receive(w.Context(), connection, text)
		if err != nil {
			w.Fatal(err)
		}
		if answer != nil {
			c.take(answer)
		}
	}
	c.gone = func() { w.cloud.Push().Close(connection) }
	w.cloud.Push().Open(connection, func(_ context.Context, text []byte) error {
		c.take(text)
		return nil
	})
	return c
}

// Package event tells the world what happened. From a change of a contact, a
// record or an agent it makes events in the shapes of Amazon Connect, puts the
// list rows of a new record, and hands each event to the outlets that want it.
// It decides what an event is and how it is named; what an outlet does with it
// is left to crm and its like, and repairing state to acd.
//
// The change is the event: its id is made of the item's key and version, so a
// change that is seen twice makes the same event twice, and receivers drop one.
package event

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Type names an event for outlets and subscribers.
type Type string

// The types. Completed comes with the contact record, once per segment.
const (
	Initiated         Type = "contact.initiated"
	ConnectedToSystem Type = "contact.connected_to_system"
	Queued            Type = "contact.queued"
	ConnectedToAgent  Type = "contact.connected_to_agent"
	Disconnected      Type = "contact.disconnected"
	Completed         Type = "contact.completed"
	AgentLogin        Type = "agent.login"
	AgentLogout       Type = "agent.logout"
	AgentStateChange  Type = "agent.state_change"
)

// Types lists every type.
func Types() []Type {
	return []Type{Initiated, ConnectedToSystem, Queued, ConnectedToAgent, Disconnected, Completed, AgentLogin, AgentLogout, AgentStateChange}
}

// Change is one change of one item, as the table's stream tells it.
type Change struct {
	ID  string     // the same for each delivery of one change
	At  time.Time  // when the table took it
	Old cloud.Item // nil for a new item
	New cloud.Item // nil for a removed one
}

// Message is an event on its way to an outlet.
type Message struct {
	ID     string    `json:"id"` // a UUID, the same for each delivery
	Tenant string    `json:"tenant"`
	Type   Type      `json:"type"`
	At     time.Time `json:"at"` // when it happened
	// Entity and Seq order the events of one contact or agent; Before names the
	// earlier ones of a contact, which a receiver must have had first.
	Entity string  `json:"entity"`
	Seq    int64   `json:"seq"`
	Before []Place `json:"before,omitempty"`
	// Exactly one of Record and Detail is set.
	Record *cloud.Key      `json:"record,omitempty"` // where the contact record stands
	Detail json.RawMessage `json:"detail,omitempty"` // a ContactEvent or an AgentEvent
}

// Place is an event's place in the order of its entity.
type Place struct {
	Type Type      `json:"type"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"` // when it happened
}

// Outlet is a queue that gets events.
type Outlet struct {
	Queue string
	// Wants reports whether the outlet has use for a tenant's events of a type.
	Wants func(ctx context.Context, tenant string, t Type) (bool, error)
}

// Publisher makes events of changes.
type Publisher struct {
	table    cloud.Table
	queue    cloud.Queue
	instance contact.Instance
	outlets  []Outlet
	random   io.Reader
	live     bool // tell pages

	mu      sync.Mutex
	secrets map[string][]byte // of tenants, read once
}

// New returns a publisher. The random source makes the secret of a tenant that
// has none.
func New(t cloud.Table, q cloud.Queue, in contact.Instance, random io.Reader, outlets ...Outlet) *Publisher {
	return &Publisher{table: t, queue: q, instance: in, outlets: outlets, random: random, secrets: map[string][]byte{}}
}

// HandleChange tells outlets of one change. It may be called again with the same one: an
// error leaves nothing that a second call would do wrong.
func (p *Publisher) HandleChange(ctx context.Context, ch Change) error {
	if r := contact.RecordFromItem(ch.New); r != nil {
		if ch.Old != nil {
			return nil // a record never changes
		}
		return errors.Join(p.list(ctx, r), p.recorded(ctx, ch, r))
	}
	if c := contact.FromItem(ch.New); c != nil {
		return p.contactChanged(ctx, ch, contact.FromItem(ch.Old), c)
	}
	if left := contact.LeftFromItem(ch.New); left != nil {
		return p.leftChanged(ctx, ch, left)
	}
	if a := agent.FromItem(ch.New); a != nil {
		return errors.Join(p.staff(ctx, agent.FromItem(ch.Old), a), p.agentChanged(ctx, ch, agent.FromItem(ch.Old), a))
	}
	return nil
}

// send gives an event to every outlet that wants it. make is called at most once.
func (p *Publisher) send(ctx context.Context, tenant string, t Type, create func() (Message, error)) error {
	var body []byte
	for _, o := range p.outlets {
		wanted, err := o.Wants(ctx, tenant, t)
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "event: who wants %s", t)
		}
		if !wanted {
			continue
		}
		if body == nil {
			m, err := create()
			if err != nil {
				return err
			}
			if body, err = json.Marshal(m); err != nil {
				return fault.Wrap(fault.Internal, err, "event: encode %s", t)
			}
		}
		if err := p.queue.Send(ctx, o.Queue, cloud.Message{Body: body}); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "event: send %s to %s", t, o.Queue)
		}
	}
	return nil
}

// ID returns the id of the event of a type that a change makes.
func ID(change string, t Type) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("huawu event "+change+" "+string(t))).String()
}

// ContactEntity and AgentEntity name what events are ordered by.
func ContactEntity(id contact.ID) string { return "C#" + string(id) }

// AgentEntity is ContactEntity for an agent.
func AgentEntity(id string) string { return "A#" + id }

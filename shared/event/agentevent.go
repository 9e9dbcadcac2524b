package event

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// AgentEvent is an event of Connect's agent event stream. Heartbeats are not
// made from changes and so not here.
// Source: Amazon Connect administrator guide, "Agent event streams data model".
type AgentEvent struct {
	AWSAccountId          string
	AgentARN              string
	CurrentAgentSnapshot  *AgentSnapshot
	EventId               string
	EventTimestamp        Time
	EventType             string // LOGIN, LOGOUT or STATE_CHANGE
	InstanceARN           string
	PreviousAgentSnapshot *AgentSnapshot
	Version               string
}

// AgentSnapshot is how an agent stood.
type AgentSnapshot struct {
	AgentStatus     AgentStatus
	NextAgentStatus *AgentStatus
	Configuration   AgentConfiguration
	Contacts        []AgentContact
}

// AgentStatus is an agent's status in Connect's words.
type AgentStatus struct {
	ARN            string
	Name           string
	StartTimestamp *Time  `json:",omitempty"`
	Type           string // ROUTABLE, CUSTOM or OFFLINE
}

// AgentConfiguration is what is set for an agent.
type AgentConfiguration struct {
	AgentHierarchyGroups *struct{}
	FirstName            string
	LastName             string
	Username             string
	RoutingProfile       AgentProfile
}

// AgentProfile is an agent's routing profile.
type AgentProfile struct {
	ARN         string
	Name        string
	Concurrency []AgentSlots
}

// AgentSlots is how many contacts of a channel an agent has and takes.
type AgentSlots struct {
	AvailableSlots int
	Channel        string
	MaximumSlots   int
}

// AgentContact is a contact that is bound to an agent.
type AgentContact struct {
	Channel                   string
	ConnectedToAgentTimestamp *Time
	ContactId                 string
	InitialContactId          string
	InitiationMethod          string
	Queue                     *AgentQueue
	QueueTimestamp            *Time
	State                     string
	StateStartTimestamp       *Time
}

// AgentQueue is the queue a contact came through.
type AgentQueue struct {
	ARN  string
	Name string
}

// agentChanged tells what an agent's change means: a log-in, a log-out, or else.
func (p *Publisher) agentChanged(ctx context.Context, ch Change, was, a *agent.Agent) error {
	if was == nil {
		if a.State == agent.Offline {
			return nil // set up, not logged in
		}
		was = &agent.Agent{Tenant: a.Tenant, ID: a.ID, State: agent.Offline}
	}
	kind, name := AgentStateChange, "STATE_CHANGE"
	switch {
	case was.State == agent.Offline && a.State != agent.Offline:
		kind, name = AgentLogin, "LOGIN"
	case was.State != agent.Offline && a.State == agent.Offline:
		kind, name = AgentLogout, "LOGOUT"
	}
	return p.send(ctx, a.Tenant, kind, func() (Message, error) {
		m := Message{ID: ID(ch.ID, kind), Tenant: a.Tenant, Type: kind, At: ch.At, Entity: AgentEntity(a.ID), Seq: a.Version}
		e := AgentEvent{
			AWSAccountId: p.instance.Account, AgentARN: contact.ARN("agent", a.Tenant, a.ID), EventId: m.ID, EventTimestamp: Time{ch.At},
			EventType: name, InstanceARN: contact.ARN("instance", a.Tenant, a.Tenant), Version: "2017-10-01",
		}
		var err error
		if e.PreviousAgentSnapshot, err = p.snapshot(ctx, was); err != nil {
			return m, err
		}
		if e.CurrentAgentSnapshot, err = p.snapshot(ctx, a); err != nil {
			return m, err
		}
		m.Detail, err = json.Marshal(e)
		return m, fault.Wrap(fault.Internal, err, "event: encode %s", kind)
	})
}

// snapshot reads the contacts that are bound to the agent, as they stand now: an
// agent's item only names them.
func (p *Publisher) snapshot(ctx context.Context, a *agent.Agent) (*AgentSnapshot, error) {
	first, last, _ := strings.Cut(a.Name, " ")
	s := &AgentSnapshot{
		AgentStatus: agentStatus(a.Tenant, a.State, a.Status, a.Since),
		Configuration: AgentConfiguration{FirstName: first, LastName: last, Username: a.Username, RoutingProfile: AgentProfile{
			ARN: contact.ARN("routing-profile", a.Tenant, a.Profile), Name: a.Profile,
			Concurrency: []AgentSlots{{a.Voice.Free(), "VOICE", a.Voice.Max}, {a.Chat.Free(), "CHAT", a.Chat.Max}, {a.Email.Free(), "EMAIL", a.Email.Max}},
		}},
		Contacts: []AgentContact{},
	}
	if a.NextState != "" {
		next := agentStatus(a.Tenant, a.NextState, a.NextStatus, time.Time{})
		s.NextAgentStatus = &next
	}
	ids := make([]contact.ID, 0, len(a.Offers))
	for _, id := range a.Offers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		item, err := p.table.Get(ctx, contact.Key(a.Tenant, id), false)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "event: read contact")
		}
		if c := contact.FromItem(item); c != nil {
			s.Contacts = append(s.Contacts, agentContact(c))
		}
	}
	return s, nil
}

func agentStatus(tenant string, state agent.State, status string, since time.Time) AgentStatus {
	s := AgentStatus{Name: "Offline", Type: "OFFLINE", StartTimestamp: happened(since)}
	switch state {
	case agent.Available:
		s.Name, s.Type = "Available", "ROUTABLE"
	case agent.Missed: // Connect: still routable by choice, the missed contact keeps others away
		s.Name, s.Type = "MissedCallAgent", "CUSTOM"
	case agent.Away:
		s.Name, s.Type = status, "CUSTOM"
	}
	s.ARN = contact.ARN("agent-state", tenant, s.Name)
	return s
}

func agentContact(c *contact.Contact) AgentContact {
	out := AgentContact{
		Channel: string(c.Channel), ContactId: contact.SegmentID(c.ID, c.Segment), InitialContactId: string(c.ID), InitiationMethod: string(c.Method),
		ConnectedToAgentTimestamp: happened(c.AgentJoined), QueueTimestamp: happened(c.Enqueued),
		State: contactState(c), StateStartTimestamp: happened(c.Since),
	}
	if c.Queue != "" {
		out.Queue = &AgentQueue{ARN: contact.ARN("queue", c.Tenant, c.Queue), Name: c.Queue}
	}
	return out
}

// contactState is a contact's state in the words of agent events.
func contactState(c *contact.Contact) string {
	switch c.State {
	case contact.Offered, contact.Connecting:
		return "CONNECTING"
	case contact.Connected:
		if !c.Hold.Since.IsZero() {
			return "CONNECTED_ONHOLD"
		}
		return "CONNECTED"
	case contact.Ended, contact.Completed:
		return "ENDED"
	}
	return "MISSED" // it waits again, or is with another
}

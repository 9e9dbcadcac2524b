package event

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Source is the source of our events; Connect's is aws.connect.
const Source = "huawu.contact"

// ContactEvent is a contact event as EventBridge delivers it.
// Source: Amazon Connect administrator guide, "Contact events data model".
type ContactEvent struct {
	Version    string        `json:"version"`
	ID         string        `json:"id"`
	DetailType string        `json:"detail-type"`
	Source     string        `json:"source"`
	Account    string        `json:"account"`
	Time       Time          `json:"time"`
	Region     string        `json:"region"`
	Resources  []string      `json:"resources"`
	Detail     ContactDetail `json:"detail"`
}

// ContactDetail is the detail of a contact event. It holds no number.
type ContactDetail struct {
	EventType                  string     `json:"eventType"`
	ContactID                  string     `json:"contactId"`
	InitialContactID           string     `json:"initialContactId"`
	PreviousContactID          string     `json:"previousContactId,omitempty"`
	InstanceARN                string     `json:"instanceArn"`
	Channel                    string     `json:"channel"`
	InitiationMethod           string     `json:"initiationMethod"`
	InitiationTimestamp        Time       `json:"initiationTimestamp"`
	ConnectedToSystemTimestamp *Time      `json:"connectedToSystemTimestamp,omitempty"`
	DisconnectTimestamp        *Time      `json:"disconnectTimestamp,omitempty"`
	QueueInfo                  *QueueInfo `json:"queueInfo,omitempty"`
	AgentInfo                  *AgentInfo `json:"agentInfo,omitempty"`
}

// QueueInfo says where a contact waited.
type QueueInfo struct {
	QueueARN         string `json:"queueArn"`
	QueueType        string `json:"queueType"` // STANDARD
	EnqueueTimestamp Time   `json:"enqueueTimestamp"`
}

// AgentInfo says who has a contact.
type AgentInfo struct {
	AgentARN                       string `json:"agentArn"`
	ConnectedToAgentTimestamp      Time   `json:"connectedToAgentTimestamp"`
	AfterContactWorkStartTimestamp *Time  `json:"afterContactWorkStartTimestamp,omitempty"`
	AfterContactWorkEndTimestamp   *Time  `json:"afterContactWorkEndTimestamp,omitempty"`
	AfterContactWorkDuration       *int   `json:"afterContactWorkDuration,omitempty"` // seconds
}

// Time is a time with milliseconds, as contact events and agent events write it.
type Time struct{ time.Time }

// MarshalJSON encodes yyyy-MM-ddTHH:mm:ss.SSSZ.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

// milestone is a step of a contact that happens once in a segment.
type milestone struct {
	kind Type
	name string // Connect's
	at   func(*contact.Contact) time.Time
}

// milestones lists them in the order of time, which is their order for
// subscribers. The last is told by the record, which comes with it.
func milestones() []milestone {
	return []milestone{
		{Initiated, "INITIATED", func(c *contact.Contact) time.Time { return c.Initiated }},
		{ConnectedToSystem, "CONNECTED_TO_SYSTEM", func(c *contact.Contact) time.Time { return c.ToSystem }},
		{Queued, "QUEUED", func(c *contact.Contact) time.Time { return c.Enqueued }},
		{ConnectedToAgent, "CONNECTED_TO_AGENT", func(c *contact.Contact) time.Time { return c.AgentJoined }},
		{Disconnected, "DISCONNECTED", func(c *contact.Contact) time.Time { return c.Disconnected }},
		{Completed, "COMPLETED", func(c *contact.Contact) time.Time {
			if c.State != contact.Completed {
				return time.Time{}
			}
			return c.Since
		}},
	}
}

// perSegment is how many places in order a segment has.
const perSegment = 10

// place returns a milestone's place and those of the milestones before it that
// the contact has passed.
func place(c *contact.Contact, kind Type) (seq int64, before []Place) {
	for n, m := range milestones() {
		seq = int64(c.Segment*perSegment + n + 1)
		if m.kind == kind {
			break
		}
		if at := m.at(c); !at.IsZero() {
			before = append(before, Place{m.kind, seq, at})
		}
	}
	return seq, before
}

// contactChanged sends an event for each milestone that the change passed. That
// a contact was completed is told by its record.
func (p *Publisher) contactChanged(ctx context.Context, ch Change, was, c *contact.Contact) error {
	if was == nil {
		was = &contact.Contact{}
	}
	var errs []error
	for _, m := range milestones() {
		at := m.at(c)
		if m.kind == Completed || at.IsZero() || !m.at(was).IsZero() && was.Segment == c.Segment {
			continue
		}
		errs = append(errs, p.send(ctx, c.Tenant, m.kind, func() (Message, error) {
			return p.message(ch, c, m, at)
		}))
	}
	return errors.Join(errs...)
}

// leftChanged tells that an agent has left a segment: the contact goes on as the
// next one. That the segment was completed is told by its record.
func (p *Publisher) leftChanged(ctx context.Context, ch Change, left *contact.Contact) error {
	if ch.Old != nil {
		return nil // after-contact work ended
	}
	for _, m := range milestones() {
		if m.kind == Disconnected {
			return p.send(ctx, left.Tenant, m.kind, func() (Message, error) { return p.message(ch, left, m, m.at(left)) })
		}
	}
	return nil
}

func (p *Publisher) message(ch Change, c *contact.Contact, m milestone, at time.Time) (Message, error) {
	msg := Message{ID: ID(ch.ID, m.kind), Tenant: c.Tenant, Type: m.kind, At: at, Entity: ContactEntity(c.ID)}
	msg.Seq, msg.Before = place(c, m.kind)
	var err error
	msg.Detail, err = json.Marshal(p.contactEvent(msg.ID, c, m.name, at))
	return msg, fault.Wrap(fault.Internal, err, "event: encode %s", m.kind)
}

// recorded tells that a segment is complete. The event comes with the record,
// not with the contact's last change: so whoever is told can read it.
func (p *Publisher) recorded(ctx context.Context, ch Change, r *contact.Record) error {
	return p.send(ctx, r.Tenant, Completed, func() (Message, error) {
		key := ch.New.Key()
		m := Message{ID: ID(ch.ID, Completed), Tenant: r.Tenant, Type: Completed, At: r.Completed(), Entity: ContactEntity(r.ID), Record: &key}
		m.Seq, m.Before = place(&r.Contact, Completed)
		return m, nil
	})
}

// contactEvent returns the event in Connect's shape.
func (p *Publisher) contactEvent(id string, c *contact.Contact, name string, at time.Time) ContactEvent {
	self := contact.SegmentID(c.ID, c.Segment)
	instance := contact.ARN("instance", c.Tenant, c.Tenant)
	d := ContactDetail{
		EventType: name, ContactID: self, InitialContactID: string(c.ID), InstanceARN: instance,
		Channel: string(c.Channel), InitiationMethod: string(c.Method), InitiationTimestamp: Time{c.Initiated},
		ConnectedToSystemTimestamp: happened(c.ToSystem), DisconnectTimestamp: happened(c.Disconnected),
	}
	if c.Segment > 0 {
		d.PreviousContactID = contact.SegmentID(c.ID, c.Previous)
	}
	if !c.Enqueued.IsZero() {
		d.QueueInfo = &QueueInfo{QueueARN: contact.ARN("queue", c.Tenant, c.Queue), QueueType: "STANDARD", EnqueueTimestamp: Time{c.Enqueued}}
	}
	if !c.AgentJoined.IsZero() && c.OfferAgent != "" {
		d.AgentInfo = agentInfo(c)
	}
	return ContactEvent{
		Version: "0", ID: id, DetailType: "Amazon Connect Contact Event", Source: Source, Account: p.instance.Account, Region: p.instance.Region,
		Time: Time{at}, Resources: []string{contact.ARN("contact", c.Tenant, self), instance}, Detail: d,
	}
}

func agentInfo(c *contact.Contact) *AgentInfo {
	info := &AgentInfo{AgentARN: contact.ARN("agent", c.Tenant, c.OfferAgent), ConnectedToAgentTimestamp: Time{c.AgentJoined},
		AfterContactWorkStartTimestamp: happened(c.Disconnected)}
	if c.State == contact.Completed && !c.Disconnected.IsZero() {
		seconds := int(c.Since.Sub(c.Disconnected) / time.Second)
		info.AfterContactWorkEndTimestamp, info.AfterContactWorkDuration = happened(c.Since), &seconds
	}
	return info
}

func happened(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

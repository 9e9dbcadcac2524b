package acd

import (
	"context"
	"errors"
	"time"

	"huawu/shared/contact"
	"huawu/shared/fault"
)

// A message that a caller has left is a contact without a call: it waits, is
// matched and offered like any other, but takes an agent's room for tasks and no
// device, so that to accept it is to have it. What was said is a recording of the
// caller's contact, which the message names.

// ErrNoCall is returned for what is done to a call, of a contact that has none.
var ErrNoCall = fault.New(fault.Conflict, "this contact has no call")

// messageLater is how much later than its caller would be a message is served:
// who is on the line goes first.
const messageLater = 1

// Message is what a caller has left.
type Message struct {
	Queue     string
	Began     time.Time // when the caller began to speak
	Recording string    // where it goes
	Language  string
	Priority  int // of the caller; 0 is the default
}

// LeaveMessage lets the message of a contact wait in a queue. A second one of the
// same contact is the first. A queue that is full or closed takes it: nobody waits
// on the line.
func (r *Router) LeaveMessage(ctx context.Context, of *contact.Contact, m Message) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, of.Tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(m.Queue)
	if err != nil {
		return nil, err
	}
	c, err := messageOf(of, q, m, r.run.Now())
	if err != nil {
		return nil, err
	}
	return r.beginWaiting(ctx, routing, c, of.ID, "message left")
}

// messageOf is the contact of a message as it begins to wait.
func messageOf(of *contact.Contact, q Queue, m Message, now time.Time) (*contact.Contact, error) {
	at := contact.Instant(now)
	c := &contact.Contact{Tenant: of.Tenant, ID: VoicemailID(of.ID), State: contact.Initiated, Channel: contact.Task, Method: contact.API,
		Related: of.ID, Customer: of.Customer, System: of.System, Language: m.Language, Recording: m.Recording,
		Initiated: contact.Instant(m.Began), Enqueued: at, Priority: cmpOr(m.Priority, cmpOr(of.Priority, DefaultPriority)) + messageLater, Epoch: 1}
	enterQueue(c, q)
	c.Rank = q.Rank(c.Priority, at)
	return c, errors.Join(c.Move(contact.InFlow, now), c.Move(contact.Queued, now))
}

// VoicemailID is the id of the message of a contact: always the same, so that a
// message that is told of twice is one.
func VoicemailID(of contact.ID) contact.ID { return derivedID(of, "voicemail") }

// LeaveQueue takes one who waits out of the queue; the call goes on. One who does
// not wait, as an agent may just have got the contact, is ErrNotWaiting.
func (r *Router) LeaveQueue(ctx context.Context, c *contact.Contact) (*contact.Contact, error) {
	c, err := r.step(ctx, contactStep{tenant: c.Tenant, id: c.ID, seen: c, decide: func(c *contact.Contact) (bool, error) {
		if c.State == contact.InFlow {
			return false, nil // asked again
		}
		if c.State != contact.Queued {
			return false, ErrNotWaiting
		}
		c.Dequeued = contact.Instant(r.run.Now())
		return true, c.Move(contact.InFlow, r.run.Now())
	}})
	if err != nil || c.Rank == "" {
		return c, err
	}
	routing, err := r.Routing(ctx, c.Tenant)
	if err == nil {
		err = r.deleteRow(ctx, waitingKey(c, routing.shards(c.Group)), c.Epoch)
	}
	r.follow(ctx, "leave queue", err) // a row without its contact does no harm
	return c, nil
}

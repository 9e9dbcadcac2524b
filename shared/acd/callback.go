package acd

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

// A callback is a contact that waits without a call: it is matched and offered
// like any other, and called once its agent is there (see place). So its place is
// that of the one who did not want to wait, and nothing else knows of callbacks.

// CallBack is how a customer is to be called back.
type CallBack struct {
	To    phone.Number
	Queue string
	Delay time.Duration // not before that; 0 = at once
	Tries contact.Tries // Max 0 = one
	First string        // who is called first: FirstAgent, FirstCustomer; "" = as the queue says
	Hours string        // id of the hours outside which the customer is not called; "" = those of the queue
}

// Who is called first.
const (
	FirstAgent    = "agent"
	FirstCustomer = "customer"
)

// Faults of callbacks.
var (
	// ErrCallback is returned for a number that the queue does not call.
	ErrCallback = fault.New(fault.Invalid, "acd: this number is not called back")
	// ErrFirst is returned for a wish that is neither agent nor customer first.
	ErrFirst = fault.New(fault.Invalid, "acd: a callback calls agent or customer first")
	// ErrNoHours is returned for hours of operation that are not configured.
	ErrNoHours = fault.New(fault.NotFound, "acd: no such hours of operation")
)

// CallBack lets somebody who is on the line be called back: at the place that the
// contact has if it waits in the same queue, else at that of one who comes now. A
// second one for the same contact is the first.
func (r *Router) CallBack(ctx context.Context, of *contact.Contact, b CallBack) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, of.Tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(b.Queue)
	switch {
	case err != nil:
		return nil, err
	case !q.dials(b.To):
		return nil, ErrCallback
	case q.CallerID == "":
		return nil, ErrNoCallerID
	case b.First != "" && b.First != FirstAgent && b.First != FirstCustomer:
		return nil, ErrFirst
	}
	if b.Hours != "" {
		if _, known, err := r.config.hours(ctx, of.Tenant, b.Hours); err != nil || !known {
			return nil, cmpOr(err, error(ErrNoHours))
		}
	}
	c, err := callBackOf(of, q, b, r.run.Now())
	if err != nil {
		return nil, err
	}
	return r.beginWaiting(ctx, routing, c, of.ID, "is called back")
}

// beginWaiting puts a contact that waits without a call, and comes of another one.
// A second one of the same is the first.
func (r *Router) beginWaiting(ctx context.Context, routing *Routing, c *contact.Contact, of contact.ID, what string) (*contact.Contact, error) {
	err := r.Begin(ctx, c)
	if errors.Is(err, ErrExists) {
		return r.Contact(ctx, c.Tenant, c.ID)
	}
	if err != nil {
		return nil, err
	}
	r.run.Log.InfoContext(ctx, what, "tenant", c.Tenant, "contact", string(c.ID), "of", string(of), "queue", c.Queue)
	r.follow(ctx, what, r.publishContact(ctx, routing, c))
	return c, nil
}

// callbackLife is how long a callback or a message may wait, hours of operation and pauses
// between its tries included.
const callbackLife = 7 * 24 * time.Hour

// callBackOf is the contact of a callback as it begins to wait.
func callBackOf(of *contact.Contact, q Queue, b CallBack, now time.Time) (*contact.Contact, error) {
	at := contact.Instant(now)
	c := &contact.Contact{Tenant: of.Tenant, ID: CallBackID(of.ID), State: contact.Initiated, Channel: contact.Voice, Method: contact.Callback,
		Customer: b.To, System: q.callerID(), Language: of.Language, Initiated: at, Enqueued: at, Priority: cmpOr(of.Priority, DefaultPriority),
		Record: q.Record, Tries: b.Tries, CustomerFirst: cmpOr(b.First, q.CallFirst) == FirstCustomer, Window: b.Hours}
	enterQueue(c, q)
	c.Rank = q.Rank(c.Priority, at)
	if of.State == contact.Queued && of.Queue == q.ID {
		c.Rank, c.Enqueued, c.Needs, c.Record = of.Rank, of.Enqueued, of.Needs, of.Record
	}
	if b.Delay > 0 {
		c.NotBefore = contact.Instant(now.Add(b.Delay))
	}
	c.Epoch = 1
	return c, errors.Join(c.Move(contact.InFlow, now), c.Move(contact.Queued, now))
}

// CallBackID is the id of the callback of a contact: always the same, so that a
// request that comes twice makes one.
func CallBackID(of contact.ID) contact.ID { return derivedID(of, "callback") }

// derivedID is the id of what comes of a contact once.
func derivedID(of contact.ID, what string) contact.ID {
	space, err := uuid.Parse(string(of))
	if err != nil {
		space = uuid.NewSHA1(uuid.NameSpaceOID, []byte(of))
	}
	return contact.ID(uuid.NewSHA1(space, []byte(what)).String())
}

package desk

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

type callOutInput struct {
	Body struct {
		Kind  string `json:"kind" enum:"outbound,callback" doc:"outbound: the agent's device is called, then the customer; callback: the customer is called when it is the contact's turn in a queue"`
		To    string `json:"to,omitempty" minLength:"2" maxLength:"32" doc:"Number to call: +, country code and number, or a local one that the queue allows"`
		Of    string `json:"of,omitempty" format:"uuid" doc:"outbound, in place of to: who has left this message, which the agent has, by its queue if no other is named"`
		Queue string `json:"queue,omitempty" maxLength:"64" doc:"Whose number is shown and whose rules hold; outbound: the agent's first with a number to show if absent"`

		First    string `json:"first,omitempty" enum:"agent,customer" doc:"callback: who is called first; as the queue says if absent"`
		Hours    string `json:"hours,omitempty" maxLength:"64" doc:"callback: id of the hours of operation outside which the customer is not called; those of the queue if absent"`
		Delay    int    `json:"delaySeconds,omitempty" minimum:"0" maximum:"259200" doc:"callback: not before that"`
		Attempts int    `json:"attempts,omitempty" minimum:"1" maximum:"100" doc:"callback: how often the customer is called, 1 if absent"`
		Retry    int    `json:"retrySeconds,omitempty" minimum:"1" maximum:"259200" doc:"callback: time between two attempts, 600 if absent"`
		Request  string `json:"requestId,omitempty" format:"uuid" doc:"callback: the same request twice makes one"`
	}
}

func (d *Desk) registerCalls(api huma.API) {
	register(d, api, operation{"createContact", http.MethodPost, "/v1/contacts", "Call a customer, or have one called back", auth.ActAsAgent, http.StatusAccepted}, d.call)
}

// call lets the agent call somebody, or have somebody called. It answers once the
// agent's slot is taken, or the callback waits; what becomes of it is seen in the
// contact's state.
func (d *Desk) call(ctx context.Context, who auth.Identity, in *callOutInput) (*doneOutput, error) {
	if in.Body.Of != "" && in.Body.Kind == "outbound" {
		return d.callOf(ctx, who, in)
	}
	to, err := phone.Parse(in.Body.To)
	if err != nil || to.IsZero() {
		return nil, wrongField("body.to", "is no number that can be called")
	}
	if in.Body.Kind == "callback" {
		return d.callBack(ctx, who, to, in)
	}
	c, err := d.router.Call(ctx, who.Tenant, acd.CallOut{Agent: who.Agent, To: to, Queue: in.Body.Queue})
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

// callOf calls who has left a message. The agent need not see the number for it.
func (d *Desk) callOf(ctx context.Context, who auth.Identity, in *callOutInput) (*doneOutput, error) {
	left, err := d.mine(ctx, who, in.Body.Of)
	switch {
	case err != nil:
		return nil, err
	case left.Channel != contact.Task || left.State != contact.Connected && left.State != contact.Ended:
		return nil, contact.ErrStep
	case left.Customer.IsZero():
		return nil, wrongField("body.of", "has a number that is withheld")
	}
	c, err := d.router.Call(ctx, who.Tenant, acd.CallOut{Agent: who.Agent, To: left.Customer, Queue: cmp.Or(in.Body.Queue, left.Queue)})
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

// callBack lets a customer who is not on the line be called back, as one who comes
// to the queue now.
func (d *Desk) callBack(ctx context.Context, who auth.Identity, to phone.Number, in *callOutInput) (*doneOutput, error) {
	b := &in.Body
	if b.Queue == "" {
		return nil, wrongField("body.queue", "is needed for a callback")
	}
	request := b.Request
	if request == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no id")
		}
		request = id.String()
	}
	c, err := d.router.CallBack(ctx, &contact.Contact{Tenant: who.Tenant, ID: contact.ID(request)}, acd.CallBack{To: to, Queue: b.Queue, First: b.First, Hours: b.Hours,
		Delay: time.Duration(b.Delay) * time.Second, Tries: contact.Tries{Max: cmp.Or(b.Attempts, 1), Pause: time.Duration(cmp.Or(b.Retry, 600)) * time.Second}})
	switch {
	case errors.Is(err, acd.ErrCallback):
		return nil, wrongField("body.to", "is no number that this queue calls back: use +, country code and number")
	case errors.Is(err, acd.ErrNoHours):
		return nil, wrongField("body.hours", "are no hours of operation")
	case err != nil:
		return nil, err
	}
	return done(c), nil
}

// giveUp ends a call out that was not joined yet; the relay hears of it by the
// contact.
func (d *Desk) giveUp(ctx context.Context, c *contact.Contact) (*contact.Contact, error) {
	if err := d.router.Unreached(ctx, c, contact.AgentLeft); err != nil {
		return nil, err
	}
	return d.router.Contact(ctx, c.Tenant, c.ID)
}

package desk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

type callOutInput struct {
	Body struct {
		Kind  string `json:"kind" enum:"outbound" doc:"outbound: the agent's device is called, then the customer"`
		To    string `json:"to" minLength:"2" maxLength:"32" doc:"Number to call: +, country code and number, or a local one that the queue allows"`
		Queue string `json:"queue,omitempty" maxLength:"64" doc:"Whose number is shown and whose rules hold; the agent's first with a number to show if absent"`
	}
}

func (d *Desk) registerCalls(api huma.API) {
	register(d, api, operation{"createContact", http.MethodPost, "/v1/contacts", "Call a customer", auth.ActAsAgent, http.StatusAccepted}, d.call)
}

// call lets the agent call somebody. It answers once the agent's slot is taken;
// what becomes of the call is seen in the contact's state.
func (d *Desk) call(ctx context.Context, who auth.Identity, in *callOutInput) (*doneOutput, error) {
	to, err := phone.Parse(in.Body.To)
	if err != nil || to.IsZero() {
		return nil, wrongField("body.to", "is no number that can be called")
	}
	c, err := d.router.Call(ctx, who.Tenant, acd.CallOut{Agent: who.Agent, To: to, Queue: in.Body.Queue})
	if err != nil {
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

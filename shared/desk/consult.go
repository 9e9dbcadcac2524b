package desk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

type consultInput struct {
	ContactPath
	Body Destination
}

type partyInput struct {
	ContactPath
	Party string `path:"party" maxLength:"64" doc:"Of the contact's parties; customer for the customer"`
}

type digitsInput struct {
	ContactPath
	Body struct {
		Digits string `json:"digits" pattern:"^[0-9*#,]+$" minLength:"1" maxLength:"32" doc:"A comma is half a second"`
	}
}

// partyCustomer is the id of the customer among the parties of a contact.
const partyCustomer = "customer"

func (d *Desk) registerConsult(api huma.API) {
	post := func(id, verb, summary string) operation {
		return operation{id, http.MethodPost, "/v1/contacts/{id}/" + verb, summary, auth.ActAsAgent, http.StatusAccepted}
	}
	register(d, api, post("consult", "consult", "Ask somebody while the customer is on hold"), d.consult)
	for _, c := range []struct {
		id, verb, summary string
		do                func(context.Context, *contact.Contact) (*contact.Contact, *contact.Talk, error)
	}{
		{"completeConsult", "consult/complete", "Hand the customer over to the one who is consulted", d.router.CompleteConsult},
		{"joinConsult", "consult/join", "Make a conference of the consult", d.router.JoinConsult},
		{"cancelConsult", "consult/cancel", "Let the one who is consulted go, and have the customer again", d.router.CancelConsult},
		{"swapConsult", "consult/swap", "Talk with the other of the two", d.router.SwapConsult},
	} {
		register(d, api, post(c.id, c.verb, c.summary), func(ctx context.Context, who auth.Identity, in *ContactPath) (*doneOutput, error) {
			con, err := d.mine(ctx, who, in.ID)
			if err != nil {
				return nil, d.handed(ctx, who, in.ID, err)
			}
			return talked(c.do(ctx, con))
		})
	}
	register(d, api, post("holdParty", "parties/{party}/hold", "Put a party of a conference on hold"), d.partyMode(contact.ModeHold))
	register(d, api, post("resumeParty", "parties/{party}/resume", "Take a party back"), d.partyMode(contact.ModeTalk))
	register(d, api, post("dropParty", "parties/{party}/drop", "Let a party go"), d.dropParty)
	register(d, api, post("sendDigits", "digits", "Send digits to the customer's side"), d.digits)
}

func talked(c *contact.Contact, _ *contact.Talk, err error) (*doneOutput, error) {
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *Desk) consult(ctx context.Context, who auth.Identity, in *consultInput) (*doneOutput, error) {
	c, err := d.mine(ctx, who, in.ID)
	if err != nil {
		return nil, d.handed(ctx, who, in.ID, err)
	}
	number, err := in.Body.number()
	if err != nil {
		return nil, err
	}
	switch in.Body.Kind {
	case "queue":
		return talked(d.router.ConsultQueue(ctx, c, in.Body.Target))
	case "agent":
		return talked(d.router.Consult(ctx, c, in.Body.Target))
	}
	return talked(d.router.ConsultNumber(ctx, c, number))
}

// partyMode puts a party on hold or takes it back; the customer as hold and
// resume do.
func (d *Desk) partyMode(m contact.Mode) func(context.Context, auth.Identity, *partyInput) (*doneOutput, error) {
	return func(ctx context.Context, who auth.Identity, in *partyInput) (*doneOutput, error) {
		if in.Party == partyCustomer {
			verb := "resume"
			if m == contact.ModeHold {
				verb = "hold"
			}
			c, err := d.command(ctx, who, in.ID, verb)
			if err != nil {
				return nil, err
			}
			return done(c), nil
		}
		c, err := d.mine(ctx, who, in.ID)
		if err != nil {
			return nil, err
		}
		return talked(d.router.SetParty(ctx, c, contact.OfferID(in.Party), m))
	}
}

func (d *Desk) dropParty(ctx context.Context, who auth.Identity, in *partyInput) (*doneOutput, error) {
	c, err := d.mine(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Party == partyCustomer {
		return nil, fault.New(fault.Conflict, "the customer cannot be dropped: end the call")
	}
	t, err := d.router.Talk(ctx, c)
	if err != nil {
		return nil, err
	}
	if p := t.Party(contact.OfferID(in.Party)); p == nil || p.Kind == contact.Supervisor {
		return nil, contact.ErrNoParty
	}
	return talked(d.router.DropParty(ctx, c.Tenant, c.ID, contact.OfferID(in.Party), acd.Gone{}))
}

func (d *Desk) digits(ctx context.Context, who auth.Identity, in *digitsInput) (*doneOutput, error) {
	c, err := d.mine(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	if err := d.router.SendDigits(ctx, c, in.Body.Digits); err != nil {
		return nil, err
	}
	return done(c), nil
}

// myParty reads a contact in which the agent takes part without having it: who
// is consulted, in a conference, or supervises.
func (d *Desk) myParty(ctx context.Context, who auth.Identity, id string) (*contact.Contact, *contact.Party, error) {
	c, err := d.router.Contact(ctx, who.Tenant, contact.ID(id))
	if err != nil {
		return nil, nil, err
	}
	t, err := d.router.Talk(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	for n := range t.Parties {
		if p := &t.Parties[n]; p.Agent == who.Agent {
			return c, p, nil
		}
	}
	return nil, nil, acd.ErrNoContact
}

// asParty does a command of one who takes part without having the contact. other
// is the error for one who has no part in it at all.
func (d *Desk) asParty(ctx context.Context, who auth.Identity, id string, other error, do func(*contact.Contact, *contact.Party) (*doneOutput, error)) (*doneOutput, error) {
	if fault.KindOf(other) != fault.NotFound {
		return nil, other
	}
	c, p, err := d.myParty(ctx, who, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, other
	}
	if err != nil {
		return nil, err
	}
	return do(c, p)
}

// acceptParty accepts an offer to take part.
func (d *Desk) acceptParty(ctx context.Context, who auth.Identity, in *offerInput, other error) (*doneOutput, error) {
	return d.asParty(ctx, who, in.ID, other, func(c *contact.Contact, p *contact.Party) (*doneOutput, error) {
		if string(p.ID) != in.Body.Offer {
			return nil, acd.ErrOffer
		}
		if err := d.notPhone(ctx, who); err != nil {
			return nil, err
		}
		return talked(d.router.AcceptParty(ctx, c.Tenant, c.ID, p.ID))
	})
}

// leaveParty declines an offer to take part, or leaves.
func (d *Desk) leaveParty(ctx context.Context, who auth.Identity, id, offer string, other error) (*doneOutput, error) {
	return d.asParty(ctx, who, id, other, func(c *contact.Contact, p *contact.Party) (*doneOutput, error) {
		if offer != "" && string(p.ID) != offer {
			return nil, acd.ErrOffer
		}
		return talked(d.router.DropParty(ctx, c.Tenant, c.ID, p.ID, acd.Gone{Missed: p.State == contact.PartyOffered}))
	})
}

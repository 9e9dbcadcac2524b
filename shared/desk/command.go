package desk

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/live/view"
	"huawu/shared/sma"
)

// ContactPath names the contact in the path of a request.
type ContactPath struct {
	ID string `path:"id" format:"uuid" doc:"Contact"`
}

type offerInput struct {
	ContactPath
	Body struct {
		Offer string `json:"offerId" format:"uuid" doc:"The offer that is meant: one that is over does no harm"`
	}
}

type finishInput struct {
	ContactPath
	Body struct {
		Disposition string `json:"disposition" minLength:"1" maxLength:"64" doc:"How it ended"`
		Note        string `json:"note,omitempty" maxLength:"4000"`
	}
}

// Done is the state of a contact after a command.
type Done struct {
	Contact string `json:"contactId"`
	State   string `json:"state"`
}

type doneOutput struct{ Body Done }

func done(c *contact.Contact) *doneOutput {
	return &doneOutput{Done{string(c.ID), string(c.State)}}
}

func (d *Desk) registerCommands(api huma.API) {
	post := func(id, verb, summary string, status int) operation {
		return operation{id, http.MethodPost, "/v1/contacts/{id}/" + verb, summary, auth.ActAsAgent, status}
	}
	register(d, api, post("acceptContact", "accept", "Accept an offer at a softphone", http.StatusOK), d.accept)
	register(d, api, post("rejectContact", "reject", "Decline an offer", http.StatusOK), d.reject)
	register(d, api, post("finishContact", "finish", "End after-contact work", http.StatusOK), d.finish)
	for _, c := range []struct{ id, verb, summary string }{
		{"holdContact", sma.VerbHold, "Put the customer on hold"},
		{"resumeContact", sma.VerbResume, "Take the customer back"},
		{"hangUpContact", sma.VerbHangup, "End the call"},
	} {
		register(d, api, post(c.id, c.verb, c.summary, http.StatusAccepted), func(ctx context.Context, who auth.Identity, in *ContactPath) (*doneOutput, error) {
			con, err := d.command(ctx, who, in.ID, c.verb)
			if err != nil && c.verb == sma.VerbHangup {
				return d.leaveParty(ctx, who, in.ID, "", err)
			}
			if err != nil {
				return nil, err
			}
			return done(con), nil
		})
	}
}

// mine reads a contact that is bound to the agent who asks. Another one's is as
// if it did not exist.
func (d *Desk) mine(ctx context.Context, who auth.Identity, id string) (*contact.Contact, error) {
	c, err := d.router.Contact(ctx, who.Tenant, contact.ID(id))
	if err != nil {
		return nil, err
	}
	if c.OfferAgent != who.Agent {
		return nil, acd.ErrNoContact
	}
	return c, nil
}

// accept takes an offer at a softphone. At a phone, to pick up is to accept: a
// click there would bind the agent without a leg.
func (d *Desk) accept(ctx context.Context, who auth.Identity, in *offerInput) (*doneOutput, error) {
	c, err := d.mine(ctx, who, in.ID)
	if err != nil {
		return d.acceptParty(ctx, who, in, d.over(ctx, who, in.ID, err))
	}
	if c.Channel != contact.Task {
		err = d.notPhone(ctx, who)
	}
	if err != nil {
		return nil, err
	}
	c, err = d.router.Accept(ctx, who.Tenant, contact.ID(in.ID), contact.OfferID(in.Body.Offer))
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

// notPhone refuses what an agent with a phone does by picking it up.
func (d *Desk) notPhone(ctx context.Context, who auth.Identity) error {
	a, err := d.router.Agent(ctx, who.Tenant, who.Agent)
	if err == nil && a.Device.Kind == agent.Phone {
		err = fault.New(fault.Conflict, "pick up the phone to accept")
	}
	return err
}

func (d *Desk) reject(ctx context.Context, who auth.Identity, in *offerInput) (*doneOutput, error) {
	if _, err := d.mine(ctx, who, in.ID); err != nil {
		return d.leaveParty(ctx, who, in.ID, in.Body.Offer, d.over(ctx, who, in.ID, err))
	}
	if err := d.router.Reject(ctx, who.Tenant, contact.ID(in.ID), contact.OfferID(in.Body.Offer)); err != nil {
		return nil, err
	}
	c, err := d.router.Contact(ctx, who.Tenant, contact.ID(in.ID))
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

// over tells an agent whose offer was lost to another or to time that it is
// over, which is no secret to one who had it: the contact waits, or is elsewhere.
func (d *Desk) over(ctx context.Context, who auth.Identity, id string, err error) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	c, e := d.router.Contact(ctx, who.Tenant, contact.ID(id))
	if e != nil {
		return e
	}
	for _, x := range c.Excluded {
		if x.Agent == who.Agent {
			return acd.ErrOffer
		}
	}
	return err
}

// command sends a verb to the relay that holds the call. That it was done is
// seen in the contact's state.
func (d *Desk) command(ctx context.Context, who auth.Identity, id, verb string) (*contact.Contact, error) {
	c, err := d.mine(ctx, who, id)
	if err != nil {
		return nil, err
	}
	if c.Talk && verb != sma.VerbHangup {
		if t, err := d.router.Talk(ctx, c); err != nil || t.Consult != "" {
			return nil, firstOf(err, contact.ErrConsults)
		}
	}
	if verb == sma.VerbHangup && c.State == contact.Connecting && c.ToCall() {
		return d.giveUp(ctx, c)
	}
	return c, d.router.Command(ctx, c, verb)
}

// finish keeps the note and completes the contact. The note is first: once the
// contact is complete nobody asks for it again.
func (d *Desk) finish(ctx context.Context, who auth.Identity, in *finishInput) (*doneOutput, error) {
	c, err := d.router.Glance(ctx, who.Tenant, contact.ID(in.ID), acd.Over)
	if err != nil {
		return nil, err
	}
	if c.OfferAgent != who.Agent {
		return d.finishLeft(ctx, who, in, acd.ErrNoContact)
	}
	if !acd.Over(c) {
		return nil, contact.ErrStep
	}
	if err := d.wrapped(ctx, c, in); err != nil {
		return nil, err
	}
	if in.Body.Note != "" && c.State == contact.Ended {
		if err := d.keepNote(ctx, c, who, "", in.Body.Note); err != nil {
			return nil, err
		}
	}
	if c, err = d.router.FinishSeen(ctx, c, in.Body.Disposition); err != nil {
		return nil, err
	}
	return done(c), nil
}

// wrapped reports by its error what a contact's queue requires and the agent has
// not set. Of one that is complete nothing is required any more.
func (d *Desk) wrapped(ctx context.Context, c *contact.Contact, in *finishInput) error {
	if c.State != contact.Ended {
		return nil
	}
	routing, err := d.router.Routing(ctx, c.Tenant)
	if err != nil {
		return err
	}
	required := routing.Queues[c.Queue].Required
	if slices.Contains(required, acd.FieldNote) && strings.TrimSpace(in.Body.Note) == "" {
		return wrongField("body.note", "is required by the queue")
	}
	if !slices.Contains(required, acd.FieldDisposition) {
		return nil
	}
	s, err := d.views.Settings(ctx, c.Tenant)
	if err != nil {
		return err
	}
	choices, own := s.Dispositions[c.Queue]
	if !own {
		choices = s.Dispositions[view.AnyQueue]
	}
	if len(choices) > 0 && !slices.ContainsFunc(choices, func(o view.Choice) bool { return o.Name == in.Body.Disposition }) {
		return wrongField("body.disposition", "is none of those that the queue has")
	}
	return nil
}

package desk

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/ivr/release"
	"huawu/shared/phone"
)

// Destination is whom a contact is handed to, or who is asked.
type Destination struct {
	Kind   string `json:"kind" enum:"agent,queue,number"`
	Target string `json:"target" minLength:"1" maxLength:"64" doc:"Id of an agent or a queue, or a number"`
}

// Onward is where a contact is handed to: somebody, or a flow.
type Onward struct {
	Kind   string `json:"kind" enum:"agent,queue,number,flow"`
	Target string `json:"target" minLength:"1" maxLength:"64" doc:"Id of an agent, a queue or a published flow, or a number"`
}

type transferInput struct {
	ContactPath
	Body struct {
		Onward
		Note string `json:"note,omitempty" maxLength:"4000" doc:"For who has the contact next"`
	}
}

// errTransferred is what a second transfer of a contact is told.
var errTransferred = fault.New(fault.Conflict, "you have handed the contact over already")

func (d *Desk) registerTransfer(api huma.API) {
	register(d, api, operation{"transferContact", http.MethodPost, "/v1/contacts/{id}/transfer", "Hand the customer over, and be done with the call", auth.ActAsAgent, http.StatusAccepted}, d.transfer)
}

// transfer hands the customer over at once. The note is kept first, for who has
// the contact next: it is of the segment that this agent leaves.
func (d *Desk) transfer(ctx context.Context, who auth.Identity, in *transferInput) (*doneOutput, error) {
	c, err := d.mine(ctx, who, in.ID)
	if err != nil {
		return nil, d.handed(ctx, who, in.ID, err)
	}
	if c.State != contact.Connected {
		return nil, contact.ErrStep
	}
	number, err := Destination(in.Body.Onward).number()
	if err == nil && in.Body.Kind == "flow" {
		err = d.published(ctx, who, in.Body.Target)
	}
	if err != nil {
		return nil, err
	}
	if in.Body.Note != "" {
		if err := d.keepNote(ctx, c, who, contact.NoteTransfer, in.Body.Note); err != nil {
			return nil, err
		}
	}
	switch in.Body.Kind {
	case "queue":
		c, err = d.router.TransferToQueue(ctx, c, in.Body.Target)
	case "agent":
		c, err = d.router.TransferToAgent(ctx, c, in.Body.Target)
	case "flow":
		c, err = d.router.TransferToFlow(ctx, c, in.Body.Target)
	default:
		c, err = d.router.TransferToNumber(ctx, c, number)
	}
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

// number reads a target that is one.
func (t Destination) number() (phone.Number, error) {
	if t.Kind != "number" {
		return phone.Number{}, nil
	}
	n, err := phone.Parse(t.Target)
	if err != nil || n.IsZero() {
		return phone.Number{}, wrongField("body.target", "is no number that can be called")
	}
	return n, nil
}

// published reports by its error that a reference names no flow that contacts can
// be handed to: a version, or what callers get.
func (d *Desk) published(ctx context.Context, who auth.Identity, text string) error {
	ref := release.ParseRef(text)
	h, err := release.Store{Table: d.table, Now: d.now}.Head(ctx, who.Tenant, ref.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	_, draft, ok := h.Resolve(ref.Qualifier, "")
	switch {
	case err != nil || draft || !ok && h.Inline() == nil:
		return fault.New(fault.NotFound, "no such flow is published")
	case !slices.Contains([]flow.Type{flow.ContactFlow, flow.AgentTransfer, flow.QueueTransfer, ""}, h.Type):
		return fault.New(fault.Conflict, "a flow of type %s does not take customers", h.Type)
	}
	return nil
}

// handed tells an agent who handed a contact over that this was done, which is no
// secret to one who had it.
func (d *Desk) handed(ctx context.Context, who auth.Identity, id string, err error) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	if left, e := d.router.LeftBy(ctx, who.Tenant, contact.ID(id), who.Agent); e != nil || left != nil {
		return firstOf(e, errTransferred)
	}
	return err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// finishLeft is finish of a contact that the agent has handed over. other is the
// error if there is none.
func (d *Desk) finishLeft(ctx context.Context, who auth.Identity, in *finishInput, other error) (*doneOutput, error) {
	left, err := d.router.LeftBy(ctx, who.Tenant, contact.ID(in.ID), who.Agent)
	if err != nil || left == nil {
		return nil, firstOf(err, other)
	}
	if err := d.wrapped(ctx, left, in); err != nil {
		return nil, err
	}
	if in.Body.Note != "" && left.State == contact.Ended {
		if err := d.keepNote(ctx, left, who, "", in.Body.Note); err != nil {
			return nil, err
		}
	}
	if left, err = d.router.FinishLeft(ctx, left, in.Body.Disposition); err != nil {
		return nil, err
	}
	return done(left), nil
}

func (d *Desk) keepNote(ctx context.Context, c *contact.Contact, who auth.Identity, kind, text string) error {
	_, err := d.table.Write(ctx, cloud.Write{Key: contact.NoteKey(c.Tenant, c.ID, c.Segment, kind),
		Put: cloud.Item{"v": int64(1), "agent": who.Agent, "at": contact.Micros(d.now()), "text": text}})
	return fault.Wrap(fault.KindOf(err), err, "keep note")
}

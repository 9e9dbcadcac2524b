package view

import (
	"context"

	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Transfer says who handed a contact over, and why.
type Transfer struct {
	From string `json:"from" doc:"Name of the agent who had it before"`
	Note string `json:"note,omitempty"`
}

// LeftPart is after-contact work of a contact that the agent has handed over; nil
// once it is done.
func (v *Views) LeftPart(ctx context.Context, who auth.Identity, left *contact.Contact) (*Current, error) {
	if left == nil || left.State != contact.Ended {
		return nil, nil
	}
	_, now, err := v.Part(ctx, who, left, true)
	if now != nil {
		now.Transferred, now.Left = true, string(left.Offer)
	}
	return now, err
}

// transfer reads who handed a contact over; nil if nobody did.
func (v *Views) transfer(ctx context.Context, c *contact.Contact) (*Transfer, error) {
	if c.From == "" {
		return nil, nil
	}
	name, err := v.name(ctx, c.Tenant, c.From)
	if err != nil {
		return nil, err
	}
	note, err := v.table.Get(ctx, contact.NoteKey(c.Tenant, c.ID, c.Previous, contact.NoteTransfer), false)
	return &Transfer{From: name, Note: note.Str("text")}, err
}

// name is an agent's name, at most 30 s old; the id of one who was deleted.
func (v *Views) name(ctx context.Context, tenant, id string) (string, error) {
	return v.names.get(tenant+"|"+id, v.now(), settingsAge, func() (string, error) {
		a, err := v.router.Agent(ctx, tenant, id)
		if fault.KindOf(err) == fault.NotFound {
			return id, nil
		}
		if err != nil {
			return "", err
		}
		return a.Name, nil
	})
}

package view

import (
	"context"
	"strings"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
	"huawu/shared/phone/region"
)

// Contact attributes by which a flow tells the agent more. What a flow does not
// set is not shown.
const (
	AttrCustomerName = "customerName"
	AttrPath         = "ivrPath" // what was chosen on the way, parted by "›" or ">"
	AttrDigits       = "digits"  // what was keyed in; only ever shown masked
)

// lastContacts is how many earlier contacts a screen pop tells of.
const lastContacts = 3

// maxPath and maxText bound what a flow, and so perhaps a caller, puts before an
// agent.
const (
	maxPath = 12
	maxText = 120
)

// Pop is what an agent is told of a customer before the talk.
type Pop struct {
	Name     string   `json:"name,omitempty" doc:"Absent: nobody knows"`
	Customer string   `json:"customer,omitempty" doc:"Masked, unless the role may see numbers; absent: withheld"`
	Region   string   `json:"region,omitempty" doc:"Where the number was given out; not where the customer is"`
	Carrier  string   `json:"carrier,omitempty" doc:"Who gave out the number; it may have been ported since"`
	Language string   `json:"language" doc:"BCP 47"`
	Path     []string `json:"path" doc:"What was chosen on the way, the first step first"`
	Digits   string   `json:"digits,omitempty" doc:"What was keyed in, masked"`
	Waited   int      `json:"waitedSeconds"`
	Last     []Past   `json:"last" doc:"The customer's last contacts, the latest first"`
}

// Past is an earlier contact of a customer.
type Past struct {
	Contact     string    `json:"contactId" format:"uuid"`
	Ended       time.Time `json:"ended"`
	Queue       string    `json:"queue,omitempty"`
	Agent       string    `json:"agent,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
}

// told is what an agent is told of a customer, and by the agent who had the
// contact before. It costs two reads: of what the contact has, and of the
// customer's list.
func (v *Views) told(ctx context.Context, who auth.Identity, c *contact.Contact) (*Pop, *Transfer, error) {
	if c.From == "" {
		p, err := v.pop(ctx, who, c)
		return p, nil, err
	}
	var flow, note cloud.Item
	key := contact.NoteKey(c.Tenant, c.ID, c.Previous, contact.NoteTransfer)
	err := v.each(ctx, cloud.Query{Part: key.Part, From: contact.SortFlow, To: key.Sort}, func(i cloud.Item) {
		switch i.Str(cloud.AttrSort) {
		case contact.SortFlow:
			flow = i
		case key.Sort:
			note = i
		}
	})
	if err != nil && !fault.Retryable(err) {
		return nil, nil, fault.Wrap(fault.KindOf(err), err, "view: read attributes and note")
	}
	name, err := v.name(ctx, c.Tenant, c.From)
	if err != nil {
		return nil, nil, err
	}
	p, err := v.popOf(ctx, who, c, flow)
	return p, &Transfer{From: name, Note: note.Str("text")}, err
}

// pop costs two reads: the attributes, and the customer's list.
func (v *Views) pop(ctx context.Context, who auth.Identity, c *contact.Contact) (*Pop, error) {
	flow, err := v.table.Get(ctx, contact.FlowKey(c.Tenant, c.ID), false)
	if err != nil && !fault.Retryable(err) {
		return nil, fault.Wrap(fault.KindOf(err), err, "view: read attributes")
	}
	return v.popOf(ctx, who, c, flow)
}

// popOf makes a screen pop of the flow's item. What cannot be read is no reason
// to let a caller wait: it is left out.
func (v *Views) popOf(ctx context.Context, who auth.Identity, c *contact.Contact, flow cloud.Item) (*Pop, error) {
	set := contact.Attributes(flow)
	p := &Pop{Name: short(set[AttrCustomerName]), Customer: Shown(who, c.Customer), Language: c.Language, Path: path(set[AttrPath]),
		Digits: hidden(set[AttrDigits]), Waited: v.waited(c), Last: []Past{}}
	p.Region, p.Carrier = origin(c.Customer, c.Language)
	if c.Customer.IsZero() {
		return p, nil
	}
	rows, err := v.customers.Last(ctx, c.Tenant, c.Customer, lastContacts+1)
	if err != nil && !fault.Retryable(err) {
		return nil, err
	}
	for _, r := range rows {
		if r.Contact != c.ID && len(p.Last) < lastContacts { // an earlier segment of this one is no other contact
			p.Last = append(p.Last, Past{string(r.Contact), r.Ended, r.Queue, r.Agent, string(r.Reason), r.Disposition})
		}
	}
	return p, nil
}

func path(s string) []string {
	out := []string{}
	for step := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '›' || r == '>' }) {
		if step = short(strings.TrimSpace(step)); step != "" && len(out) < maxPath {
			out = append(out, step)
		}
	}
	return out
}

// short cuts a text to what fits a line.
func short(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText-1]) + "…"
	}
	return s
}

// hidden shows the last two of four digits or more, and of fewer none.
func hidden(digits string) string {
	r := []rune(short(digits))
	keep := 0
	if len(r) >= 4 {
		keep = 2
	}
	return strings.Repeat("*", len(r)-keep) + string(r[len(r)-keep:])
}

// origin names where a number was given out and by whom.
func origin(n phone.Number, _ string) (place, carrier string) {
	p := region.Of(n)
	return p.Name, p.Carrier
}

package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/live/view"
	"huawu/shared/recording"
)

// Line is one contact of a list.
type Line struct {
	Contact     string    `json:"contactId"`
	Segment     int       `json:"segment"`
	Began       time.Time `json:"began"`
	Ended       time.Time `json:"ended"`
	Customer    string    `json:"customer,omitempty"`
	Queue       string    `json:"queue,omitempty"`
	Agent       string    `json:"agent,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
	Handled     bool      `json:"handled"`
	Seconds     int       `json:"seconds" doc:"Length of the talk"`
	Waited      int       `json:"waitedSeconds"`
}

// Lines is a page of a list.
type Lines struct {
	Contacts []Line `json:"contacts"`
	Next     string `json:"next,omitempty" doc:"Pass it as before to go on"`
}

type linesOutput struct{ Body Lines }

type linesInput struct {
	Day    string `query:"day" format:"date" doc:"UTC; today if absent"`
	Of     string `query:"of" enum:"agent,everyone" default:"agent" doc:"everyone: all contacts of the day; needs contact:read:any"`
	Agent  string `query:"agent" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$" doc:"Another agent; needs contact:read:any"`
	Before string `query:"before" maxLength:"128"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// Detail is one contact with all that is known of it.
type Detail struct {
	Contact      string            `json:"contactId"`
	State        string            `json:"state"`
	Since        time.Time         `json:"since"`
	Channel      string            `json:"channel"`
	Customer     string            `json:"customer,omitempty"`
	System       string            `json:"system,omitempty" doc:"The number that was dialled"`
	Language     string            `json:"language,omitempty"`
	Queue        string            `json:"queue,omitempty"`
	Agent        string            `json:"agent,omitempty"`
	Initiated    time.Time         `json:"initiated"`
	Enqueued     *time.Time        `json:"enqueued,omitempty"`
	Connected    *time.Time        `json:"connected,omitempty" doc:"To the agent"`
	Disconnected *time.Time        `json:"disconnected,omitempty"`
	OnHold       bool              `json:"onHold"`
	Until        *time.Time        `json:"until,omitempty" doc:"End of the time for after-contact work"`
	Reason       string            `json:"reason,omitempty"`
	Disposition  string            `json:"disposition,omitempty"`
	Notes        []Note            `json:"notes"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Records      []any             `json:"records" doc:"Contact records in the shape of Amazon Connect, one per segment"`
	Recordings   int               `json:"recordings" doc:"How many there are"`
	Quality      []Quality         `json:"quality" doc:"What agents' devices measured, one per segment"`
}

// Note is what an agent wrote of a segment.
type Note struct {
	Agent string    `json:"agent"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

type detailOutput struct{ Body Detail }

func (d *Desk) registerContacts(api huma.API) {
	register(d, api, operation{"listContacts", http.MethodGet, "/v1/contacts", "The agent's contacts of a day, the latest first", auth.ReadOwn, http.StatusOK}, d.listContacts)
	register(d, api, operation{"getContact", http.MethodGet, "/v1/contacts/{id}", "One contact and its records", auth.ReadOwn, http.StatusOK}, d.getContact)
}

func (d *Desk) listContacts(ctx context.Context, who auth.Identity, in *linesInput) (*linesOutput, error) {
	day := d.now()
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return nil, wrongField("query.day", "expected a date, yyyy-mm-dd")
		}
	}
	whose := cmp.Or(in.Agent, who.Agent)
	if whose != who.Agent || in.Of == "everyone" {
		if err := who.Require(auth.ReadAny); err != nil {
			return nil, err
		}
	}
	var page event.Page
	var err error
	if in.Of == "everyone" {
		page, err = d.lists.OfDay(ctx, who.Tenant, day, in.Before, in.Limit)
	} else {
		page, err = d.lists.OfAgent(ctx, who.Tenant, whose, day, in.Before, in.Limit)
	}
	if err != nil {
		return nil, err
	}
	out := &linesOutput{Lines{Contacts: make([]Line, len(page.Rows)), Next: page.Next}}
	for n, r := range page.Rows {
		out.Body.Contacts[n] = line(who, r)
	}
	return out, nil
}

func line(who auth.Identity, r event.Row) Line {
	return Line{string(r.Contact), r.Segment, r.Began, r.Ended, view.Shown(who, r.Customer), r.Queue, r.Agent, string(r.Reason), r.Disposition, r.Handled, r.Seconds, r.Waited}
}

// file is all that the table holds of one contact.
type file struct {
	contact    *contact.Contact
	left       []*contact.Contact // segments that were left
	records    []*contact.Record
	recordings []recording.Index
	notes      []Note
	quality    []Quality
	attributes map[string]string
}

// read reads a contact's whole partition, which is one request. One that the
// identity may not see is as if it did not exist: it had no part in it, and may
// not read any.
func (d *Desk) read(ctx context.Context, who auth.Identity, id string) (*file, error) {
	var f file
	q := cloud.Query{Part: contact.Key(who.Tenant, contact.ID(id)).Part, Strong: true}
	for {
		page, next, err := d.table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "read contact")
		}
		for _, i := range page {
			if err := f.add(i); err != nil {
				return nil, err
			}
		}
		if q.After = next; next == nil {
			break
		}
	}
	if f.contact == nil || !who.May(auth.ReadAny) && !f.had(who.Agent) {
		return nil, acd.ErrNoContact
	}
	slices.SortFunc(f.records, func(a, b *contact.Record) int { return a.Segment - b.Segment })
	slices.SortFunc(f.recordings, func(a, b recording.Index) int { return a.Subject.Segment - b.Subject.Segment })
	return &f, nil
}

func (f *file) add(i cloud.Item) (err error) {
	sort := i.Str(cloud.AttrSort)
	switch {
	case sort == contact.SortMeta:
		f.contact = contact.FromItem(i)
	case sort == contact.SortFlow:
		f.attributes = contact.Attributes(i)
	case strings.HasPrefix(sort, contact.SortRecording):
		var x recording.Index
		x, err = recording.FromItem(i)
		f.recordings = append(f.recordings, x)
	case strings.HasPrefix(sort, contact.SortRecord):
		if r := contact.RecordFromItem(i); r != nil {
			f.records = append(f.records, r)
		}
	case strings.HasPrefix(sort, sortQuality):
		f.quality = append(f.quality, qualityFrom(i))
	case strings.HasPrefix(sort, contact.SortLeft):
		f.left = append(f.left, contact.LeftFromItem(i))
	case strings.HasPrefix(sort, contact.SortNote):
		f.notes = append(f.notes, Note{i.Str("agent"), contact.FromMicros(i.Int("at")), i.Str("text")})
	}
	return err
}

// had reports whether an agent has or had the contact.
func (f *file) had(agent string) bool {
	return f.contact.OfferAgent == agent || slices.ContainsFunc(f.left, func(l *contact.Contact) bool { return l.OfferAgent == agent }) ||
		slices.ContainsFunc(f.records, func(r *contact.Record) bool { return r.OfferAgent == agent })
}

func (d *Desk) getContact(ctx context.Context, who auth.Identity, in *ContactPath) (*detailOutput, error) {
	f, err := d.read(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	c := f.contact
	out := &detailOutput{Detail{
		Contact: string(c.ID), State: string(c.State), Since: c.Since, Channel: string(c.Channel), Customer: view.Shown(who, c.Customer), System: c.System.Full(),
		Language: c.Language, Queue: c.Queue, Agent: c.OfferAgent, Initiated: c.Initiated, Enqueued: view.Maybe(c.Enqueued), Connected: view.Maybe(c.AgentJoined),
		Disconnected: view.Maybe(c.Disconnected), OnHold: !c.Hold.Since.IsZero(), Until: view.Maybe(c.ACWUntil), Reason: string(c.Reason), Disposition: c.Disposition,
		Notes: append([]Note{}, f.notes...), Attributes: f.attributes, Records: []any{}, Recordings: len(f.recordings),
		Quality: append([]Quality{}, f.quality...),
	}}
	for _, r := range f.records {
		t := r.Trace(d.instance, "")
		if t.CustomerEndpoint != nil {
			t.CustomerEndpoint.Address = view.Shown(who, r.Customer)
		}
		out.Body.Records = append(out.Body.Records, t)
	}
	return out, nil
}

// Package view says what an agent's desk and the floor show: the shapes that the
// REST interface and the live updates both give out, and how they are read from
// the table. It decides which number is shown in full and which masked, and what
// a screen pop tells; it leaves routing to acd, and how a change reaches a page
// to live.
package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/phone"
)

// Views reads what pages show. It keeps configuration for a short while and
// owns no other state.
type Views struct {
	table     cloud.Table
	router    *acd.Router
	lists     event.Lists
	customers *event.Customers
	paces     *pace.Paces
	now       func() time.Time
	settings  memory[*Settings]
	people    memory[[]person]
	levels    memory[map[string]ServiceLevel]
	names     memory[string] // of agents, by tenant and id
}

// New returns views over a table and the router that reads contacts and agents.
func New(t cloud.Table, r *acd.Router, now func() time.Time) *Views {
	return &Views{table: t, router: r, lists: event.Lists{Table: t}, customers: event.NewCustomers(t), paces: pace.New(t, r, now), now: now}
}

// Status is an agent's status in the words of the API.
type Status struct {
	Status string    `json:"status" enum:"available,offline,custom,missed" doc:"missed: an offer was let pass; nothing is offered until the agent sets a status"`
	Name   string    `json:"name,omitempty" doc:"Name of a custom status"`
	Since  time.Time `json:"since"`
}

// Next is the status that follows once the last contact is done.
type Next struct {
	Status string `json:"status" enum:"available,offline,custom"`
	Name   string `json:"name,omitempty"`
}

// Standing is how an agent stands: what a change of the agent's item may change.
type Standing struct {
	Status Status `json:"status"`
	Next   *Next  `json:"next,omitempty"`
	Device string `json:"device" enum:"phone,softphone"`
}

// Offer is a contact that rings at the agent.
type Offer struct {
	Offer    string    `json:"offerId" format:"uuid"`
	Contact  string    `json:"contactId" format:"uuid"`
	Queue    string    `json:"queue"`
	Customer string    `json:"customer,omitempty" doc:"Masked, unless the role may see numbers"`
	Waited   int       `json:"waitedSeconds"`
	Until    time.Time `json:"until" doc:"When the offer is over"`
	Pop      *Pop      `json:"pop,omitempty" doc:"Who calls and why"`
	Transfer *Transfer `json:"transfer,omitempty" doc:"Set if another agent had it before"`

	Party      string      `json:"party,omitempty" doc:"Set if the agent is asked to take part in a contact that another has"`
	Invitation *Invitation `json:"invitation,omitempty" doc:"Who asks, with party"`
	Channel    string      `json:"channel,omitempty" enum:"CHAT,EMAIL,TASK" doc:"Absent: a call. TASK: a message that a caller has left; its recording is the message, and it needs no device"`
}

// Current is a contact that the agent has.
type Current struct {
	Contact     string     `json:"contactId" format:"uuid"`
	State       string     `json:"state" enum:"CONNECTING,CONNECTED,ENDED" doc:"ENDED: after-contact work"`
	Since       time.Time  `json:"since"`
	Queue       string     `json:"queue"`
	Customer    string     `json:"customer,omitempty"`
	OnHold      bool       `json:"onHold"`
	Until       *time.Time `json:"until,omitempty" doc:"End of the time for after-contact work"`
	Joined      *time.Time `json:"joined,omitempty" doc:"When the talk began"`
	Pop         *Pop       `json:"pop,omitempty" doc:"As with its offer. A live update of a contact leaves it out: what was known stays"`
	Transferred bool       `json:"transferred,omitempty" doc:"The agent has handed it over; only after-contact work is left"`
	Left        string     `json:"leftOffer,omitempty" doc:"With transferred: the offer by which the agent had it"`
	Transfer    *Transfer  `json:"transfer,omitempty" doc:"Set if another agent had it before"`

	Role       string      `json:"role" enum:"agent,consulted,party,supervisor" doc:"agent: has the contact"`
	Party      string      `json:"party,omitempty" doc:"Set if another agent has the contact"`
	Invitation *Invitation `json:"invitation,omitempty" doc:"Who asked, with party"`
	Parties    []Party     `json:"parties" doc:"Who takes part; none in after-contact work"`
	Consult    *Consult    `json:"consult,omitempty"`
	Channel    string      `json:"channel,omitempty" enum:"CHAT,EMAIL,TASK" doc:"Absent: a call. TASK: a message that a caller has left; hangup has done with it"`
}

// Me is the agent who asks.
type Me struct {
	ID           string              `json:"id"`
	Username     string              `json:"username"`
	Name         string              `json:"name"`
	Role         string              `json:"role"`
	Device       string              `json:"device" enum:"phone,softphone"`
	Profile      string              `json:"profile"`
	Status       Status              `json:"status"`
	Next         *Next               `json:"next,omitempty"`
	Statuses     []Choice            `json:"statuses" doc:"Custom statuses to choose from"`
	Dispositions map[string][]Choice `json:"dispositions" doc:"How a contact of a queue can end, by queue; * for all others"`
	Offers       []Offer             `json:"offers"`
	Contacts     []Current           `json:"contacts"`
	Notices      []Notice            `json:"notices" doc:"Messages of supervisors of the last 12 hours, at most 20, the latest last"`
}

// Versions are the versions of the items that a state was made of, under
// "agent/<id>", "contact/<id>", "left/<offer id>" and "queue/<id>".
type Versions map[string]int64

// Names of entities in versions and live updates.
const (
	EntityAgent   = "agent"
	EntityContact = "contact"
	EntityQueue   = "queue"
	EntityTalk    = "talk" // who takes part in a contact, named by the contact
	EntityLeft    = "left" // a segment that its agent has handed over, named by the offer
)

// Me reads the contacts that are bound to an agent as it was read.
func (v *Views) Me(ctx context.Context, who auth.Identity, a *agent.Agent) (*Me, Versions, error) {
	s, err := v.Settings(ctx, a.Tenant)
	if err != nil {
		return nil, nil, err
	}
	stands := StandingOf(a)
	me := &Me{ID: a.ID, Username: a.Username, Name: a.Name, Role: string(who.Role), Device: stands.Device, Profile: a.Profile,
		Status: stands.Status, Next: stands.Next, Statuses: s.Statuses, Dispositions: s.Dispositions, Offers: []Offer{}, Contacts: []Current{}}
	versions := Versions{EntityAgent + "/" + a.ID: a.Version}
	if me.Notices, err = v.notices(ctx, a.Tenant, a.Profile); err != nil {
		return nil, nil, err
	}
	for _, n := range me.Notices {
		versions[EntityNotice+"/"+n.ID] = 1
	}
	for offer, id := range a.Offers {
		c, err := v.router.Contact(ctx, a.Tenant, id)
		if err != nil {
			return nil, nil, err
		}
		if c.Offer != offer || c.OfferAgent != a.ID {
			left, err := v.router.Left(ctx, who.Tenant, id, offer)
			if err != nil {
				return nil, nil, err
			}
			if left == nil && c.Talk {
				if err := v.addTalk(ctx, who, c, me, versions); err != nil {
					return nil, nil, err
				}
				continue
			}
			if now, err := v.LeftPart(ctx, who, left); err != nil {
				return nil, nil, err
			} else if now != nil {
				me.Contacts = append(me.Contacts, *now)
				versions[EntityLeft+"/"+string(offer)] = left.Version
			}
			continue // else over; the slot is about to be freed
		}
		o, now, err := v.Part(ctx, who, c, true)
		if err != nil {
			return nil, nil, err
		}
		if o != nil {
			me.Offers = append(me.Offers, *o)
		}
		if now != nil {
			me.Contacts = append(me.Contacts, *now)
		}
		versions[EntityContact+"/"+string(id)] = c.Version
	}
	slices.SortFunc(me.Offers, func(a, b Offer) int { return cmp.Compare(a.Offer, b.Offer) })
	slices.SortFunc(me.Contacts, func(a, b Current) int { return cmp.Compare(a.Contact, b.Contact) })
	return me, versions, nil
}

// Part is a contact as its agent sees it: an offer, a contact that the agent has,
// or neither. The screen pop of an offer is always told, that of a contact only
// where it is asked for, as it costs two reads.
func (v *Views) Part(ctx context.Context, who auth.Identity, c *contact.Contact, pop bool) (*Offer, *Current, error) {
	switch c.State {
	case contact.Offered:
		p, t, err := v.told(ctx, who, c)
		return &Offer{string(c.Offer), string(c.ID), c.Queue, Shown(who, c.Customer), v.waited(c), c.Since.Add(time.Duration(c.RingSeconds) * time.Second), p, t, "", nil, channel(c)}, nil, err
	case contact.Connecting, contact.Connected, contact.Ended:
		now := &Current{Contact: string(c.ID), State: string(c.State), Since: c.Since, Queue: c.Queue, Customer: Shown(who, c.Customer),
			OnHold: !c.Hold.Since.IsZero(), Until: Maybe(c.ACWUntil), Joined: Maybe(c.AgentJoined), Role: RoleAgent, Parties: []Party{}, Channel: channel(c)}
		if err := v.addParties(ctx, who, c, now); err != nil {
			return nil, nil, err
		}
		var err error
		if pop {
			now.Pop, now.Transfer, err = v.told(ctx, who, c)
		} else {
			now.Transfer, err = v.transfer(ctx, c)
		}
		return nil, now, err
	}
	return nil, nil, nil
}

// channel is a contact's channel, "" for a call.
func channel(c *contact.Contact) string {
	if c.Channel == contact.Voice {
		return ""
	}
	return string(c.Channel)
}

// waited is how long a contact waited, or has waited so far, in seconds.
func (v *Views) waited(c *contact.Contact) int {
	until := c.Dequeued
	if until.IsZero() {
		until = v.now()
	}
	if c.Enqueued.IsZero() {
		return 0
	}
	return max(0, int(until.Sub(c.Enqueued)/time.Second)) // clocks of two machines may disagree
}

// StandingOf returns how an agent stands.
func StandingOf(a *agent.Agent) Standing {
	s := Standing{Status: Status{StatusWord(a.State), a.Status, a.Since}, Device: string(cmp.Or(a.Device.Kind, agent.Softphone))}
	if a.NextState != "" {
		s.Next = &Next{StatusWord(a.NextState), a.NextStatus}
	}
	return s
}

// StatusWord names an agent's state outside.
func StatusWord(s agent.State) string {
	switch s {
	case agent.Available:
		return "available"
	case agent.Away:
		return "custom"
	case agent.Missed:
		return "missed"
	}
	return "offline"
}

// Shown is a number as the identity may see it.
func Shown(who auth.Identity, n phone.Number) string {
	if who.May(auth.ViewNumbers) {
		return n.Full()
	}
	return n.Masked()
}

// Maybe is a time, nil for none.
func Maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Take copies the version of an entity from others, if they have it.
func (v Versions) Take(from Versions, entity, id string) {
	if n, ok := from[entity+"/"+id]; ok {
		v[entity+"/"+id] = n
	}
}

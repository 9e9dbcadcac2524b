package view

import (
	"cmp"
	"context"
	"time"

	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Party is one who takes part in a contact.
type Party struct {
	ID    string    `json:"id" doc:"Names it in commands; customer for the customer"`
	Kind  string    `json:"kind" enum:"customer,agent,number,supervisor"`
	Name  string    `json:"name,omitempty" doc:"Of an agent; a number masked unless the role may see it; absent of oneself"`
	Mode  string    `json:"mode" enum:"ringing,talk,hold,listen,whisper,barge"`
	Since time.Time `json:"since"`
	Me    bool      `json:"me,omitempty"`
}

// Consult is a consult that is under way.
type Consult struct {
	Party string `json:"party" doc:"Who is consulted"`
	State string `json:"state" enum:"ringing,talking,customer" doc:"talking: with the consulted; customer: with the customer, the consulted is on hold"`
}

// Invitation says who asks an agent to take part in a contact.
type Invitation struct {
	From   string `json:"from" doc:"Name of the agent who has the contact"`
	Reason string `json:"reason" enum:"consult,supervise"`
}

// Roles of an agent in a contact.
const (
	RoleAgent      = "agent"      // has it
	RoleConsulted  = "consulted"  // is asked for help
	RoleParty      = "party"      // talks in the conference
	RoleSupervisor = "supervisor" // listens, whispers or talks
)

// Talk is what a change of a talk changes for one agent: for who has the contact
// the parties, for another who takes part an offer or a contact.
type Talk struct {
	Parties []Party  `json:"parties"`
	Consult *Consult `json:"consult,omitempty"`
	Offer   *Offer   `json:"offer,omitempty"`
	Contact *Current `json:"contact,omitempty"`
}

// TalkOf returns what one agent sees of a talk; nil if it has no part in it.
func (v *Views) TalkOf(ctx context.Context, who auth.Identity, c *contact.Contact, t *contact.Talk, pop bool) (*Talk, error) {
	parties, err := v.parties(ctx, who, c, t)
	if err != nil {
		return nil, err
	}
	out := &Talk{Parties: parties, Consult: consultOf(t)}
	if c.OfferAgent == who.Agent {
		return out, nil
	}
	for _, p := range t.Parties {
		if p.Agent == who.Agent {
			out.Offer, out.Contact, err = v.partyPart(ctx, who, c, t, p, pop)
			return out, err
		}
	}
	return nil, nil
}

// partyPart is a contact as one sees it who takes part without having it.
func (v *Views) partyPart(ctx context.Context, who auth.Identity, c *contact.Contact, t *contact.Talk, p contact.Party, pop bool) (*Offer, *Current, error) {
	from, err := v.name(ctx, c.Tenant, c.OfferAgent)
	if err != nil {
		return nil, nil, err
	}
	role, invited := RoleParty, &Invitation{From: from, Reason: "consult"}
	switch {
	case p.Kind == contact.Supervisor:
		role, invited.Reason = RoleSupervisor, "supervise"
	case p.ID == t.Consult:
		role = RoleConsulted
	}
	var told *Pop
	if pop || p.State == contact.PartyOffered {
		if told, err = v.pop(ctx, who, c); err != nil {
			return nil, nil, err
		}
	}
	if p.State == contact.PartyOffered && p.Kind != contact.Supervisor {
		return &Offer{Offer: string(p.ID), Contact: string(c.ID), Queue: c.Queue, Customer: Shown(who, c.Customer),
			Until: p.Since.Add(contact.RingSeconds * time.Second), Pop: told, Party: string(p.ID), Invitation: invited}, nil, nil
	}
	state := contact.Connecting
	if p.State == contact.PartyTalking {
		state = contact.Connected
	}
	parties, err := v.parties(ctx, who, c, t)
	return nil, &Current{Contact: string(c.ID), State: string(state), Since: p.Since, Queue: c.Queue, Customer: Shown(who, c.Customer),
		OnHold: !c.Hold.Since.IsZero(), Joined: Maybe(p.Joined), Pop: told, Role: role, Party: string(p.ID), Invitation: invited, Parties: parties}, err
}

// parties lists who takes part: the customer, the agent, and the others.
func (v *Views) parties(ctx context.Context, who auth.Identity, c *contact.Contact, t *contact.Talk) ([]Party, error) {
	all := []Party{{ID: "customer", Kind: "customer", Name: Shown(who, c.Customer), Mode: "talk", Since: cmp.Or(c.AgentJoined, c.Since)}}
	if !c.Hold.Since.IsZero() {
		all[0].Mode, all[0].Since = "hold", c.Hold.Since
	}
	add := func(p Party, agent string) (err error) {
		if p.Me = agent != "" && agent == who.Agent; !p.Me && agent != "" {
			p.Name, err = v.name(ctx, c.Tenant, agent)
		}
		all = append(all, p)
		return err
	}
	agent := Party{ID: string(c.Offer), Kind: "agent", Mode: "talk", Since: cmp.Or(c.AgentJoined, c.Since)}
	if !c.Dial.IsZero() {
		agent.Kind, agent.Name = "number", Shown(who, c.Dial)
	}
	if err := add(agent, c.OfferAgent); err != nil {
		return nil, err
	}
	for _, p := range t.Parties {
		one := Party{ID: string(p.ID), Kind: string(p.Kind), Mode: string(p.Mode), Since: p.Since}
		switch {
		case p.State != contact.PartyTalking:
			one.Mode = "ringing"
		case p.ID == t.Consult && t.Aside:
			one.Mode = "talk"
		case p.ID == t.Consult:
			one.Mode = "hold"
		}
		if p.Kind == contact.NumberParty {
			one.Name = Shown(who, p.Dial)
		}
		if err := add(one, p.Agent); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addParties tells who takes part in a contact that an agent has.
func (v *Views) addParties(ctx context.Context, who auth.Identity, c *contact.Contact, now *Current) error {
	if c.State == contact.Ended {
		return nil
	}
	t, err := v.router.Talk(ctx, c)
	if err != nil {
		return err
	}
	now.Parties, err = v.parties(ctx, who, c, t)
	now.Consult = consultOf(t)
	return err
}

// addTalk adds a contact in which an agent takes part without having it.
func (v *Views) addTalk(ctx context.Context, who auth.Identity, c *contact.Contact, me *Me, versions Versions) error {
	t, err := v.router.Talk(ctx, c)
	if err != nil {
		return err
	}
	versions[EntityTalk+"/"+string(c.ID)] = t.Version
	seen, err := v.TalkOf(ctx, who, c, t, true)
	if err != nil || seen == nil {
		return err
	}
	if seen.Offer != nil {
		me.Offers = append(me.Offers, *seen.Offer)
	}
	if seen.Contact != nil {
		me.Contacts = append(me.Contacts, *seen.Contact)
	}
	return nil
}

func consultOf(t *contact.Talk) *Consult {
	p := t.Party(t.Consult)
	switch {
	case p == nil:
		return nil
	case p.State != contact.PartyTalking:
		return &Consult{string(p.ID), "ringing"}
	case t.Aside:
		return &Consult{string(p.ID), "talking"}
	}
	return &Consult{string(p.ID), "customer"}
}

// Contact reads a contact; nil if it is gone.
func (v *Views) Contact(ctx context.Context, tenant string, id contact.ID) (*contact.Contact, error) {
	c, err := v.router.Contact(ctx, tenant, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return c, err
}

package sim

import (
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

// plan is what a caller's agent does besides talking.
type plan struct {
	talked bool // it has one
	talk   func(*person, contact.ID)
	moves  bool // a supervisor moves the caller to another queue
}

// outsider is the number that agents consult and transfer to.
const outsider = "+8613900139000"

// somePlan is one by chance; most callers have none.
func (w *World) somePlan() plan {
	all := []func(*person, contact.ID){
		(*person).transfersToAgent, (*person).transfersToQueue, (*person).transfersToNumber,
		(*person).isWatched, (*person).isWatched,
		(*person).consults, (*person).consults, (*person).consults, (*person).consults,
	}
	n := w.rand.IntN(3 * len(all))
	p := plan{moves: w.rand.IntN(12) == 0}
	if n < len(all) {
		p.talked, p.talk = true, all[n]
	}
	return p
}

// press does a command of the agent who talks with a customer, again until it is
// done or over. The second time it is the very same command: the desk does not
// know that the first was heard.
func (p *person) press(id contact.ID, do func(desk *acd.Router, c *contact.Contact) error) {
	var seen *contact.Contact
	p.act(func() error {
		desk := p.w.machine().desk
		if seen == nil {
			c, err := desk.Contact(p.w.ctx, Tenant, id)
			if err != nil {
				return err
			}
			if c.State != contact.Connected || c.OfferAgent != p.id {
				return nil
			}
			seen = c
		}
		err := do(desk, seen)
		if isOver(err) {
			return nil
		}
		return err
	})
}

// other is another agent by chance.
func (p *person) other() *person {
	w := p.w
	for n := w.rand.IntN(len(w.agents)); ; n = (n + 1) % len(w.agents) {
		if w.agents[n] != p || len(w.agents) == 1 {
			return w.agents[n]
		}
	}
}

func (p *person) transfersToAgent(id contact.ID) {
	to := p.other().id
	p.press(id, func(desk *acd.Router, c *contact.Contact) error {
		_, err := desk.TransferToAgent(p.w.invoked("desk TransferToAgent"), c, to)
		return err
	})
}

func (p *person) transfersToQueue(id contact.ID) {
	p.transfersTo(id, []string{"loans", "cards"}[p.w.rand.IntN(2)])
}

func (p *person) transfersToLoans(id contact.ID) { p.transfersTo(id, "loans") }

func (p *person) transfersTo(id contact.ID, to string) {
	p.press(id, func(desk *acd.Router, c *contact.Contact) error {
		_, err := desk.TransferToQueue(p.w.invoked("desk TransferToQueue"), c, to)
		return err
	})
}

func (p *person) transfersToNumber(id contact.ID) {
	p.press(id, func(desk *acd.Router, c *contact.Contact) error {
		_, err := desk.TransferToNumber(p.w.invoked("desk TransferToNumber"), c, phone.MustParse(outsider))
		return err
	})
}

// consults asks somebody, and then does by chance what can be done with a consult.
func (p *person) consults(id contact.ID) {
	w := p.w
	ask := w.rand.IntN(6)
	to := p.other().id
	p.press(id, func(desk *acd.Router, c *contact.Contact) (err error) {
		ctx := w.invoked("desk Consult")
		switch ask {
		case 0:
			_, _, err = desk.ConsultNumber(ctx, c, phone.MustParse(outsider))
		case 1:
			_, _, err = desk.ConsultQueue(ctx, c, "loans")
		default:
			_, _, err = desk.Consult(ctx, c, to)
		}
		return err
	})
	then := [][]consultStep{{completes}, {completes}, {cancels}, {joins}, {swaps, completes}, {swaps, swaps, joins}, {joins, leaves}}[w.rand.IntN(7)]
	at := time.Duration(0)
	for _, step := range then {
		at += w.between(2*time.Second, 15*time.Second)
		w.after(at, func() { p.press(id, func(desk *acd.Router, c *contact.Contact) error { return step(w, desk, c) }) })
	}
}

// scripted lets an agent consult another agent, and do one thing after the other.
func scripted(then ...consultStep) func(*person, contact.ID) {
	return func(p *person, id contact.ID) {
		w, to := p.w, p.other().id
		p.press(id, func(desk *acd.Router, c *contact.Contact) error {
			_, _, err := desk.Consult(w.invoked("desk Consult"), c, to)
			return err
		})
		for n, step := range then {
			w.after(time.Duration(8+3*n)*time.Second, func() { p.press(id, func(desk *acd.Router, c *contact.Contact) error { return step(w, desk, c) }) })
		}
	}
}

// consultStep is a command of an agent who consults.
type consultStep func(*World, *acd.Router, *contact.Contact) error

func completes(w *World, desk *acd.Router, c *contact.Contact) error {
	_, _, err := desk.CompleteConsult(w.invoked("desk CompleteConsult"), c)
	return err
}

func cancels(w *World, desk *acd.Router, c *contact.Contact) error {
	_, _, err := desk.CancelConsult(w.invoked("desk CancelConsult"), c)
	return err
}

func joins(w *World, desk *acd.Router, c *contact.Contact) error {
	_, _, err := desk.JoinConsult(w.invoked("desk JoinConsult"), c)
	return err
}

func swaps(w *World, desk *acd.Router, c *contact.Contact) error {
	_, _, err := desk.SwapConsult(w.invoked("desk SwapConsult"), c)
	return err
}

func leaves(w *World, desk *acd.Router, c *contact.Contact) error {
	_, _, err := desk.LeaveTalk(w.invoked("desk LeaveTalk"), c)
	return err
}

// isWatched lets another one listen, perhaps speak, and take over or go again.
func (p *person) isWatched(id contact.ID) {
	p.watched(id, [][]acd.Supervision{{listen, ""}, {listen, barge, ""}, {whisper, acd.TakeOver}, {acd.TakeOver}}[p.w.rand.IntN(4)])
}

func (p *person) isTakenOver(id contact.ID) { p.watched(id, []acd.Supervision{listen, acd.TakeOver}) }

func (p *person) watched(id contact.ID, hows []acd.Supervision) {
	w, who := p.w, p.other()
	if who == p {
		return
	}
	if who.watches == nil {
		who.watches = map[contact.ID]bool{}
	}
	who.watches[id] = true
	as := func(how acd.Supervision) {
		who.act(func() error {
			desk := w.machine().desk
			c, err := desk.Contact(w.ctx, Tenant, id)
			if err != nil || c.State != contact.Connected {
				return err
			}
			ctx := w.invoked("desk Supervise")
			if how == "" {
				_, _, err = desk.StopSupervising(ctx, c, who.id)
			} else {
				_, _, err = desk.Supervise(ctx, c, who.id, how)
			}
			if isOver(err) {
				return nil
			}
			return err
		})
	}
	at := time.Duration(0)
	for _, how := range hows {
		w.after(at, func() { as(how) })
		at += w.between(2*time.Second, 15*time.Second)
	}
}

const (
	listen  = acd.Supervision(contact.ModeListen)
	whisper = acd.Supervision(contact.ModeWhisper)
	barge   = acd.Supervision(contact.ModeBarge)
)

// finishes ends after-contact work of a segment that the agent has left.
func (p *person) finishes(left *contact.Contact) {
	if p.finish == 0 {
		return
	}
	p.w.after(p.finish, func() {
		p.act(func() error {
			_, err := p.w.machine().desk.FinishLeft(p.w.invoked("desk FinishLeft"), left, "resolved")
			if isOver(err) {
				return nil
			}
			return err
		})
	})
}

// moves lets a supervisor move a caller who waits to the other queue.
func (c *caller) moves() {
	w := c.w
	to := map[bool]string{true: "loans", false: "cards"}[c.dials == cardsNumber]
	if w.dead {
		return
	}
	desk := w.machine().desk
	con, err := desk.Contact(w.ctx, Tenant, contact.ID(c.id))
	if err == nil {
		_, _ = desk.MoveToQueue(w.invoked("desk MoveToQueue"), con, to)
	}
}

// mayEnd reports whether a contact may have ended otherwise than its call shows:
// whose number it was that left last is not for the relay to say, nor whether the
// queue had given it up when the process died.
func (c *caller) mayEnd(con *contact.Contact) bool {
	if con.Reason == contact.QueueDeleted || con.Reason == contact.QueueTimeout {
		return (c.why == contact.FlowEnded || c.why == contact.RelayLost && c.w.deaths > 0) && (c.dials == oldNumber || c.dials == goldNumber)
	}
	return c.plan.talked && con.Reason == contact.ThirdParty && c.why == contact.AgentLeft ||
		c.plan.talked && con.Reason == contact.AgentLeft && c.why == contact.ThirdParty
}

// adopt makes a caller of somebody who is called back: the relay learns of the
// call when it is placed.
func (w *World) adopt(c *contact.Contact) {
	w.callers[string(c.ID)] = &caller{w: w, id: string(c.ID), patience: 5 * time.Minute, talks: w.between(time.Second, time.Minute), anyReason: true}
}

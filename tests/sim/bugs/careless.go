package bugs

// careless returns what is easily forgotten in a function.
func careless() []Bug {
	return []Bug{
		{Name: "an accept does not name its offer", Run: vanish, Seeds: 60, Caught: "I-3", Edits: []Edit{
			{"shared/acd/waiting.go", `if c.Offer != offer || offer == "" || Over(c) {`, `if offer == "" || Over(c) {`},
		}},
		{Name: "a slot is freed by whoever asks", Run: repeated, Seeds: 60, Caught: "I-2", Edits: []Edit{
			{"shared/agent/agent.go", `	if _, held := a.Offers[o]; !held {
		return false
	}
`, ``},
		}},
		{Name: "a record is put over another", Run: histories, Caught: "no order explains", Edits: []Edit{
			{"shared/contact/record.go", `		If:  []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}},
		Put: r.Item(),`, `		Put: r.Item(),`},
		}},
		{Name: "an offer has the relay's timer only", Run: timers, Seeds: 40, Caught: "I-9", Edits: []Edit{
			{"shared/acd/change.go", `r.arm(ctx, timerOf(c, TimerOffer), ring+ringGrace), `, ``},
		}},
		{Name: "a timer ends the offer that stands, not its own", Run: timers, Seeds: 60, Caught: "I-9", Edits: []Edit{
			{"shared/acd/timer.go", `if err != nil || t.void(c) || c.Offer != t.Offer {`, `if err != nil {`},
			{"shared/acd/timer.go", `	case t.Kind == TimerOffer && c.State == contact.Offered:
		if r.early(c, t) {`, `	case t.Kind == TimerOffer && c.State == contact.Offered:
		t.Offer = c.Offer
		if t.Again > 99 {`},
		}},
		{Name: "who was offered in vain goes to the end", Run: fair, Seeds: 20, Caught: "I-5", Quick: true, Edits: []Edit{
			{"shared/contact/contact.go", `	c.Offer, c.OfferAgent, c.AgentLeg, c.RingSeconds = "", "", "", 0`, `	c.Rank += "9"
	c.Offer, c.OfferAgent, c.AgentLeg, c.RingSeconds = "", "", "", 0`},
		}},
		{Name: "the last one who came is served first", Run: fair, Seeds: 20, Caught: "I-5", Edits: []Edit{
			{"shared/acd/pool.go", `strings.Compare(a.Rank, b.Rank)`, `strings.Compare(b.Rank, a.Rank)`},
		}},
		{Name: "a webhook is done although the CRM refused it", Run: fair, Seeds: 40, Caught: "I-10", Edits: []Edit{
			{"shared/crm/attempt.go", `took := err == nil && status >= 200 && status < 300`, `took := err == nil`},
		}},
		{Name: "a lost answer is believed to be a lost race", Run: lost, Seeds: 300, Caught: "I-[0-9]", Edits: []Edit{
			{"shared/acd/acd.go", `	case fault.Throttled, fault.Timeout, fault.Unavailable:`, `	case fault.Throttled, fault.Unavailable:`},
		}},
	}
}

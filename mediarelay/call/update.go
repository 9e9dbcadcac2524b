package call

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/sma"
)

// update asks the function about a command that is of use until a time, unless it
// was seen before: a queue delivers more than once.
func (c *call) update(u sma.Update, until time.Time) {
	if c.ending != "" || c.fallback || c.left() == 0 {
		c.calls.count.dropped.Add(1)
		c.log.Info("command dropped: the call is ending", "verb", u.Arguments[sma.ArgVerb])
		return
	}
	key := once(u)
	if c.seen[key] {
		c.calls.count.repeated.Add(1)
		c.log.Debug("command dropped: seen before", "verb", u.Arguments[sma.ArgVerb])
		return
	}
	c.seen[key] = true
	c.ask(&ask{
		kind: sma.CallUpdateRequested, about: c.caller(), update: &u, until: until,
		data: &sma.ActionData{Type: (&sma.CallUpdateRequest{}).ActionType(), Parameters: &sma.CallUpdateRequest{Arguments: u.Arguments}},
	})
}

// once names what must happen only once: an offer is rung, cancelled and
// connected once each; any other command is the same only if it is the very
// same message.
func once(u sma.Update) string {
	verb, offer := u.Arguments[sma.ArgVerb], u.Arguments[sma.ArgOfferID]
	switch verb {
	case sma.VerbRing, sma.VerbUnring, sma.VerbConnect:
		if offer != "" {
			return verb + " " + offer
		}
	}
	return strings.Join([]string{verb, offer, strconv.FormatInt(u.Sequence, 10), u.ID}, " ")
}

// afterUpdate carries an unring out that the function left to the relay: an
// offer that was withdrawn must not ring on.
func (c *call) afterUpdate(a *ask) {
	if a.update == nil || a.update.Arguments[sma.ArgVerb] != sma.VerbUnring {
		return
	}
	for _, r := range slices.Clone(c.rings) {
		if r.options.OfferID == a.update.Arguments[sma.ArgOfferID] && r.options.OfferID != "" {
			r.cancel()
			r.step.failWith(sma.CallNotAnswered, "the offer was withdrawn", r.step.offer)
		}
	}
	if s := c.running; s != nil {
		if p, ok := s.action.Parameters.(*sma.CallAndBridge); ok && p.Huawu != nil && p.Huawu.OfferID == a.update.Arguments[sma.ArgOfferID] {
			c.cut(s)
			s.failWith(sma.CallNotAnswered, "the offer was withdrawn", s.offer)
		}
	}
}

// offer puts the offer of a CallAndBridge into its result.
func (s *step) offer(d *sma.ActionData) {
	if p, ok := s.action.Parameters.(*sma.CallAndBridge); ok && p.Huawu != nil {
		d.Huawu = &sma.Outcome{OfferID: p.Huawu.OfferID}
	}
}

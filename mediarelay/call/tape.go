package call

import (
	"slices"

	"huawu/shared/sma"
)

// tape is a recording of a call as one leg hears it: channel 0 is the leg,
// channel 1 whoever it talks with, all of them together where they are several.
// What others say that the leg does not hear, such as a whisper, is not in it.
type tape struct {
	run      Recording
	owner    *party
	incoming bool   // the leg itself is recorded
	outgoing bool   // whom it hears is
	own      bool   // the leg feeds channel 0 now
	partner  *party // who feeds channel 1 now …
	mix      bool   // … or the sum of several does
}

// startTape begins a recording. There is one per leg, as a port has one tap.
func (c *call) startTape(p *party, spec RecordingSpec, incoming, outgoing bool) error {
	spec.Tenant, spec.ContactID, spec.CallID, spec.Segment = c.in.Tenant, c.id, p.id, c.segments
	run, err := c.calls.cfg.Recorders.Start(spec)
	if err != nil {
		return err
	}
	c.segments++
	p.recording = &tape{run: run, owner: p, incoming: incoming, outgoing: outgoing}
	c.retape()
	return nil
}

// retape lets recorded legs feed the first channel, and whom they hear the
// second; a leg that types something secret feeds none.
func (c *call) retape() {
	for _, p := range c.parties {
		t := p.recording
		if t == nil || p.ended {
			continue
		}
		if own := t.incoming && !p.secret; own != t.own {
			if t.own = own; own {
				p.audio.Tap(t.run.Tap(), 0)
			} else {
				p.audio.Tap(nil, 0)
			}
		}
		if t.outgoing {
			t.feed(p)
		}
	}
}

// feed brings the second channel of p's recording to what p hears.
func (t *tape) feed(p *party) {
	partner, mix := p.mate, p.mate == nil && len(p.hears) > 0
	if slices.ContainsFunc(p.hears, func(q *party) bool { return q.secret }) {
		partner, mix = nil, false
	}
	if t.partner == partner && t.mix == mix {
		return
	}
	t.unfeed(p)
	if t.partner, t.mix = partner, mix; mix {
		p.audio.TapHeard(t.run.Tap(), 1)
	} else if partner != nil && partner.recording == nil {
		partner.audio.Tap(t.run.Tap(), 1)
	}
}

// unfeed ends what feeds the second channel of p's recording.
func (t *tape) unfeed(p *party) {
	if other := t.partner; other != nil && !other.ended && other.recording == nil {
		other.audio.Tap(nil, 1)
	}
	if t.mix && !p.ended {
		p.audio.TapHeard(nil, 1)
	}
	t.partner, t.mix = nil, false
}

// taped reports whether a leg's audio goes into a recording already.
func (c *call) taped(p *party) bool {
	return p.recording != nil || slices.ContainsFunc(c.parties, func(q *party) bool {
		return q.recording != nil && q.recording.outgoing && slices.Contains(q.hears, p)
	})
}

// endTape ends the recording of a leg and returns where it will be found.
func (c *call) endTape(p *party) string {
	for _, other := range c.parties { // it may feed another's second channel
		if t := other.recording; t != nil && t.partner == p {
			t.partner = nil
			if !p.ended {
				p.audio.Tap(nil, 1)
			}
		}
	}
	t := p.recording
	if t == nil {
		return ""
	}
	p.recording = nil
	if !p.ended {
		p.audio.Tap(nil, 0)
	}
	t.unfeed(p)
	t.run.Stop()
	if !p.ended {
		c.retape()
	}
	return t.run.Object()
}

// bucketOf is the bucket of a destination "bucket/prefix", to name where a
// recording was to go; it goes where the relay's own recordings are kept.
func bucketOf(d sma.Destination) string {
	for i := range len(d.Location) {
		if d.Location[i] == '/' {
			return d.Location[:i]
		}
	}
	return d.Location
}

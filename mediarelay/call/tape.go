package call

import "huawu/shared/sma"

// tape is a recording of a call as one leg hears it: channel 0 is the leg,
// channel 1 whoever it talks with.
type tape struct {
	run      Recording
	owner    *party
	incoming bool   // the leg itself is recorded
	outgoing bool   // its partner is
	partner  *party // who feeds channel 1 now
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
	if incoming {
		p.audio.Tap(run.Tap(), 0)
	}
	c.retape()
	return nil
}

// retape lets the partners of recorded legs feed the second channel.
func (c *call) retape() {
	for _, p := range c.parties {
		t := p.recording
		if t == nil || !t.outgoing {
			continue
		}
		now := c.partner(p)
		if now == t.partner {
			continue
		}
		if t.partner != nil && !t.partner.ended && t.partner.recording == nil {
			t.partner.audio.Tap(nil, 1)
		}
		if t.partner = now; now != nil && now.recording == nil {
			now.audio.Tap(t.run.Tap(), 1)
		}
	}
}

// taped reports whether a leg's audio goes into a recording already.
func (c *call) taped(p *party) bool {
	if p.recording != nil {
		return true
	}
	other := c.partner(p)
	return other != nil && other.recording != nil && other.recording.outgoing
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
	if t.partner != nil && !t.partner.ended {
		t.partner.audio.Tap(nil, 1)
	}
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

package media

import (
	"slices"

	"huawu/mediarelay/media/g711"
	"huawu/shared/fault"
)

// MaxSources is how many parties one party can hear at once.
const MaxSources = 16

// Hear lets the port's party hear the sum of what others' parties say, and not
// itself, in place of a bridge and of what plays. Without sources it hears
// silence. Each port has its own sources, so who hears whom is any matrix:
// conference, listening, whispering. All ports must be of one call
// (PortOptions.CallID); two that hear only each other are cheaper as a Bridge.
// The digits of a party are not passed on in a mix.
func (p *Port) Hear(sources ...*Port) error {
	list := make([]*Port, 0, len(sources))
	for _, s := range sources {
		if s == p || slices.Contains(list, s) {
			continue
		}
		if s.w != p.w {
			return fault.New(fault.Invalid, "media: ports of two calls are not mixed")
		}
		list = append(list, s)
	}
	if len(list) > MaxSources {
		return fault.New(fault.Invalid, "media: %d parties to be heard at once, at most %d can", len(list), MaxSources)
	}
	p.w.post(func() { p.hear(list) })
	return nil
}

// TapHeard copies what the party hears of others in a mix, Hear's sum, to
// channel of t from now on, also while something plays to the party. nil ends
// it. A port in a bridge has nothing to copy: there its partner is tapped.
func (p *Port) TapHeard(t *Tap, channel int) {
	r := t.ring(channel)
	p.w.post(func() { p.mix.tap, p.mix.fresh = r, true })
}

// mixing is the part of a port that hears a mix.
type mixing struct {
	sources []*Port
	left    *Port // whose bridge with this one has just ended
	gain    int32 // of the limiter, in parts of unity
	tap     *tapRing
	fresh   bool
}

const (
	unity     = 1 << 11
	loudest   = 32000 // a sum above it is turned down, not cut off
	regain    = 32    // of unity, that is won back in a frame: 1.3 s for all
	attack    = 32    // samples in which it is turned down
	maxSample = 32767
)

// hear is Hear on the worker.
func (p *Port) hear(sources []*Port) {
	if p.closed {
		return
	}
	before := p.mix.sources
	var bridged *Port
	if len(sources) > 0 {
		bridged = p.bridge
		if bridged == nil { // the other side may have been told first
			bridged = p.mix.left
		}
		p.player.clear()
	}
	for _, s := range sources { // first, so that a voice that goes on being heard is kept
		if s.voice == nil {
			s.voice = &voice{}
		}
		s.voice.ears++
	}
	for _, s := range before {
		s.deafen()
	}
	p.mix.sources, p.mix.left = sources, nil
	if len(before) == 0 {
		p.mix.gain, p.mix.fresh = unity, true
	}
	if len(sources) == 0 {
		if len(before) > 0 {
			p.resume()
		}
		return
	}
	p.leaveBridge()
	switch {
	case len(before) > 0:
	case bridged != nil && slices.Contains(sources, bridged) && p.out.started && !p.out.filled:
		// Its next packet will come in a frame's time and is heard a little later.
		// The party gets it then, without a hole in between.
		at := p.out.sentAt + 2*p.frameTime() + delayFor(bridged.in.jitter>>4)*int64(sampleTime(1))
		p.w.due[p.slot] = max(p.w.now, at)
	default:
		p.resume()
	}
}

// leaveBridge ends the bridge that the port is in, on both sides.
func (p *Port) leaveBridge() {
	old := p.bridge
	if old == nil {
		return
	}
	p.bridge, p.out.anchored, p.mix.left = nil, false, nil
	if old.w == p.w {
		old.part(p)
	} else {
		old.w.post(func() { old.part(p) })
	}
}

// deafen counts one party less that hears this one.
func (p *Port) deafen() {
	if p.voice == nil {
		return
	}
	if p.voice.ears--; p.voice.ears == 0 {
		p.voice = nil
	}
}

// speak takes a packet of the party for those who hear it in a mix.
func (p *Port) speak(k *packet) {
	p.voice.put(k, sampleAt(p.w.now), p.in.jitter>>4)
}

// sampleAt is the worker's clock in samples, so long after its beginning that no
// place of a voice is before it.
func sampleAt(now int64) int64 { return now/int64(sampleTime(1)) + 2*voiceLen }

// mixFrame puts the sum of the sources into b, the frame that is due, and
// reports whether there was any: who stopped sending says nothing.
func (p *Port) mixFrame(b []byte) bool {
	sum := p.w.sum[:len(b)]
	clear(sum)
	to := sampleAt(p.w.due[p.slot])
	heard := false
	for _, s := range p.mix.sources {
		if v := s.voice; v != nil && !s.closed && v.add(sum, to-int64(len(sum))) {
			heard = true
		}
	}
	p.w.count.Mixed++
	if !heard {
		p.mix.gain = unity
		return false
	}
	p.mix.limit(sum)
	if p.remote.Law == PCMA {
		for i, s := range sum {
			b[i] = g711.EncodeA(int16(s))
		}
	} else {
		for i, s := range sum {
			b[i] = g711.EncodeMu(int16(s))
		}
	}
	if p.mix.tap != nil {
		p.mix.tap.put(p.w.clock.unixNano(p.w.now), p.out.next, p.remote.Law, p.mix.fresh, b)
		p.mix.fresh = false
	}
	return true
}

// limit turns a sum down that is louder than a sample can be, at once, and up
// again by and by: several who talk at once are heard without distortion.
func (m *mixing) limit(sum []int32) {
	peak := int32(0)
	for _, s := range sum {
		peak = max(peak, s, -s)
	}
	if peak <= loudest && m.gain == unity {
		return
	}
	want := min(int32(unity), m.gain+regain)
	if peak > 0 {
		want = min(want, int32(int64(loudest)*unity/int64(peak)))
	}
	from, over := m.gain, int32(len(sum))
	if want < from {
		over = min(over, attack)
	}
	for i, s := range sum {
		g := want
		if n := int32(i); n < over {
			g = from + (want-from)*n/over
		}
		sum[i] = int32(max(-maxSample, min(maxSample, int64(s)*int64(g)/unity)))
	}
	m.gain = want
}

package media

import "huawu/mediarelay/media/g711"

// Lengths in samples at 8 kHz.
const (
	voiceLen   = 4096 // of what a party said last: 512 ms; a power of two
	minDelay   = 80   // 10 ms: packets of an even stream are always in time
	maxDelay   = 1280 // 160 ms
	voiceAhead = 2400 // a stream that is so far off was restarted
	lateRow    = 3    // packets in a row that came too late: the delay has grown
	voiceCheck = 100  // packets after which the delay is looked at
	seam       = 32   // samples in which one piece goes over into another
)

// voice is what a party says while others hear it in a mix: decoded, and in its
// place on the worker's clock, of which sample n is n/8000 s. It is the party's
// jitter buffer: audio is placed a little later than it came, so that what is
// late is still in time, and what is lost is made up (see conceal). It has one
// place for each party however many hear it. The worker owns it.
type voice struct {
	ears int // parties that hear it
	pcm  [voiceLen]int16
	end  int64 // the place after the last sample, made up or not
	real int64 // … that was received
	on   bool  // a stream has begun

	ssrc, ts uint32 // this timestamp …
	place    int64  // … has this place
	least    int64  // least slack of packets since the last check
	late     int    // packets of these that came too late
	row      int    // … in a row
	seen     int

	start  int64 // where the sound to be made up begins …
	period int64 // … and how long it is: the pitch of the voice
	clock  int64 // when the last packet came …
	tuned  int64 // … and when the pitch was looked for
}

// put takes a packet that came at now. jitter is the stream's, in samples.
func (v *voice) put(k *packet, now, jitter int64) {
	v.clock = now
	at := v.place + int64(int32(k.ts-v.ts))
	slack := at - now
	switch {
	case !v.on || k.ssrc != v.ssrc || slack > voiceAhead || slack < -voiceAhead:
		at = v.move(now + delayFor(jitter))
	case slack >= 0:
		v.row = 0
	default:
		v.late++
		if v.row++; v.row >= lateRow {
			at = v.move(now + delayFor(jitter))
		}
	}
	if v.seen++; v.seen == 1 || at-now < v.least {
		v.least = at - now
	}
	if v.seen >= voiceCheck {
		at = v.adapt(at, now, jitter)
	}
	v.on, v.ssrc, v.ts, v.place = true, k.ssrc, k.ts, at
	v.write(at, k.payload(), k.law())
}

// delayFor is how much later than they come packets are placed.
func delayFor(jitter int64) int64 { return min(minDelay+3*jitter, maxDelay) }

// move sets the stream's place anew, over what is there from then on.
func (v *voice) move(at int64) int64 {
	v.seen, v.late, v.row = 0, 0, 0
	v.end = min(v.end, at+seam)
	v.real = min(v.real, v.end)
	return at
}

// adapt gives the stream more room when packets were late, and takes some back
// that was not used: clocks differ, and nobody wants to talk over a satellite.
func (v *voice) adapt(at, now, jitter int64) int64 {
	least, late := v.least, v.late
	v.seen, v.late = 0, 0
	switch {
	case late > voiceCheck/50 && at-now < maxDelay:
		return v.move(min(at-least, now+maxDelay))
	case least > delayFor(jitter)+160:
		return v.move(at - (least - delayFor(jitter)))
	}
	return at
}

// write decodes a payload to its place.
func (v *voice) write(at int64, payload []byte, law Law) {
	end := at + int64(len(payload))
	if end <= v.end-voiceLen {
		return
	}
	if at > v.end { // a hole: loss, silence that was not sent, or a new stream
		v.conceal(at)
		for n := max(v.end, at-voiceLen); n < at; n++ {
			v.pcm[n%voiceLen] = 0
		}
		v.end = at
	}
	if v.end > v.real && v.end-at < seam { // what was made up goes on a little under what is true
		v.conceal(at + seam)
	}
	for i, c := range payload {
		s := int32(g711.DecodeMu(c))
		if law == PCMA {
			s = int32(g711.DecodeA(c))
		}
		p := &v.pcm[(at+int64(i))%voiceLen]
		if i < seam && at+int64(i) < v.end {
			s = (int32(*p)*int32(seam-i) + s*int32(i)) / seam
		}
		*p = int16(s)
	}
	v.end, v.real = max(v.end, end), max(v.real, end)
}

// add adds what the party says from a place on to sum, and reports whether
// there was anything.
func (v *voice) add(sum []int32, from int64) bool {
	if !v.on {
		return false
	}
	to := from + int64(len(sum))
	if to > v.end {
		v.conceal(to)
	}
	low, high := max(from, v.end-voiceLen, 0), min(to, v.end)
	if low >= high {
		return false
	}
	sum = sum[low-from : high-from]
	first := v.pcm[low%voiceLen:]
	if len(first) > len(sum) {
		first = first[:len(sum)]
	}
	for i, s := range first {
		sum[i] += int32(s)
	}
	rest := sum[len(first):]
	for i, s := range v.pcm[:len(rest)] {
		rest[i] += int32(s)
	}
	return true
}

const (
	plainMade = 80  // samples that are made up at full strength
	mostMade  = 480 // … and at all: 60 ms, then there is silence
	// The pitch of voices, 66 to 200 Hz, as a number of samples.
	minPitch = 40
	maxPitch = 120
)

// conceal makes up what is missing up to a place: the last pitch period again
// and again, ever softer, as ITU-T G.711 Appendix I does it.
func (v *voice) conceal(to int64) {
	if v.real < voiceLen { // nothing was said yet
		return
	}
	if v.end == v.real {
		if v.period == 0 || v.clock-v.tuned >= minPitch { // a peer that makes many holes costs no more
			v.period, v.tuned = v.pitch(), v.clock
		}
		v.start = v.real - v.period
	}
	for to = min(to, v.real+mostMade); v.end < to; v.end++ {
		n := v.end - v.real
		s := int64(v.pcm[(v.start+n%v.period)%voiceLen])
		if n > plainMade {
			s = s * (mostMade - n) / (mostMade - plainMade)
		}
		v.pcm[v.end%voiceLen] = int16(s)
	}
}

// pitch finds the shift by which the last 20 ms are most like what was before.
func (v *voice) pitch() int64 {
	const window = 160
	var now, before [window / 2]int64 // every second sample is enough
	for i := range now {
		now[i] = int64(v.pcm[(v.real-window+int64(2*i))%voiceLen])
	}
	best, found := int64(maxPitch), float64(0)
	for shift := int64(minPitch); shift <= maxPitch; shift++ {
		var product, power int64
		for i := range before {
			b := int64(v.pcm[(v.real-window-shift+int64(2*i))%voiceLen])
			product += now[i] * b
			power += b * b
		}
		if product <= 0 || power == 0 {
			continue
		}
		if like := float64(product) / float64(power) * float64(product); like > found {
			best, found = shift, like
		}
	}
	return best
}

package media

import (
	"encoding/binary"
	"time"

	"huawu/mediarelay/media/g711"
)

const (
	// stall is how long a bridge may be silent before this side sends comfort
	// noise: longer than the usual jitter, so that late packets are still in time.
	stall = int64(60 * time.Millisecond)
	// A step in sequence numbers or time greater than this is a new stream.
	maxStep     = 200
	maxForward  = 80000 // 10 s
	maxBackward = -1600 // 0.2 s
	// maxBehind is how many packets are given up before the stream's delay is
	// taken to have grown for good.
	maxBehind = 3
)

// egress is the one stream that a party hears for the whole call: one SSRC, no
// gap in sequence numbers but those of the sender's losses, time that only goes
// forward. Whatever plays is fitted into it.
type egress struct {
	ssrc    uint32
	seq     uint16 // of the last packet
	next    uint32 // timestamp that the next generated frame gets
	samples int    // of a generated frame
	started bool

	// While a bridge's stream is sent on, its numbers keep a fixed distance.
	anchored bool
	from     uint32 // its SSRC
	filled   bool   // we sent something in between
	behind   int    // packets in a row that came after their place was filled
	seqOff   uint16
	tsOff    uint32
	floor    uint16 // what is not above it was sent before the distance was set

	eventIn, eventOut uint32 // timestamp of the digit that is being sent on
	event             bool

	sentTS  uint32 // of the last packet, and when it left: for RTCP
	sentAt  int64
	noiseAt int
}

func (e *egress) begin() {
	r := random()
	e.ssrc, e.seq, e.next, e.samples = random(), uint16(r), random(), samples(20*time.Millisecond)
	e.noiseAt = int(r>>16) % noiseLen
}

// anchor makes k the next packet of the stream.
func (e *egress) anchor(k *packet) {
	e.anchored, e.from, e.filled, e.behind, e.event = true, k.ssrc, false, 0, false
	e.seqOff, e.tsOff, e.floor = e.seq+1-k.seq, e.next-k.ts, e.seq
}

// place finds a packet's numbers in the stream; ok is false if it came too late.
func (e *egress) place(k *packet) (seq uint16, ts uint32, ok bool) {
	if !e.anchored || k.ssrc != e.from {
		e.anchor(k)
		return e.seq + 1, e.next, true
	}
	seq, ts = k.seq+e.seqOff, k.ts+e.tsOff
	same := k.kind == digit && e.event && k.ts == e.eventIn
	if same {
		ts = e.eventOut // the whole digit has one timestamp, whatever came between
	}
	ahead := int32(ts - e.next)
	switch {
	case e.filled:
		if ahead < 0 && k.kind != digit && e.behind < maxBehind {
			e.behind++
			return 0, 0, false
		}
		if !same && (ahead < 0 || ahead > maxForward) {
			e.anchor(k)
			return e.seq + 1, e.next, true
		}
		e.seqOff, e.floor, e.filled, e.behind = e.seq+1-k.seq, e.seq, false, 0
		return e.seq + 1, ts, true
	case int16(seq-e.seq) > maxStep || int16(seq-e.seq) < -maxStep,
		!same && (ahead > maxForward || int16(seq-e.seq) > 0 && ahead < maxBackward):
		e.anchor(k)
		return e.seq + 1, e.next, true
	}
	return seq, ts, int16(seq-e.floor) > 0
}

// swallow leaves a packet out without a hole in the sequence numbers, which the
// party would take for loss.
func (e *egress) swallow(k *packet) {
	if e.anchored && !e.filled && k.ssrc == e.from && k.seq+e.seqOff == e.seq+1 {
		e.seqOff--
		e.floor = e.seq
	}
}

// forward sends a packet of the other party on. It is changed in place.
func (p *Port) forward(k *packet) {
	if p.closed || !p.sending {
		return
	}
	e := &p.out
	if p.player.on || p.dial.on() {
		return // the party hears that instead
	}
	n := len(k.payload())
	if k.kind == comfort || n == 0 || k.kind == digit && p.remote.EventType == 0 {
		e.swallow(k)
		return
	}
	seq, ts, ok := e.place(k)
	if !ok {
		p.count.LateForward++
		if e.filled { // it stands for the frame that would be due now
			p.w.due[p.slot] = p.w.now + 2*p.frameTime()
		}
		return
	}
	pt := uint8(p.remote.Law)
	switch {
	case k.kind == digit:
		pt = p.remote.EventType
		if n = 0; len(k.payload()) >= 4 {
			n = int(binary.BigEndian.Uint16(k.payload()[2:]))
		}
		e.event, e.eventIn, e.eventOut = true, k.ts, ts
	case k.kind == muAudio && p.remote.Law == PCMA:
		g711.MuToA(k.payload())
	case k.kind == aAudio && p.remote.Law == PCMU:
		g711.AToMu(k.payload())
	}
	p.write(k.b, pt, k.marker, seq, ts)
	if end := ts + uint32(n); int32(end-e.next) > 0 {
		e.next = end
	}
	p.w.due[p.slot] = p.w.now + stall
	p.w.count.Forwarded++
}

// write sends b, in which the payload lies after room for the header.
func (p *Port) write(b []byte, pt uint8, marker bool, seq uint16, ts uint32) {
	e := &p.out
	putHead(b, pt, marker || !e.started, seq, ts, e.ssrc)
	if int16(seq-e.seq) > 0 {
		e.seq = seq
	}
	e.started, e.sentTS, e.sentAt = true, ts, p.w.now
	p.count.Sent++
	p.count.SentBytes += uint64(len(b) - headLen)
	p.w.count.Sent++
	if !p.transmit(p.rtp.c, b, &p.to) {
		p.count.SendErrors++
		p.w.count.SendErrors++
	}
}

// resume lets generated frames follow the last packet at the usual pace, when
// they need not wait for a bridge's packets any more.
func (p *Port) resume() {
	if due := &p.w.due[p.slot]; p.out.started {
		*due = min(*due, max(p.w.now, p.out.sentAt+p.frameTime()))
	}
}

func (p *Port) frameTime() int64 { return int64(sampleTime(p.out.samples)) }

// frame sends what is due by itself: digits, a playlist, or comfort noise.
func (p *Port) frame() {
	e, due := &p.out, &p.w.due[p.slot]
	if late := p.w.now - *due; late > tooLate { // time goes on without us
		p.w.count.LateTicks++
		n := late / p.frameTime()
		*due += n * p.frameTime()
		e.next += uint32(n) * uint32(e.samples)
	}
	b := p.w.out[:headLen+e.samples]
	audio := b[headLen:]
	if mixed := len(p.mix.sources) > 0 && p.mixFrame(audio); !mixed || p.player.on || p.dial.on() {
		p.comfort(audio)
	}
	*due += p.frameTime()
	e.filled, p.mix.left = true, nil
	if !p.sending {
		e.next += uint32(e.samples)
		return
	}
	switch {
	case p.dial.on():
		p.dialFrame(b)
		return
	case p.player.on:
		if done := p.player.fill(audio, p.remote.Law); done {
			p.player.on = false
			p.emit(Event{Kind: PlayDone, ID: p.player.list.ID})
		}
	}
	p.sendAudio(b)
}

// sendAudio sends a generated frame and moves the stream's time on.
func (p *Port) sendAudio(b []byte) {
	e := &p.out
	p.write(b, uint8(p.remote.Law), false, e.seq+1, e.next)
	e.next += uint32(len(b) - headLen)
}

// comfort fills b with noise.
func (p *Port) comfort(b []byte) {
	n := p.w.noise[0]
	if p.remote.Law == PCMA {
		n = p.w.noise[1]
	}
	for len(b) > 0 {
		c := copy(b, n[p.out.noiseAt:])
		b = b[c:]
		p.out.noiseAt = (p.out.noiseAt + c) % noiseLen
	}
}

package media

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"huawu/mediarelay/media/g711"
)

const (
	keys      = "0123456789*#ABCD" // by event number, RFC 4733 §3.2
	endCount  = 3                  // End packets of a digit
	digitGap  = 480                // samples between digits, its repeated ends included
	pauseTime = 4000               // samples that ',' waits
	toneLevel = 10                 // −dBm0 that the events name (RFC 4733 §2.3.3)
)

// dialing is a queue of digits that are being sent.
type dialing struct {
	jobs  []dialJob
	at    int    // digit of the first job
	phase phase  // of the digit
	past  int    // samples since the phase began
	ts    uint32 // timestamp of the digit
	ends  int
}

type dialJob struct {
	id     uint64
	digits string
	tone   int // samples
}

type phase uint8

const (
	tonePhase phase = iota
	gapPhase
)

func (d *dialing) on() bool { return len(d.jobs) > 0 }

// sendDigits queues digits; what is no digit is left out.
func (p *Port) sendDigits(id uint64, digits string, tone time.Duration) {
	if p.closed {
		return
	}
	if tone == 0 {
		tone = 100 * time.Millisecond
	}
	tone = min(max(tone, 40*time.Millisecond), 6*time.Second)
	digits = strings.Map(func(r rune) rune {
		if r == ',' || strings.ContainsRune(keys, r) {
			return r
		}
		return -1
	}, strings.ToUpper(digits))
	p.resume()
	p.dial.jobs = append(p.dial.jobs, dialJob{id, digits, samples(tone)})
}

// dialFrame sends the next frame of the digits; b holds comfort noise.
func (p *Port) dialFrame(b []byte) {
	d := &p.dial
	for d.on() && d.at >= len(d.jobs[0].digits) {
		id := d.jobs[0].id
		d.jobs = d.jobs[1:]
		*d = dialing{jobs: d.jobs}
		p.emit(Event{Kind: DigitsSent, ID: id})
	}
	if !d.on() {
		p.sendAudio(b)
		return
	}
	job := &d.jobs[0]
	key := strings.IndexByte(keys, job.digits[d.at])
	wait := digitGap
	switch {
	case key < 0: // a pause
		d.phase, wait = gapPhase, pauseTime
	case d.phase == tonePhase && p.remote.EventType == 0:
		putTone(b[headLen:], p.remote.Law, key, d.past)
	case d.phase == tonePhase:
		p.dialEvent(b, key, job.tone)
		return
	case d.ends > 0:
		p.writeEvent(b, key, job.tone, true, false)
		p.dialNext(wait)
		return
	}
	p.sendAudio(b)
	if d.phase == tonePhase {
		if d.past += p.out.samples; d.past >= job.tone {
			d.phase, d.past = gapPhase, 0
		}
		return
	}
	p.dialNext(wait)
}

// dialEvent sends one telephone-event of a digit that is pressed.
func (p *Port) dialEvent(b []byte, key, tone int) {
	d := &p.dial
	first := d.past == 0
	if first {
		d.ts = p.out.next
	}
	d.past += p.out.samples
	end := d.past >= tone
	p.writeEvent(b, key, min(d.past, tone), end, first)
	if end {
		d.phase, d.past, d.ends = gapPhase, 0, endCount-1
	}
}

// writeEvent sends one packet of RFC 4733 §2.3 in place of a frame.
func (p *Port) writeEvent(b []byte, key, duration int, end, marker bool) {
	b = b[:headLen+4]
	b[headLen], b[headLen+1] = byte(key), toneLevel
	if end {
		b[headLen+1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[headLen+2:], uint16(duration))
	p.write(b, p.remote.EventType, marker, p.out.seq+1, p.dial.ts)
	p.out.next += uint32(p.out.samples)
}

// dialNext counts a frame after a digit and goes on to the next.
func (p *Port) dialNext(wait int) {
	d := &p.dial
	if d.ends > 0 {
		d.ends--
	}
	if d.past += p.out.samples; d.past >= wait && d.ends == 0 {
		d.at, d.phase, d.past = d.at+1, tonePhase, 0
	}
}

// putTone writes a digit's two tones, from a number of samples after its start.
func putTone(dst []byte, law Law, key, at int) {
	low, high := toneRows[keyRow[key]], toneColumns[keyColumn[key]]
	for i := range dst {
		t := 2 * math.Pi * float64(at+i) / 8000
		s := int16(5000*math.Sin(low*t) + 6300*math.Sin(high*t)) // about −10 and −8 dBm0
		if law == PCMA {
			dst[i] = g711.EncodeA(s)
		} else {
			dst[i] = g711.EncodeMu(s)
		}
	}
}

package media

import (
	"encoding/binary"
	"time"
)

const (
	pressed      = 320                           // samples after which a digit counts though no End came: 40 ms
	pressedTime  = int64(40 * time.Millisecond)  // … also by our clock, for senders that count wrong
	digitTimeout = int64(375 * time.Millisecond) // a digit without End has ended: 3,000 samples
	longest      = 0xFFFF                        // samples of a segment; a longer digit goes on in a next one
	slack        = 1600
)

// digitReader fires each digit of telephone-events exactly once (RFC 4733): at
// the first of its End, 40 ms of it, or the next digit. A digit is known by
// SSRC, timestamp and event; marker and lost packets do not matter.
type digitReader struct {
	now   digitKey // the digit being read
	on    bool     // it has not ended
	fired bool
	dur   int
	first int64
	last  int64
	done  [8]digitKey // lately begun, for what comes late
	n     int
}

type digitKey struct {
	ssrc, ts uint32
	event    uint8
	set      bool
}

// read takes a packet and returns up to two digits: one that it proves to have
// been pressed before, and its own.
func (r *digitReader) read(k *packet, now int64) (out [2]byte) {
	b := k.payload()
	if len(b) < 4 || int(b[0]) >= len(keys) {
		return out
	}
	key := digitKey{k.ssrc, k.ts, b[0], true}
	end, dur := b[1]&0x80 != 0, int(binary.BigEndian.Uint16(b[2:]))
	if key != r.now {
		if r.known(key) {
			return out // late: another digit has begun since
		}
		goesOn := r.continues(key)
		if !goesOn {
			out[0] = r.finish()
			r.fired, r.first = false, now
		}
		r.now, r.on, r.dur = key, true, 0
		r.done[r.n%len(r.done)] = key
		r.n++
	}
	r.last, r.dur = now, max(r.dur, dur)
	if !r.fired && (end || dur >= pressed || now-r.first >= pressedTime) {
		r.fired = true
		out[1] = keys[key.event]
	}
	if end {
		r.on = false
	}
	return out
}

// known reports whether a digit was begun lately.
func (r *digitReader) known(key digitKey) bool {
	for _, d := range r.done {
		if d == key {
			return true
		}
	}
	return false
}

// continues reports whether key is the next segment of a digit that is held for
// more than 65,535 samples (RFC 4733 §2.5.1.3).
func (r *digitReader) continues(key digitKey) bool {
	step := int32(key.ts - r.now.ts)
	return r.on && key.ssrc == r.now.ssrc && key.event == r.now.event &&
		r.dur >= longest-slack && step >= longest-slack && step <= longest+slack
}

// finish ends the digit being read and returns it if it has not fired.
func (r *digitReader) finish() byte {
	if !r.on || r.fired {
		r.on = false
		return 0
	}
	r.on, r.fired = false, true
	return keys[r.now.event]
}

// timeout ends a digit whose End was lost.
func (r *digitReader) timeout(now int64) byte {
	if r.on && now-r.last >= digitTimeout {
		return r.finish()
	}
	return 0
}

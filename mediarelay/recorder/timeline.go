package recorder

import (
	"bytes"
	"slices"
	"time"

	"huawu/mediarelay/media"
	"huawu/mediarelay/media/g711"
	"huawu/shared/recording"
)

const (
	perMS = recording.Rate / 1000
	// tolerance is how far a party's clock may run from ours before its audio is
	// moved: well below what is heard as an echo between the channels.
	tolerance = 40 * perMS
	// stray is a distance that no jitter explains: the stream was restarted.
	stray = 2 * recording.Rate
	// driftWindow is how long the least delay is looked for before a slow party
	// is moved. Delay only adds, so the least of many packets shows the clock.
	driftWindow = 10 * recording.Rate
)

// timeline puts what the parties said where it belongs in time: place n is n
// samples after started. What was not received is silence. It holds the audio
// that was not yet taken, from base on, and is pure: one goroutine uses it.
type timeline struct {
	started time.Time
	base    int64
	tracks  []track
	flags   recording.Flag // of the segment that is being filled
}

// track is one party's audio from base on.
type track struct {
	law      uint8
	next     uint8  // law of the latest frame
	buf      []byte // nil: silence
	anchored bool
	rtp      uint32 // this timestamp …
	place    int64  // … is this place
	least    int64  // least delay seen in this window, in samples
	until    int64  // end of the window
}

func newTimeline(started time.Time, channels int) *timeline {
	return &timeline{started: started, tracks: make([]track, channels)}
}

// at returns the place of a time.
func (t *timeline) at(when time.Time) int64 {
	return int64(when.Sub(t.started)) * recording.Rate / int64(time.Second)
}

// add puts a frame in its place. A frame that comes after its place was taken
// is lost and flagged.
func (t *timeline) add(f *media.Frame) {
	if f.Channel < 0 || f.Channel >= len(t.tracks) || len(f.Payload) == 0 {
		return
	}
	if f.Gap {
		t.flags |= recording.Lost
	}
	tr := &t.tracks[f.Channel]
	place := tr.locate(f, t.at(f.At)-int64(len(f.Payload)))
	payload := f.Payload
	if late := t.base - place; late > 0 {
		if late >= int64(len(payload)) {
			t.flags |= recording.Lost
			return
		}
		payload, place = payload[late:], t.base
	}
	tr.put(int(place-t.base), uint8(f.Law), payload)
}

// locate returns the frame's place by the party's own timestamps, held to our
// clock: arrived is the latest place that its first sample can have.
func (tr *track) locate(f *media.Frame, arrived int64) int64 {
	place := tr.place + int64(int32(f.RTP-tr.rtp))
	delay := arrived - place
	switch {
	case !tr.anchored || f.Restart || delay > stray || delay < -stray:
		tr.anchored, place = true, arrived
	case delay < -tolerance: // nobody is heard before he speaks: the party's clock is fast
		place = arrived
	default:
		tr.least = min(tr.least, delay)
		if arrived < tr.until {
			return place
		}
		if tr.least > tolerance {
			place += tr.least
		}
	}
	tr.rtp, tr.place, tr.least, tr.until = f.RTP, place, stray, arrived+driftWindow
	return place
}

// put writes payload at an offset from base, over what stands there.
func (tr *track) put(at int, law uint8, payload []byte) {
	tr.next = law
	if len(tr.buf) == 0 {
		tr.law = law
	}
	if law != tr.law {
		convert(payload, tr.law)
	}
	if n, end := len(tr.buf), at+len(payload); end > n {
		tr.buf = slices.Grow(tr.buf, end-n)[:end]
		for i := n; i < at; i++ {
			tr.buf[i] = silence(tr.law)
		}
	}
	copy(tr.buf[at:], payload)
}

// take removes the next n samples as a segment.
func (t *timeline) take(n int) recording.Segment {
	s := recording.Segment{Start: t.base, Samples: n, Flags: t.flags, Channels: make([]recording.Channel, len(t.tracks))}
	for i := range t.tracks {
		s.Channels[i] = t.tracks[i].take(n)
	}
	t.base += int64(n)
	t.flags = 0
	return s
}

func (tr *track) take(n int) recording.Channel {
	if len(tr.buf) == 0 {
		return recording.Channel{Law: tr.law}
	}
	data := bytes.Repeat([]byte{silence(tr.law)}, n)
	left := tr.buf[copy(data, tr.buf):]
	c := recording.Channel{Law: tr.law, Data: data}
	copy(tr.buf, left)
	clear(tr.buf[len(left):])
	tr.buf = tr.buf[:len(left)]
	if tr.next != tr.law {
		convert(tr.buf, tr.next)
		tr.law = tr.next
	}
	return c
}

// skip gives up what stands between base and a place.
func (t *timeline) skip(to int64) {
	for i := range t.tracks {
		if n := to - t.base; n > 0 && len(t.tracks[i].buf) > 0 {
			t.tracks[i].take(int(min(n, int64(len(t.tracks[i].buf)))))
		}
	}
	t.base = max(t.base, to)
}

// forget drops the streams' anchors and all audio that was not taken.
func (t *timeline) forget() {
	for i := range t.tracks {
		tr := &t.tracks[i]
		clear(tr.buf)
		tr.buf, tr.anchored = tr.buf[:0], false
	}
}

// convert codes audio of the one law in the other, which law names.
func convert(b []byte, law uint8) {
	if law == recording.PCMA {
		g711.MuToA(b)
	} else {
		g711.AToMu(b)
	}
}

// silence is the code of the value nearest to zero.
func silence(law uint8) byte {
	if law == recording.PCMA {
		return 0xd5
	}
	return 0xff
}

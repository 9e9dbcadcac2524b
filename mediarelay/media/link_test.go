package media

import (
	"bytes"
	"encoding/binary"
	"sync"
	"testing"
)

// reader takes what a port sends by its link, as the side of a browser would.
type reader struct {
	l    *Link
	wake chan struct{}
	stop chan struct{}
	mu   sync.Mutex
	got  []heard
	rtcp int
}

func newReader(t *testing.T) *reader {
	r := &reader{wake: make(chan struct{}, 1), stop: make(chan struct{})}
	r.l = NewLink(r.wake)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-r.stop:
				return
			case <-r.wake:
				r.l.Take(r.take)
			}
		}
	})
	t.Cleanup(func() { close(r.stop); done.Wait() })
	return r
}

func (r *reader) take(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isRTCP(b) {
		r.rtcp++
		return
	}
	var h heard
	if h.parse(bytes.Clone(b)) {
		r.got = append(r.got, h)
	}
}

// hears reports whether the last frames are a tone.
func (r *reader) hears(hertz float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) < 10 {
		return false
	}
	pcm := audio(r.got[len(r.got)-10:])
	return len(pcm) >= 800 && strength(pcm, hertz) > 5000
}

func TestAPortOfALinkTalksWithAPortOfASocket(t *testing.T) {
	e := newEngine(t, Config{PortMin: 41200, PortMax: 41299})
	r := newReader(t)
	var log eventLog
	web := open(t, e, PortOptions{CallID: "c", Link: r.l, Events: log.add})
	phone := newPeer(t, PCMA)
	other := open(t, e, PortOptions{CallID: "c"})
	web.SetRemote(Remote{Law: PCMU, EventType: 126, Send: true, Receive: true})
	other.SetRemote(talk(phone))
	web.Bridge(other)

	phone.sing(other.Local(), 440)
	pcm, seq := tone(1000, 8000, 9000), uint16(0)
	say := func() {
		at := int(seq) * 160 % len(pcm)
		r.l.Put(rtp(0, false, seq, uint32(seq)*160, 77, code(pcm[at:at+160], PCMU)))
		seq++
	}
	eventually(t, "both hear each other", func() bool {
		say()
		return r.hears(440) && phone.hears(1000)
	})
	digit := seq
	for i := range 4 {
		r.l.Put(rtp(126, i == 0, digit+uint16(i), uint32(digit)*160, 77, event(5, i > 1, 160*(i+1))))
	}
	eventually(t, "the digit arrives once", func() bool { return log.digits() == "5" })

	r.mu.Lock()
	got := append([]heard(nil), r.got...)
	r.mu.Unlock()
	unbroken(t, got)
	if got[0].ssrc != r.l.SSRC() {
		t.Error("the stream has another SSRC than the link said")
	}
	if s := web.Stats(); s.Received == 0 || s.BadSource != 0 {
		t.Errorf("stats %+v", s)
	}
	if _, err := e.Open(PortOptions{Link: r.l}); err == nil {
		t.Error("a second port on one link")
	}
	web.Close()
	eventually(t, "the worker leaves the link", func() bool { return e.Count().Ports == 1 })
}

func TestALinkThatNobodyEmptiesDropsAndCounts(t *testing.T) {
	l := NewLink(make(chan struct{}, 1))
	for i := range linkSlots + 5 {
		if ok := l.Put([]byte{byte(i)}); ok != (i < linkSlots) {
			t.Fatalf("packet %d: %v", i, ok)
		}
	}
	if l.Put(nil) || l.Put(make([]byte, linkSize+1)) {
		t.Error("a packet without or with too much content has room")
	}
	if l.Dropped() != 7 {
		t.Errorf("dropped %d", l.Dropped())
	}
	for i := range 3 * linkSlots {
		l.send([]byte{byte(i)})
		l.Take(func(b []byte) {
			if b[0] != byte(i) {
				t.Fatalf("packet %d is %d", i, b[0])
			}
		})
	}
}

// A packet from a browser's side to a trunk allocates nothing in the worker.
func TestALinkAllocatesNothing(t *testing.T) {
	w, a, _, _, _ := pair(t, true, PCMU, PCMU)
	wake := make(chan struct{}, 1)
	l := NewLink(wake)
	web := &Port{w: w}
	web.link, web.rtp = l, &input{c: &conn{}, legs: a.rtp.legs}
	web.rtp.pair = web.rtp
	w.adopt(web)
	w.links = append(w.links, web)
	web.setRemote(Remote{Law: PCMU, Send: true, Receive: true})
	a.join(web)
	web.join(a)
	pkt, seq, now, taken := rtp(0, false, 0, 0, 9, make([]byte, 160)), uint16(0), w.now, 0
	count := func([]byte) { taken++ }
	step := func() {
		seq++
		binary.BigEndian.PutUint16(pkt[2:], seq)
		binary.BigEndian.PutUint32(pkt[4:], uint32(seq)*160)
		l.Put(pkt)
		now += 20 * ms
		w.step(now)
		l.Take(count)
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%g allocations for a packet", n)
	}
	if taken == 0 || a.count.Sent < 1000 {
		t.Errorf("%d taken, %d sent on", taken, a.count.Sent)
	}
}

package media

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// arrival is a packet from somewhere at a time.
type arrival struct {
	ms   int
	from string
	seq  uint16
}

// stream is packets every 20 ms from a source.
func stream(from string, start, n int) (out []arrival) {
	for i := range n {
		out = append(out, arrival{start + 20*i, from, uint16(i + 100)})
	}
	return out
}

// merge orders arrivals by time.
func merge(lists ...[]arrival) (out []arrival) {
	for t := range 20000 {
		for _, l := range lists {
			for _, a := range l {
				if a.ms == t {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

func TestWhoseAudioIsBelieved(t *testing.T) {
	const sdp, nat, evil = "192.0.2.1:4000", "198.51.100.7:31000", "203.0.113.66:9"
	plain := Remote{Addr: netip.MustParseAddrPort(sdp)}
	via := plain
	via.Via = netip.MustParseAddr("198.51.100.7")
	burst := []arrival{{1, evil, 1}, {1, evil, 2}, {1, evil, 3}, {1, evil, 4}, {1, evil, 5}}
	for _, tt := range []struct {
		name    string
		remote  Remote
		shared  bool
		packets []arrival
		want    string // believed in the end
	}{
		{"the SDP's address, at once", plain, false, stream(sdp, 0, 1), sdp},
		{"NAT: four packets in sequence", plain, false, stream(nat, 0, 4), nat},
		{"three packets prove nothing", plain, false, stream(nat, 0, 3), ""},
		{"a burst proves nothing", plain, false, burst, ""},
		{"random numbers prove nothing", plain, false, []arrival{{0, evil, 1}, {20, evil, 7}, {40, evil, 3}, {60, evil, 9}, {80, evil, 70}}, ""},
		{"two sources prove nothing", plain, false, merge(stream(nat, 0, 50), stream(evil, 10, 50)), ""},
		{"the SDP's host with another port wins over a third", plain, false, merge(stream("192.0.2.1:4999", 0, 5), stream(evil, 10, 50)), "192.0.2.1:4999"},
		{"the SDP's address wins over an attacker who was first", plain, false, merge(stream(evil, 0, 100), stream(sdp, 1000, 5)), sdp},
		{"once believed, nobody else", plain, false, merge(stream(nat, 0, 10), stream(evil, 1000, 100)), nat},
		{"signalling's host is believed", via, false, merge(stream(evil, 0, 50), stream(nat, 10, 50)), nat},
		{"with signalling's host known, no third host", via, false, stream(evil, 0, 50), ""},
		{"a shared socket learns nothing", plain, true, stream(nat, 0, 50), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s source
			s.agree(tt.remote, 0)
			for _, a := range tt.packets {
				from := netip.MustParseAddrPort(a.from)
				s.believes(&packet{seq: a.seq, ssrc: 5}, from, tt.shared, int64(a.ms)*ms)
			}
			want := netip.AddrPort{}
			if tt.want != "" {
				want = netip.MustParseAddrPort(tt.want)
			}
			if s.from != want {
				t.Errorf("believes %v, want %v", s.from, want)
			}
		})
	}
}

func TestSourceAfterAnotherOffer(t *testing.T) {
	one, two, nat := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000"), netip.MustParseAddrPort("198.51.100.7:31000")
	hear := func(s *source, from netip.AddrPort, start, n int) (heard int) {
		for _, a := range stream("", start, n) {
			if ok, _ := s.believes(&packet{seq: a.seq, ssrc: 5}, from, false, int64(a.ms)*ms); ok {
				heard++
			}
		}
		return heard
	}
	t.Run("to a new address: packets that were on their way are not learned", func(t *testing.T) {
		var s source
		s.agree(Remote{Addr: one}, 0)
		hear(&s, one, 0, 10)
		s.agree(Remote{Addr: two}, 200*ms)
		if n := hear(&s, one, 200, 20); n != 0 {
			t.Errorf("%d stale packets believed", n)
		}
		if hear(&s, two, 600, 5) != 5 {
			t.Error("the new address is not believed")
		}
	})
	t.Run("with the same address: the learned source stays", func(t *testing.T) {
		var s source
		s.agree(Remote{Addr: one}, 0)
		hear(&s, nat, 0, 10)
		s.agree(Remote{Addr: one}, 200*ms)
		if hear(&s, nat, 220, 10) != 10 {
			t.Error("the learned source was forgotten")
		}
	})
	t.Run("with the same address: NAT may have moved if the old source is silent", func(t *testing.T) {
		var s source
		s.agree(Remote{Addr: one}, 0)
		hear(&s, nat, 0, 10)
		s.agree(Remote{Addr: one}, 200*ms)
		moved := netip.MustParseAddrPort("198.51.100.7:31999")
		if hear(&s, moved, 220, 10) != 0 {
			t.Error("replaced although it may still speak")
		}
		if hear(&s, moved, 1500, 10) == 0 {
			t.Error("not replaced")
		}
	})
}

// An attacker who floods every port, before and after the party is known, is
// neither heard nor answered.
func TestInjection(t *testing.T) {
	for _, shared := range []bool{false, true} {
		name := "own sockets"
		if shared {
			name = "shared sockets"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Config{Shared: 1})
			alice, bob, evil := newPeer(t, PCMU), newPeer(t, PCMU), newPeer(t, PCMU)
			a := open(t, e, PortOptions{CallID: "c", Shared: shared})
			b := open(t, e, PortOptions{CallID: "c", Shared: shared})
			evil.sing(a.Local(), 2000)
			evil.sing(b.Local(), 2000)
			a.SetRemote(talk(alice))
			b.SetRemote(talk(bob))
			a.Bridge(b)
			alice.sing(a.Local(), 440)
			eventually(t, "bob hears alice", func() bool { return bob.hears(440) })
			bob.sing(b.Local(), 1000)
			eventually(t, "alice hears bob", func() bool { return alice.hears(1000) })
			bob.clear()
			eventually(t, "a second passes", func() bool { return len(bob.packets()) > 50 })
			if s := strength(audio(bob.packets()), 2000); s > 100 {
				t.Errorf("bob hears the attacker at %.0f", s)
			}
			if n := len(evil.packets()); n != 0 {
				t.Errorf("%d packets were sent to the attacker", n)
			}
			if !shared && a.Stats().BadSource == 0 && e.Count().UnknownSource == 0 {
				t.Error("nothing was counted")
			}
			if shared && e.Count().UnknownSource == 0 {
				t.Error("nothing was counted")
			}
		})
	}
}

// Before the answer nothing is heard and nothing is sent, whoever asks.
func TestBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob := newPeer(t, PCMU), newPeer(t, PCMU)
	a, b := open(t, e, PortOptions{CallID: "c"}), open(t, e, PortOptions{CallID: "c"})
	a.Bridge(b)
	b.SetRemote(talk(bob))
	alice.sing(a.Local(), 440)
	eventually(t, "packets are counted", func() bool { return a.Stats().Early > 20 })
	if n := len(alice.packets()); n != 0 {
		t.Errorf("%d packets sent before the answer", n)
	}
	if strength(audio(bob.packets()), 440) > 100 {
		t.Error("bob hears alice before she answered")
	}
	early := talk(alice) // early media: she hears, and is not heard
	early.Receive = false
	a.SetRemote(early)
	a.Play(Playlist{Clips: []Clip{NewClip(tone(450, 8000, 9000))}, Loop: true})
	eventually(t, "early media", func() bool { return alice.hears(450) })
	if a.Stats().Received != 0 {
		t.Error("received before the answer")
	}
	a.SetRemote(talk(alice))
	eventually(t, "after it she is heard", func() bool { return a.Stats().Received > 0 })
}

// Two live calls on one shared socket cannot have one remote address; the one
// that hears it keeps it.
func TestSharedAddressTakenTwice(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Shared: 1, Workers: 1})
	alice := newPeer(t, PCMU)
	a := open(t, e, PortOptions{Shared: true})
	a.SetRemote(talk(alice))
	alice.sing(a.Local(), 440)
	eventually(t, "alice is heard", func() bool { return a.Stats().Received > 0 })
	b := open(t, e, PortOptions{Shared: true})
	if a.Local() != b.Local() {
		t.Fatalf("not one socket: %v, %v", a.Local(), b.Local())
	}
	b.SetRemote(talk(alice))
	n := a.Stats().Received
	eventually(t, "alice is still heard in her call", func() bool { return a.Stats().Received > n+5 })
	if b.Stats().Received != 0 {
		t.Error("the second call hears the first")
	}
	if e.Count().SourceTaken == 0 {
		t.Error("not counted")
	}
	a.Close()
	b.SetRemote(talk(alice))
	eventually(t, "after the call the address is free", func() bool { return b.Stats().Received > 0 })
}

// A phone behind NAT is heard and answered where it really is.
func TestBehindNAT(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice := newPeer(t, PCMU)
	a := open(t, e, PortOptions{})
	r := talk(alice)
	r.Addr = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), unused(t))
	a.SetRemote(r)
	alice.sing(a.Local(), 440)
	eventually(t, "alice is answered", func() bool { return len(alice.packets()) > 5 })
	if s := a.Stats(); s.Source != alice.addr() {
		t.Errorf("source %v", s.Source)
	}
}

// unused is a port where nobody listens.
func unused(t *testing.T) uint16 {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// Silence of a party is reported once, and not while it may be silent.
func TestMediaLost(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{FirstPacketWait: 300 * time.Millisecond, PacketWait: 200 * time.Millisecond})
	alice := newPeer(t, PCMU)
	var log, held eventLog
	a := open(t, e, PortOptions{Events: log.add})
	h := open(t, e, PortOptions{Events: held.add})
	r := talk(alice)
	a.SetRemote(r)
	onHold := r
	onHold.Receive = false
	h.SetRemote(onHold)
	eventually(t, "the first packet is missed", func() bool { return log.count(MediaLost) == 1 })
	alice.say(a.Local(), 0, make([]byte, 160))
	eventually(t, "it comes", func() bool { return log.count(FirstPacket) == 1 })
	eventually(t, "the next is missed", func() bool { return log.count(MediaLost) == 2 })
	if held.count(MediaLost) != 0 {
		t.Error("missed on hold")
	}
	if log.count(MediaLost) != 2 {
		t.Error("reported again")
	}
}

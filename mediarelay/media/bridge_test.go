package media

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// Two parties hear each other, whichever law and kind of socket each has.
func TestTwoPortsBridged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		a, b   Law
		shared bool
	}{
		{"both PCMU", PCMU, PCMU, false},
		{"PCMA and PCMU", PCMA, PCMU, false},
		{"shared sockets, PCMU and PCMA", PCMU, PCMA, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Config{Shared: 2})
			alice, bob := newPeer(t, tt.a), newPeer(t, tt.b)
			a := open(t, e, PortOptions{CallID: "c", Shared: tt.shared})
			b := open(t, e, PortOptions{CallID: "c", Shared: tt.shared})
			if a.Local().Port()%2 != 0 || b.Local().Port()%2 != 0 {
				t.Errorf("ports %v and %v are not even", a.Local(), b.Local())
			}
			a.SetRemote(talk(alice))
			b.SetRemote(talk(bob))
			a.Bridge(b)
			alice.sing(a.Local(), 440)
			bob.sing(b.Local(), 1000)
			eventually(t, "bob hears alice", func() bool { return bob.hears(440) })
			eventually(t, "alice hears bob", func() bool { return alice.hears(1000) })
			if pt := bob.packets()[len(bob.packets())-1].pt; pt != uint8(tt.b) {
				t.Errorf("bob gets payload type %d", pt)
			}
			unbroken(t, alice.packets())
			unbroken(t, bob.packets())
			if s := a.Stats(); s.Received == 0 || s.Lost != 0 || s.MOS < 4 || s.Source != alice.addr() {
				t.Errorf("stats %+v", s)
			}
			if c := e.Count(); c.Forwarded == 0 || c.Ports != 2 {
				t.Errorf("counters %+v", c)
			}
		})
	}
}

// A party hears prompt, music, the other party and music again as one stream
// without a hole in time.
func TestOneStreamThroughACall(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob := newPeer(t, PCMA), newPeer(t, PCMU)
	var log eventLog
	a := open(t, e, PortOptions{CallID: "c", Events: log.add})
	b := open(t, e, PortOptions{CallID: "c"})
	a.SetRemote(talk(alice))
	b.SetRemote(talk(bob))
	alice.sing(a.Local(), 440)
	bob.sing(b.Local(), 1000)

	eventually(t, "silence at first", alice.hearsNothing)
	a.Play(Playlist{ID: 7, Clips: []Clip{NewClip(tone(600, 4000, 9000))}})
	eventually(t, "prompt", func() bool { return alice.hears(600) })
	eventually(t, "prompt ends", func() bool { return log.count(PlayDone) == 1 })
	music := Playlist{ID: 8, Clips: []Clip{NewClip(tone(800, 800, 9000))}, Loop: true}
	a.Play(music)
	eventually(t, "music", func() bool { return alice.hears(800) })
	a.Bridge(b)
	eventually(t, "the other party", func() bool { return alice.hears(1000) })
	eventually(t, "the other party hears", func() bool { return bob.hears(440) })
	a.Bridge(nil)
	a.Play(music)
	eventually(t, "hold music", func() bool { return alice.hears(800) })
	eventually(t, "the other party waits", bob.hearsNothing)
	a.Stop()
	eventually(t, "silence", alice.hearsNothing)

	unbroken(t, alice.packets())
	unbroken(t, bob.packets())
	if n := log.count(PlayDone); n != 1 {
		t.Errorf("%d PlayDone, want one: music was stopped", n)
	}
	if n := log.count(FirstPacket); n != 1 {
		t.Errorf("%d FirstPacket, want one", n)
	}
	in := alice.packets()
	worst := time.Duration(0)
	for i := 1; i < len(in); i++ {
		worst = max(worst, in[i].at.Sub(in[i-1].at))
	}
	t.Logf("%d packets, longest pause %v", len(in), worst)
}

// After a re-INVITE with another address the audio follows, and the old address
// is neither heard nor sent to.
func TestPartyMoves(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, moved, bob := newPeer(t, PCMU), newPeer(t, PCMA), newPeer(t, PCMU)
	a, b := open(t, e, PortOptions{CallID: "c"}), open(t, e, PortOptions{CallID: "c"})
	a.SetRemote(talk(alice))
	b.SetRemote(talk(bob))
	a.Bridge(b)
	alice.sing(a.Local(), 440)
	bob.sing(b.Local(), 1000)
	eventually(t, "bob hears alice", func() bool { return bob.hears(440) })
	a.SetRemote(talk(moved))
	moved.sing(a.Local(), 700)
	eventually(t, "bob hears her new phone", func() bool { return bob.hears(700) })
	eventually(t, "her new phone hears bob", func() bool { return moved.hears(1000) })
	alice.clear()
	bob.clear()
	eventually(t, "time passes", func() bool { return len(bob.packets()) > 25 })
	if n := len(alice.packets()); n != 0 {
		t.Errorf("%d packets to the old phone", n)
	}
	if s := strength(audio(bob.packets()), 440); s > 100 {
		t.Errorf("the old phone is heard at %.0f", s)
	}
	all := append(alice.packets(), moved.packets()...)
	unbroken(t, all)
	a.SetRemote(talk(moved)) // a session refresh changes nothing
	bob.clear()
	eventually(t, "it goes on", func() bool { return bob.hears(700) })
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	defer func() { _ = c.Close() }()
	e := newEngine(t, Config{Bind: netip.IPv6Loopback()})
	for _, shared := range []bool{false, true} {
		a := open(t, e, PortOptions{Shared: shared})
		a.SetRemote(Remote{Addr: c.LocalAddr().(*net.UDPAddr).AddrPort(), Send: true, Receive: true})
		var b [2048]byte
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, from, err := c.ReadFromUDPAddrPort(b[:])
		if err != nil || n != 172 || from != a.Local() {
			t.Fatalf("%d bytes from %v: %v", n, from, err)
		}
		_, _ = c.WriteToUDPAddrPort(rtp(0, false, 1, 1, 1, make([]byte, 160)), a.Local())
		eventually(t, "the party is heard", func() bool { return a.Stats().Received == 1 })
		a.Close()
	}
}

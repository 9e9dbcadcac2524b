package webleg

import (
	"net"
	"strings"
	"testing"

	"huawu/mediarelay/call"
	"huawu/mediarelay/webleg/webtest"
)

// A browser whose certificate is not the one that its description promised
// hears nothing, is not heard, and is hung up.
func TestAnotherFingerprintIsRefused(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.Register("lin", 600)
	l := b.dial("lin", false)
	p.Answer(440, func(sdp string) string {
		at := strings.Index(sdp, "a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
		flipped := "00"
		if sdp[at:at+2] == "00" {
			flipped = "11"
		}
		return sdp[:at] + flipped + sdp[at+2:]
	})
	heard := b.listen(l)
	sing(l, 1000)
	p.Reply(p.Request("BYE"), "200 OK", "")
	b.await(call.Ended, 1)
	if c := b.s.Count(); c.Impostors == 0 || c.Failed != 1 || c.Up != 0 {
		t.Errorf("counted %+v", c)
	}
	if heard.Heard() != 0 {
		t.Error("it was heard")
	}
	if p.Ear.Heard() != 0 {
		t.Error("it heard the call")
	}
}

// Packets that are not the browser's are counted, whether they come from its own
// address or another, and the call goes on.
func TestForgedPacketsAreIgnored(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	stranger, err := net.Dial("udp4", b.s.Media().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	junk := make([]byte, 12+160+16)
	junk[0], junk[1] = 0x80, 0
	for i := range 500 {
		junk[3], junk[11] = byte(i), byte(i>>3)
		_, _ = stranger.Write(junk)
		_, _ = stranger.Write([]byte{22, 254, 253, 0}) // DTLS of a stranger
		_, _ = stranger.Write([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42})
	}
	relay := net.UDPAddrFromAddrPort(b.s.Media())
	for i := range 200 {
		junk[3], junk[11] = byte(i), byte(i>>3)
		for _, raw := range [][]byte{junk, {0x80, 200, 0, 6, 1, 2, 3, 4}, {0x80}, {22, 254, 253, 0, 0}} {
			_, _ = p.UDP.WriteTo(raw, relay)
		}
	}
	eventually(t, "they are counted", func() bool { return b.s.Count().Forged >= 300 }) // some may be lost
	p.Ear.Clear()
	heard.Clear()
	eventually(t, "both still hear each other", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	if n := b.count(call.Held) + b.count(call.Ended); n != 0 {
		t.Error("the call noticed")
	}
}

func legOf(b *bed) *Leg {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for l := range b.s.legs {
		return l
	}
	return nil
}

// A browser without sound for a while counts as away, and is back with its next
// packet.
func TestABrowserThatFallsSilentComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 5 s after which a browser counts as gone")
	}
	b, p, _, heard := talking(t, nil)
	b.s.mux.RemoveConnByUfrag(ufragOf(b)) // from now on nothing reaches the leg …
	_ = p.Socket.CloseNow()
	b.await(call.Held, 1)
	next := b.page(agent) // … until the page comes back, with a new connection
	next.Register("lin", 600)
	next.Answer(660, nil)
	b.await(call.Resumed, 1)
	heard.Clear()
	eventually(t, "both hear each other", func() bool { return heard.Hears(660) && next.Ear.Hears(1000) })
}

func ufragOf(b *bed) string {
	name, _ := legOf(b).now.Load().credentials()
	return name
}

func TestDescriptionsThatAreRefused(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(guest)
	p.Dialog = webtest.Dialog{CallID: webtest.Word(), Local: webtest.Word(), Target: "sip:x@huawu"}
	p.Microphone(440)
	good := p.Offer(nil)
	for _, tt := range []struct {
		name string
		edit func(string) string
		code int
	}{
		{"no SDP at all", func(string) string { return "v=0\r\nnonsense" }, 400},
		{"no fingerprint", drop("a=fingerprint"), 488},
		{"a weak fingerprint", func(s string) string { return strings.ReplaceAll(s, "sha-256", "sha-1") }, 488},
		{"no ICE name", drop("a=ice-ufrag"), 488},
		{"no ICE password", drop("a=ice-pwd"), 488},
		{"no multiplexing of RTCP", drop("a=rtcp-mux"), 488},
		{"plain RTP", func(s string) string { return strings.ReplaceAll(s, "UDP/TLS/RTP/SAVPF", "RTP/AVP") }, 488},
		{"no law that we know", func(s string) string {
			return strings.NewReplacer("PCMU/8000", "OPUS/48000/2", "PCMA/8000", "ILBC/8000").Replace(s)
		}, 488},
		{"only video", func(s string) string { return strings.ReplaceAll(s, "m=audio", "m=video") }, 488},
		{"no setup", drop("a=setup"), 488},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.T = t
			p.Dialog = webtest.Dialog{CallID: webtest.Word(), Local: webtest.Word(), Target: "sip:x@huawu"}
			p.Send("INVITE", tt.edit(good))
			if code := p.Status("INVITE"); code != tt.code {
				t.Errorf("answered %d", code)
			}
			eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
		})
	}
}

func drop(prefix string) func(string) string {
	return func(s string) string {
		var kept []string
		for line := range strings.SplitSeq(s, "\r\n") {
			if !strings.HasPrefix(line, prefix) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\r\n")
	}
}

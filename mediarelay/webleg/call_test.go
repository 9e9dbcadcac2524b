package webleg

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/srtp/v3"

	"huawu/mediarelay/call"
)

func TestTheRelayCallsAnAgentsPage(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	if code := p.Register("lin", 600); code != 200 {
		t.Fatalf("register: %d", code)
	}
	if !b.s.Online("demo", "lin") || b.s.Online("other", "lin") {
		t.Error("online is wrong")
	}
	l := b.dial("lin", true)
	invite := p.Answer(440, nil)
	if got := invite.Get("Alert-Info"); got != "info=alert-autoanswer" {
		t.Errorf("Alert-Info %q", got)
	}
	b.await(call.Answered, 1)
	heard := b.listen(l)
	sing(l, 1000)
	eventually(t, "both hear each other", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	p.Mouth.Press(5)
	p.Mouth.Press(11)
	eventually(t, "the digits arrive", func() bool { return b.digits() == "5#" })

	if err := l.Hangup("done"); err != nil {
		t.Fatal(err)
	}
	p.Reply(p.Request("BYE"), "200 OK", "")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
	if c := b.s.Count(); c.Up != 1 || c.Failed != 0 || c.Forged != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestACustomersPageCallsTheRelay(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(guest)
	done := make(chan int, 1)
	go func() { done <- p.Call(700) }()
	in := b.inbound()
	if in.To != "95000" || in.From != "" || in.Tenant != "demo" || in.TrunkID != "" || in.User != "web-1" {
		t.Errorf("inbound %+v", in)
	}
	if err := in.Leg.Ring(); err != nil {
		t.Fatal(err)
	}
	if err := in.Leg.Answer(); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 200 {
		t.Fatalf("call: %d", code)
	}
	b.await(call.Answered, 1)
	heard := b.listen(in.Leg)
	sing(in.Leg, 1300)
	eventually(t, "both hear each other", func() bool { return heard.Hears(700) && p.Ear.Hears(1300) })
	if got := legOf(b).now.Load().keys.Load().profile; got != srtp.ProtectionProfileAeadAes128Gcm { // DTLS began with the page
		t.Errorf("profile %v is not the best that both know", got)
	}
	p.Send("BYE", "")
	p.Response(200, "BYE")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

// In a container the address that browsers use is not one of ours.
func TestListeningOnAllAddresses(t *testing.T) {
	b := newBed(t, func(c *Config) {
		c.Listen, c.Advertise = netip.MustParseAddrPort("0.0.0.0:0"), netip.MustParseAddr("127.0.0.1")
	})
	p := b.page(agent)
	p.Register("lin", 60)
	l := b.dial("lin", false)
	if invite := p.Answer(440, nil); strings.Count(invite.Body, "a=candidate:") != 1 || !strings.Contains(invite.Body, " 127.0.0.1 ") {
		t.Errorf("offered\n%s", invite.Body)
	}
	heard := b.listen(l)
	sing(l, 1000)
	eventually(t, "both hear each other", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	if _, err := New(Config{Listen: netip.MustParseAddrPort("0.0.0.0:0"), Tickets: b.box, Calls: b, Engine: b.engine}); err == nil {
		t.Error("nobody knows where to send to, and nobody says so")
	}
}

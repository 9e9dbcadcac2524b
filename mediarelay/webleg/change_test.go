package webleg

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"huawu/mediarelay/call"
)

// talking is a call from the relay to an agent's page, with a tone each way.
func talking(t *testing.T, edit func(*Config)) (*bed, *browser, call.Leg, *ear) {
	t.Helper()
	b := newBed(t, edit)
	p := b.page(agent)
	p.register("lin", 600)
	l := b.dial("lin", false)
	p.answer(440, nil)
	b.await(call.Answered, 1)
	heard := b.listen(l)
	sing(l, 1000)
	eventually(t, "both hear each other", func() bool { return heard.hears(440) && p.ear.hears(1000) })
	return b, p, l, heard
}

func TestABrowserHoldsAndResumes(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	senders := p.pc.GetTransceivers()
	if err := senders[0].SetMid("0"); err == nil {
		t.Error("the line has no mid")
	}
	hold := strings.ReplaceAll(p.offer(nil), "a=sendrecv", "a=sendonly")
	if answer := p.reinvite(hold); !strings.Contains(answer, "a=recvonly") {
		t.Errorf("hold was answered\n%s", answer)
	}
	b.await(call.Held, 1)
	answer := p.reinvite(strings.ReplaceAll(hold, "a=sendonly", "a=sendrecv"))
	if !strings.Contains(answer, "a=sendrecv") {
		t.Errorf("resume was answered\n%s", answer)
	}
	b.await(call.Resumed, 1)
	p.remote(webrtc.SDPTypeAnswer, answer)
	p.ear.clear()
	heard.clear()
	eventually(t, "both hear each other again", func() bool { return heard.hears(440) && p.ear.hears(1000) })
	if c := b.s.Count(); c.Up != 1 {
		t.Errorf("DTLS came up %d times", c.Up)
	}
}

func TestABrowserRestartsICE(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	before := p.pc.RemoteDescription().SDP
	answer := p.reinvite(p.offer(&webrtc.OfferOptions{ICERestart: true}))
	if ufrag(answer) == ufrag(before) {
		t.Error("our ICE name is the same")
	}
	p.remote(webrtc.SDPTypeAnswer, answer)
	eventually(t, "ICE is up again", func() bool { return p.pc.ICEConnectionState() == webrtc.ICEConnectionStateConnected })
	p.ear.clear()
	heard.clear()
	eventually(t, "both hear each other again", func() bool { return heard.hears(440) && p.ear.hears(1000) })
	if c := b.s.Count(); c.Up != 1 || c.Failed != 0 {
		t.Errorf("counted %+v", c)
	}
}

func ufrag(sdp string) string {
	_, v, _ := strings.Cut(sdp, "a=ice-ufrag:")
	v, _, _ = strings.Cut(v, "\r\n")
	return v
}

// A page that only lost its socket goes on with the same dialog by the next one.
func TestASocketIsLostAndTheSoundGoesOn(t *testing.T) {
	b, p, l, heard := talking(t, nil)
	_ = p.ws.CloseNow()
	eventually(t, "the page is gone", func() bool { return !b.s.Online("demo", "lin") })
	p.ear.clear()
	heard.clear()
	eventually(t, "both still hear each other", func() bool { return heard.hears(440) && p.ear.hears(1000) })
	b.connect(p, agent)
	p.register("lin", 600)
	if err := l.Hangup("done"); err != nil {
		t.Fatal(err)
	}
	p.reply(p.request("BYE"), "200 OK", "")
	b.await(call.Ended, 1)
	if b.count(call.Held) != 0 || b.s.Count().Resumed != 0 {
		t.Error("the loss of a socket was taken for the loss of the page")
	}
}

// A reloaded page is called again: the leg, its port and its place in the call
// stay, and the other party gets music meanwhile.
func TestAPageIsReloaded(t *testing.T) {
	b, p, l, heard := talking(t, nil)
	p.leave()
	b.await(call.Held, 1)
	heard.clear()

	next := b.page(agent)
	began := time.Now()
	next.register("lin", 600)
	invite := next.answer(550, nil)
	if invite.get("X-Resume") != l.ID() || invite.get("Alert-Info") == "" {
		t.Errorf("the new page is asked %q, %q", invite.get("X-Resume"), invite.get("Alert-Info"))
	}
	b.await(call.Resumed, 1)
	eventually(t, "both hear each other again", func() bool { return heard.hears(550) && next.ear.hears(1000) })
	t.Logf("registered → sound both ways: %v", time.Since(began).Round(time.Millisecond))
	if b.count(call.Ended) != 0 || b.count(call.Answered) != 1 || b.s.Live() != 1 {
		t.Error("the call saw more than a pause")
	}
	next.mouth.press(7)
	eventually(t, "digits arrive from the new page", func() bool { return b.digits() == "7" })
	next.send("BYE", "")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

// The new page may register before anybody noticed that the old one is gone.
func TestAnotherPageTakesOver(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	next := b.page(agent)
	next.register("lin", 600)
	if code := p.closing(); code != closeReplaced {
		t.Errorf("the old socket was closed with %d", code)
	}
	next.answer(550, nil)
	heard.clear()
	eventually(t, "the new page talks", func() bool { return heard.hears(550) && next.ear.hears(1000) })
	eventually(t, "the old one's connection is closed", func() bool {
		s := p.pc.ConnectionState()
		return s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateDisconnected
	})
	if b.count(call.Ended) != 0 {
		t.Error("the leg ended")
	}
}

func TestAPageThatDoesNotComeBackEndsTheLeg(t *testing.T) {
	b, p, _, _ := talking(t, func(c *Config) { c.Patience = 500 * time.Millisecond })
	p.leave()
	b.await(call.Ended, 1)
	if b.count(call.Held) != 1 || b.s.Count().Lost != 1 {
		t.Errorf("held %d times, counted %+v", b.count(call.Held), b.s.Count())
	}
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

// A page that is gone can be hung up, and nothing waits for it.
func TestALegWithoutAPageIsHungUp(t *testing.T) {
	b, p, l, _ := talking(t, nil)
	p.leave()
	b.await(call.Held, 1)
	began := time.Now()
	if err := l.Hangup("caller left"); err != nil {
		t.Fatal(err)
	}
	b.await(call.Ended, 1)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
	_ = l.Hangup("again")
	if b.count(call.Ended) != 1 {
		t.Error("ended twice")
	}
}

func TestAPageDeclines(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.register("lin", 600)
	b.dial("lin", false)
	invite := p.request("INVITE")
	p.dialog.local = word()
	p.reply(invite, "486 Busy Here", "")
	b.await(call.Failed, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

func TestARingingPageIsNotWantedAnyMore(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.register("lin", 600)
	l := b.dial("lin", false)
	invite := p.request("INVITE")
	p.dialog.local = word()
	p.reply(invite, "180 Ringing", "")
	b.await(call.Ringing, 1)
	if err := l.Hangup("answered elsewhere"); err != nil {
		t.Fatal(err)
	}
	p.reply(p.request("CANCEL"), "200 OK", "")
	p.reply(invite, "487 Request Terminated", "")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

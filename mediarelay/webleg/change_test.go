package webleg

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"huawu/mediarelay/call"
	"huawu/mediarelay/webleg/webtest"
	"huawu/shared/fault"
)

// talking is a call from the relay to an agent's page, with a tone each way.
func talking(t *testing.T, edit func(*Config)) (*bed, *webtest.Page, call.Leg, *webtest.Ear) {
	t.Helper()
	b := newBed(t, edit)
	p := b.page(agent)
	p.Register("lin", 600)
	l := b.dial("lin", false)
	p.Answer(440, nil)
	b.await(call.Answered, 1)
	heard := b.listen(l)
	sing(l, 1000)
	eventually(t, "both hear each other", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	return b, p, l, heard
}

func TestABrowserHoldsAndResumes(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	senders := p.PC.GetTransceivers()
	if err := senders[0].SetMid("0"); err == nil {
		t.Error("the line has no mid")
	}
	hold := strings.ReplaceAll(p.Offer(nil), "a=sendrecv", "a=sendonly")
	if answer := p.Reinvite(hold); !strings.Contains(answer, "a=recvonly") {
		t.Errorf("hold was answered\n%s", answer)
	}
	b.await(call.Held, 1)
	answer := p.Reinvite(strings.ReplaceAll(hold, "a=sendonly", "a=sendrecv"))
	if !strings.Contains(answer, "a=sendrecv") {
		t.Errorf("resume was answered\n%s", answer)
	}
	b.await(call.Resumed, 1)
	p.Remote(webrtc.SDPTypeAnswer, answer)
	p.Ear.Clear()
	heard.Clear()
	eventually(t, "both hear each other again", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	if c := b.s.Count(); c.Up != 1 {
		t.Errorf("DTLS came up %d times", c.Up)
	}
}

func TestABrowserRestartsICE(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	before := p.PC.RemoteDescription().SDP
	answer := p.Reinvite(p.Offer(&webrtc.OfferOptions{ICERestart: true}))
	if ufrag(answer) == ufrag(before) {
		t.Error("our ICE name is the same")
	}
	p.Remote(webrtc.SDPTypeAnswer, answer)
	eventually(t, "ICE is up again", func() bool { return p.PC.ICEConnectionState() == webrtc.ICEConnectionStateConnected })
	p.Ear.Clear()
	heard.Clear()
	eventually(t, "both hear each other again", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
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
	_ = p.Socket.CloseNow()
	eventually(t, "the page is gone", func() bool { return !b.s.Online("demo", "lin") })
	p.Ear.Clear()
	heard.Clear()
	eventually(t, "both still hear each other", func() bool { return heard.Hears(440) && p.Ear.Hears(1000) })
	b.connect(p, agent)
	p.Register("lin", 600)
	if err := l.Hangup("done"); err != nil {
		t.Fatal(err)
	}
	p.Reply(p.Request("BYE"), "200 OK", "")
	b.await(call.Ended, 1)
	if b.count(call.Held) != 0 || b.s.Count().Resumed != 0 {
		t.Error("the loss of a socket was taken for the loss of the page")
	}
}

// A reloaded page is called again: the leg, its port and its place in the call
// stay, and the other party gets music meanwhile.
func TestAPageIsReloaded(t *testing.T) {
	b, p, l, heard := talking(t, nil)
	p.Leave()
	b.await(call.Held, 1)
	heard.Clear()

	next := b.page(agent)
	began := time.Now()
	next.Register("lin", 600)
	invite := next.Answer(550, nil)
	if invite.Get("X-Resume") != l.ID() || invite.Get("Alert-Info") == "" {
		t.Errorf("the new page is asked %q, %q", invite.Get("X-Resume"), invite.Get("Alert-Info"))
	}
	b.await(call.Resumed, 1)
	eventually(t, "both hear each other again", func() bool { return heard.Hears(550) && next.Ear.Hears(1000) })
	t.Logf("registered → sound both ways: %v", time.Since(began).Round(time.Millisecond))
	if b.count(call.Ended) != 0 || b.count(call.Answered) != 1 || b.s.Live() != 1 {
		t.Error("the call saw more than a pause")
	}
	next.Mouth.Press(7)
	eventually(t, "digits arrive from the new page", func() bool { return b.digits() == "7" })
	next.Send("BYE", "")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

// The new page may register before anybody noticed that the old one is gone.
func TestAnotherPageTakesOver(t *testing.T) {
	b, p, _, heard := talking(t, nil)
	next := b.page(agent)
	next.Register("lin", 600)
	if code := p.Closing(); code != closeReplaced {
		t.Errorf("the old socket was closed with %d", code)
	}
	next.Answer(550, nil)
	heard.Clear()
	eventually(t, "the new page talks", func() bool { return heard.Hears(550) && next.Ear.Hears(1000) })
	eventually(t, "the old one's connection is closed", func() bool {
		s := p.PC.ConnectionState()
		return s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateDisconnected
	})
	if b.count(call.Ended) != 0 {
		t.Error("the leg ended")
	}
}

func TestAPageThatDoesNotComeBackEndsTheLeg(t *testing.T) {
	b, p, _, _ := talking(t, func(c *Config) { c.Patience = 500 * time.Millisecond })
	p.Leave()
	b.await(call.Ended, 1)
	if b.count(call.Held) != 1 || b.s.Count().Lost != 1 {
		t.Errorf("held %d times, counted %+v", b.count(call.Held), b.s.Count())
	}
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

// A page that is gone can be hung up, and nothing waits for it.
func TestALegWithoutAPageIsHungUp(t *testing.T) {
	b, p, l, _ := talking(t, nil)
	p.Leave()
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

// Some pages press keys by INFO, some by RTP, some by both: each press counts once.
func TestDigitsByINFO(t *testing.T) {
	b, p, _, _ := talking(t, nil)
	info := func(digit string) {
		p.Dialog.Seq++
		body := "Signal=" + digit + "\r\nDuration=100\r\n"
		d := &p.Dialog
		p.Write(fmt.Sprintf("INFO %s SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: <sip:huawu>;tag=%s\r\n"+
			"From: <sip:lin@huawu>;tag=%s\r\nCall-ID: %s\r\nCSeq: %d INFO\r\nContent-Type: application/dtmf-relay\r\nContent-Length: %d\r\n\r\n%s",
			d.Target, webtest.Word(), d.Remote, d.Local, d.CallID, d.Seq, len(body), body))
		p.Response(200, "INFO")
	}
	info("4")
	eventually(t, "a digit by INFO", func() bool { return b.digits() == "4" })
	p.Mouth.Press(8)
	eventually(t, "a digit by RTP", func() bool { return b.digits() == "48" })
	info("8") // the same press once more
	info("9")
	eventually(t, "the next one", func() bool { return b.digits() == "489" })
}

// Two tenants may have users of one name.
func TestPagesOfTenantsAreApart(t *testing.T) {
	b := newBed(t, nil)
	other := b.page(Identity{Tenant: "other", User: "lin"})
	other.Register("lin", 60)
	if _, err := b.s.Dial(t.Context(), call.Target{Kind: call.ToAgent, Tenant: "demo", URI: "lin"}, b.tell); fault.KindOf(err) != fault.NotFound {
		t.Errorf("dialled another tenant's page: %v", err)
	}
	next := &dialled{}
	own := b.s.Before(next)
	if _, err := own.Dial(t.Context(), call.Target{Kind: call.ToAgent, Tenant: "demo", URI: "lin"}, b.tell); err != nil || next.n != 1 {
		t.Errorf("a user without a page is not left to phones: %v", err)
	}
	if _, err := own.Dial(t.Context(), call.Target{Kind: call.ToAgent, CallID: "c", Tenant: "other", URI: "lin"}, b.tell); err != nil || next.n != 1 {
		t.Errorf("a user with a page is left to phones: %v", err)
	}
	other.Request("INVITE")
}

// dialled counts the calls that are left to it.
type dialled struct{ n int }

func (d *dialled) Dial(context.Context, call.Target, call.Notify) (call.Leg, error) {
	d.n++
	return nil, nil
}

func TestAPageDeclines(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.Register("lin", 600)
	b.dial("lin", false)
	invite := p.Request("INVITE")
	p.Dialog.Local = webtest.Word()
	p.Reply(invite, "486 Busy Here", "")
	b.await(call.Failed, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

func TestARingingPageIsNotWantedAnyMore(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.Register("lin", 600)
	l := b.dial("lin", false)
	invite := p.Request("INVITE")
	p.Dialog.Local = webtest.Word()
	p.Reply(invite, "180 Ringing", "")
	b.await(call.Ringing, 1)
	if err := l.Hangup("answered elsewhere"); err != nil {
		t.Fatal(err)
	}
	p.Reply(p.Request("CANCEL"), "200 OK", "")
	p.Reply(invite, "487 Request Terminated", "")
	b.await(call.Ended, 1)
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

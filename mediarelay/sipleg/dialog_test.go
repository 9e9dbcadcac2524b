package sipleg

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/media"
)

func TestThePeerHoldsAndResumes(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		held := strings.Replace(peerSDP, "t=0 0", "t=0 0\na=sendonly", 1)
		b.peer.send(request("INVITE", 2, tag, "Contact: <sip:moved@198.51.100.7:5060>", "Content-Type: application/sdp") + held)
		ok := b.peer.gets(200)
		if missing := lacksLine(ok.Body(), "a=recvonly", "m=audio 20000 RTP/AVP 0 101"); missing != nil {
			t.Errorf("the answer to hold lacks %q:\n%s", missing, ok.Body())
		}
		b.peer.send(request("ACK", 2, tag))
		b.heard("held")
		if r := b.port().last(); r.Send || !r.Receive {
			t.Errorf("held, media was told %+v", r)
		}
		b.peer.send(request("UPDATE", 3, tag, "Contact: <sip:moved@198.51.100.7:5060>", "Content-Type: application/sdp") + strings.Replace(peerSDP, "4000", "4444", 1))
		if missing := lacksLine(b.peer.gets(200).Body(), "a=sendrecv"); missing != nil {
			t.Errorf("the answer to resume lacks %q", missing)
		}
		b.heard("resumed")
		if r := b.port().last(); !r.Send || r.Addr.Port() != 4444 {
			t.Errorf("resumed, media was told %+v", r)
		}
		_ = b.leg().Hangup("")
		if bye := b.peer.asked(sip.BYE); bye.Recipient.User != "moved" {
			t.Errorf("BYE goes to %s, not to the new contact", bye.Recipient.String())
		}
	})
}

func TestTheOldHoldByZeroAddress(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		b.peer.send(request("INVITE", 2, tag, "Content-Type: application/sdp") + strings.Replace(peerSDP, "c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0", 1))
		b.peer.gets(200)
		b.peer.send(request("ACK", 2, tag))
		b.heard("held")
	})
}

func TestAnEmptyReINVITEGetsAFullOffer(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		b.peer.send(request("INVITE", 2, tag, peerContact))
		ok := b.peer.gets(200)
		if missing := lacksLine(ok.Body(), "m=audio 20000 RTP/AVP 0 8 101"); missing != nil {
			t.Fatalf("the offer lacks %q:\n%s", missing, ok.Body())
		}
		b.peer.send(request("ACK", 2, tag, "Content-Type: application/sdp") + strings.Replace(peerSDP, "4000", "4100", 1))
		b.heard("")
		if r := b.port().last(); r.Addr.Port() != 4100 {
			t.Errorf("media was told %+v", r)
		}
	})
}

func TestRefusedChangesLeaveTheCallAsItWas(t *testing.T) {
	tests := []struct {
		name, method string
		extra        []string
		body         string
		want         int
	}{
		{"an offer of fax only", "INVITE", []string{"Content-Type: application/sdp"}, strings.Replace(peerSDP, "m=audio 4000 RTP/AVP 0 8 101", "m=image 4000 udptl t38", 1), 488},
		{"SDP that is none", "UPDATE", []string{"Content-Type: application/sdp"}, "\n\nhello", 400},
		{"a transfer", "REFER", []string{"Refer-To: <sip:+1900@x>"}, "", 403},
		{"a method nobody knows", "DANCE", nil, "", 501},
		{"a method that we do not take", "MESSAGE", nil, "", 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				tag := b.established()
				before := len(b.port().remotes)
				b.peer.send(request(tt.method, 2, tag, tt.extra...) + tt.body)
				b.peer.gets(tt.want)
				b.heard("")
				if len(b.port().remotes) != before || b.s.Live() != 1 {
					t.Error("the call changed")
				}
			})
		})
	}
}

func TestRequestsOutOfOrderOrOfOthers(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		b.peer.send(request("INFO", 5, tag))
		b.peer.gets(200)
		b.peer.send(request("OPTIONS", 4, tag))
		b.peer.gets(500)
		b.peer.send(strings.Replace(request("BYE", 6, tag), "tag=peertag", "tag=guessed", 1))
		b.peer.gets(481)
		b.peer.send(request("OPTIONS", 7, tag))
		if ok := b.peer.gets(200); value(ok, "Allow") != allow {
			t.Errorf("got\n%s", ok)
		}
	})
}

func TestDigitsByINFO(t *testing.T) {
	tests := []struct{ kind, body, want string }{
		{"application/dtmf-relay", "Signal=7\nDuration=100", "heard 7"},
		{"application/dtmf-relay", "Duration= 100\nSignal= * ", "heard *"},
		{"application/dtmf-relay;x=y", "signal=11", "heard #"},
		{"application/dtmf", "5", "heard 5"},
		{"application/dtmf", "d", "heard D"},
		{"application/dtmf", "55", ""},
		{"text/plain", "5", ""},
		{"application/dtmf-relay", "Signal=", ""},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.body, func(t *testing.T) {
			virtual(t, func(b *bed) {
				tag := b.established()
				b.peer.send(request("INFO", 2, tag, "Content-Type: "+tt.kind) + "\n\n" + tt.body)
				b.peer.gets(200)
				b.heard(tt.want)
			})
		})
	}
}

func TestADigitByBothWaysIsOne(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		b.port().events(media.Event{Kind: media.Digit, Digit: '5', At: time.Now()})
		b.peer.send(request("INFO", 2, tag, "Content-Type: application/dtmf") + "\n\n5")
		b.peer.gets(200)
		b.heard("heard 5")
		b.port().events(media.Event{Kind: media.Digit, Digit: '5', At: time.Now()})
		b.heard("heard 5")
		time.Sleep(time.Second)
		b.peer.send(request("INFO", 3, tag, "Content-Type: application/dtmf") + "\n\n5")
		b.peer.gets(200)
		b.heard("heard 5")
	})
}

func TestLostMediaEndsTheCall(t *testing.T) {
	virtual(t, func(b *bed) {
		b.established()
		b.port().events(media.Event{Kind: media.MediaLost, At: time.Now()})
		bye := b.peer.asked(sip.BYE)
		b.peer.answer(bye, 481, "") // gone there already: ended as well
		synctest.Wait()
		if got := b.said(); !strings.HasSuffix(got, "ended") {
			t.Errorf("the call was told %q", got)
		}
	})
}

func TestWePutThePeerOnHold(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established()
		leg := b.leg().(*Leg)
		done := make(chan error, 1)
		go func() { done <- leg.Hold(context.Background(), true) }()
		req := b.peer.asked(sip.INVITE)
		if missing := lacksLine(req.Body(), "a=sendonly"); missing != nil {
			t.Errorf("the offer lacks %q", missing)
		}
		// Both offer at once: theirs is refused, and ours as well; we try again.
		b.peer.send(request("INVITE", 2, tag, "Content-Type: application/sdp") + peerSDP)
		b.peer.gets(491)
		b.peer.send(strings.Replace(request("ACK", 2, tag), "z9hG4bKACK20", "z9hG4bKINVITE21", 1))
		b.peer.answer(req, 491, "")
		b.peer.asked(sip.ACK)
		begun := time.Now()
		req = b.peer.asked(sip.INVITE)
		if d := time.Since(begun); d > 2100*time.Millisecond {
			t.Errorf("tried again after %s", d)
		}
		b.peer.answer(req, 180, "")
		b.peer.answer(req, 200, "", peerContact, "Content-Type: application/sdp", strings.Replace(peerSDP, "t=0 0", "t=0 0\na=recvonly", 1))
		ack := b.peer.asked(sip.ACK)
		if ack.CSeq().SeqNo != req.CSeq().SeqNo {
			t.Error("ACK has another number than its INVITE")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		b.peer.answer(req, 200, "", peerContact, "Content-Type: application/sdp", peerSDP)
		b.peer.asked(sip.ACK) // the 200 came again
		if r := b.port().last(); !r.Send || r.Receive {
			t.Errorf("media was told %+v", r)
		}
		go func() { done <- leg.Hold(context.Background(), false) }()
		req = b.peer.asked(sip.INVITE)
		b.peer.answer(req, 488, "")
		b.peer.asked(sip.ACK)
		if err := <-done; err == nil || b.s.Live() != 1 {
			t.Errorf("a refused change: %v, %d legs", err, b.s.Live())
		}
	})
}

func TestWeRefreshTheSession(t *testing.T) {
	virtual(t, func(b *bed) {
		b.established("Supported: timer", "Session-Expires: 1200;refresher=uas", "Allow: UPDATE")
		begun := time.Now()
		req := b.refreshAsked(sip.UPDATE)
		if d := time.Since(begun); d < 480*time.Second || d > 600*time.Second {
			t.Errorf("refreshed after %s", d)
		}
		if value(req, "Session-Expires") != "1200;refresher=uac" || len(req.Body()) != 0 {
			t.Errorf("the refresh is\n%s", req)
		}
		b.peer.answer(req, 200, "", "Session-Expires: 1200;refresher=uac")
		req = b.refreshAsked(sip.UPDATE)
		b.peer.answer(req, 500, "") // refused: the call ends with its interval
		bye := b.refreshAsked(sip.BYE)
		b.peer.answer(bye, 200, "")
		b.heard("ended")
	})
	virtual(t, func(b *bed) { // without UPDATE by a re-INVITE that changes nothing
		b.established("Supported: timer")
		req := b.refreshAsked(sip.INVITE)
		if missing := lacksLine(req.Body(), "m=audio 20000 RTP/AVP 0 101"); missing != nil {
			t.Errorf("the refresh lacks %q:\n%s", missing, req.Body())
		}
		b.peer.answer(req, 200, "", peerContact, "Content-Type: application/sdp", peerSDP)
		b.peer.asked(sip.ACK)
		if remotes := b.port().remotes; remotes[len(remotes)-1] != remotes[0] {
			t.Error("a refresh changed the media")
		}
	})
	virtual(t, func(b *bed) { // and a dialog that the peer lost ends
		b.established("Supported: timer")
		b.peer.answer(b.refreshAsked(sip.INVITE), 481, "")
		b.peer.asked(sip.ACK)
		b.peer.answer(b.peer.asked(sip.BYE), 481, "")
		b.heard("ended")
	})
}

// refreshAsked waits through the long silence before a refresh.
func (b *bed) refreshAsked(method sip.RequestMethod) *sip.Request {
	b.t.Helper()
	for range 12 {
		select {
		case p := <-b.peer.in:
			b.peer.in <- p
			return b.peer.asked(method)
		case <-time.After(150 * time.Second):
		}
	}
	b.t.Fatalf("no %s came", method)
	return nil
}

func TestThePeerRefreshesOrTheCallEnds(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite("Supported: timer", "Session-Expires: 90;refresher=uac", "Min-SE: 90"))
		b.peer.gets(100)
		_ = b.leg().Answer()
		ok := b.peer.gets(200)
		if value(ok, "Session-Expires") != "90;refresher=uac" || value(ok, "Require") != "timer" {
			t.Fatalf("got\n%s", ok)
		}
		tag := ok.To().Params.GetOr("tag", "")
		b.peer.send(request("ACK", 1, tag))
		time.Sleep(50 * time.Second)
		b.peer.send(request("UPDATE", 2, tag, "Supported: timer", "Session-Expires: 90;refresher=uac"))
		if ok := b.peer.gets(200); value(ok, "Session-Expires") != "90;refresher=uac" || len(ok.Body()) != 0 {
			t.Fatalf("got\n%s", ok)
		}
		time.Sleep(55 * time.Second)
		b.heard("answered")
		begun := time.Now()
		b.peer.answer(b.peer.asked(sip.BYE), 200, "")
		if d := time.Since(begun); d > 6*time.Second {
			t.Errorf("ended %s late", d)
		}
		b.heard("ended")
	})
}

func TestOutsideOfDialogs(t *testing.T) {
	tests := []struct {
		method string
		want   int
	}{
		{"OPTIONS", 200}, {"BYE", 481}, {"CANCEL", 481}, {"UPDATE", 481}, {"INFO", 481}, {"PRACK", 481}, {"NOTIFY", 481},
		{"REFER", 403}, {"SUBSCRIBE", 489}, {"MESSAGE", 405}, {"PUBLISH", 405}, {"FOO", 501},
	}
	for _, tt := range tests {
		t.Run(tt.method, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.peer.send(request(tt.method, 1, ""))
				b.peer.gets(tt.want)
			})
		})
	}
	virtual(t, func(b *bed) {
		b.peer.send(strings.Replace(request("OPTIONS", 1, ""), "Max-Forwards: 70", "Max-Forwards: 0", 1))
		b.peer.gets(200) // it is for us
		b.peer.send(strings.NewReplacer("Max-Forwards: 70", "Max-Forwards: 0", "sip:95000@203.0.113.5 SIP", "sip:x@example.com SIP").Replace(request("OPTIONS", 2, "")))
		b.peer.gets(483)
		b.s.Drain()
		b.peer.send(request("OPTIONS", 3, ""))
		b.peer.gets(503)
	})
}

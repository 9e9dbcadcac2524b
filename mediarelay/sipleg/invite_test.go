package sipleg

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/shared/fault"
)

func TestACallComesInAndTheCallerHangsUp(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite("User-to-User: abc", "X-Case: 7", "Diversion: <sip:1@x>", "Subject: no"))
		b.peer.gets(100)
		leg := b.leg()
		in := b.in[0]
		if in.From != "+8613800135678" || in.To != "95000" || in.Tenant != "demo" || in.TrunkID != "carrier" || in.ID == "" {
			t.Errorf("Inbound = %+v", in)
		}
		if h := leg.Headers(); len(h) != 3 || h["User-to-User"] != "abc" || h["X-Case"] != "7" {
			t.Errorf("Headers = %v", h)
		}
		if err := leg.Ring(); err != nil {
			t.Fatal(err)
		}
		ringing := b.peer.gets(180)
		if err := leg.Answer(); err != nil {
			t.Fatal(err)
		}
		ok := b.peer.gets(200)
		tag := ok.To().Params.GetOr("tag", "")
		if tag == "" || tag != ringing.To().Params.GetOr("tag", "") {
			t.Error("180 and 200 have different tags")
		}
		if missing := lacksLine(ok.Body(), "c=IN IP4 203.0.113.5", "m=audio 20000 RTP/AVP 0 101", "a=sendrecv"); missing != nil {
			t.Errorf("the answer lacks %q:\n%s", missing, ok.Body())
		}
		if c := ok.Contact(); c == nil || c.Address.Host != "203.0.113.5" || c.Address.User != leg.ID() {
			t.Errorf("Contact = %v", c)
		}
		b.heard("")
		b.peer.send(request("ACK", 1, tag))
		b.heard("answered")
		if r := b.port().last(); r.Addr.String() != "198.51.100.7:4000" || r.Law != media.PCMU || r.EventType != 101 || !r.Send || !r.Receive || r.Via.IsValid() {
			t.Errorf("media was told %+v", r)
		}
		if err := leg.Answer(); err != nil {
			t.Errorf("a second Answer: %v", err)
		}
		b.peer.send(request("BYE", 2, tag, `Reason: Q.850;cause=16;text="normal"`))
		b.peer.gets(200)
		b.heard("ended")
		if b.port().closed != 1 || b.s.Live() != 0 {
			t.Errorf("port closed %d times, %d legs left", b.port().closed, b.s.Live())
		}
		b.peer.send(request("BYE", 3, tag))
		b.peer.gets(481)
	})
}

func TestWeHangUp(t *testing.T) {
	virtual(t, func(b *bed) {
		tag := b.established("Record-Route: <sip:198.51.100.9:5070;lr>", "Record-Route: <sip:198.51.100.7:5060;lr>")
		other := b.end("198.51.100.9:5070")
		if err := b.leg().Hangup("done"); err != nil {
			t.Fatal(err)
		}
		bye := other.asked(sip.BYE)
		if r := bye.GetHeaders("route"); len(r) != 2 || r[0].Value() != "<sip:198.51.100.9:5070;lr>" {
			t.Errorf("Route = %v", r)
		}
		if bye.Recipient.String() != "sip:peer@198.51.100.7:5060" || bye.From().Params.GetOr("tag", "") != tag || bye.To().Params.GetOr("tag", "") != "peertag" {
			t.Errorf("BYE is\n%s", bye)
		}
		if got := value(bye, "Reason"); got != `SIP;text="done"` {
			t.Errorf("Reason = %q", got)
		}
		b.heard("") // the peer says 100 first, which ends nothing (sipgo's Bye took it for a failure)
		other.answer(bye, 100, "")
		b.heard("")
		other.answer(bye, 200, "")
		b.heard("ended")
		if b.s.Live() != 0 {
			t.Error("a leg is left")
		}
	})
}

func TestABYEWithoutAnAnswerEndsTheLegInASecond(t *testing.T) {
	virtual(t, func(b *bed) {
		b.established()
		_ = b.leg().Hangup("done")
		b.peer.asked(sip.BYE)
		time.Sleep(1100 * time.Millisecond)
		b.heard("ended")
	})
}

func TestThe200IsRepeatedUntilTheACK(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		start := time.Now()
		_ = b.leg().Answer()
		var at []string
		for range 12 {
			m := b.peer.next()
			if req, ok := m.(*sip.Request); ok {
				if req.Method != sip.BYE || time.Since(start) != giveUp {
					t.Fatalf("after %s came %s", time.Since(start), req.Method)
				}
				break
			}
			at = append(at, fmt.Sprint(time.Since(start).Seconds()))
		}
		if got := strings.Join(at, " "); got != "0 0.5 1.5 3.5 7.5 11.5 15.5 19.5 23.5 27.5 31.5" {
			t.Errorf("200 at %s", got)
		}
		time.Sleep(2 * time.Second)
		b.heard("ended")
	})
	virtual(t, func(b *bed) { // a lost ACK heals within half a second
		b.peer.send(invite())
		b.peer.gets(100)
		_ = b.leg().Answer()
		b.peer.gets(200)
		tag := b.peer.gets(200).To().Params.GetOr("tag", "")
		b.peer.send(request("INFO", 2, tag)) // between 200 and ACK; it does not confuse the ACK
		b.peer.gets(200)
		b.peer.send(request("ACK", 1, tag))
		b.heard("answered")
		b.peer.quiet(time.Minute)
	})
}

func TestHangupBeforeTheACKWaitsForIt(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		_ = b.leg().Answer()
		tag := b.peer.gets(200).To().Params.GetOr("tag", "")
		_ = b.leg().Hangup("no")
		b.peer.gets(200) // still
		b.peer.send(request("ACK", 1, tag))
		bye := b.peer.asked(sip.BYE)
		b.peer.answer(bye, 200, "")
		b.heard("answered, ended")
	})
}

func TestTheCallerGivesUp(t *testing.T) {
	virtual(t, func(b *bed) {
		first := invite()
		b.peer.send(first)
		b.peer.gets(100)
		_ = b.leg().Ring()
		tag := b.peer.gets(180).To().Params.GetOr("tag", "")
		cancel := strings.Replace(request("CANCEL", 1, "", `Reason: SIP;cause=200;text="elsewhere"`), "z9hG4bKCANCEL11", branchOf(first), 1)
		b.peer.send(cancel)
		b.peer.gets(200)
		gone := b.peer.gets(487)
		if gone.To().Params.GetOr("tag", "") != tag {
			t.Error("487 has another tag than 180")
		}
		b.heard("ended 487")
		b.peer.send(strings.Replace(request("ACK", 1, tag), "z9hG4bKACK10", branchOf(first), 1))
		if err := b.leg().Answer(); err != nil {
			t.Errorf("Answer after the end: %v", err)
		}
		b.peer.quiet(10 * time.Second)
		if b.s.Live() != 0 || b.port().closed != 1 {
			t.Error("something is left")
		}
	})
}

func branchOf(msg string) string {
	_, rest, _ := strings.Cut(msg, "branch=")
	b, _, _ := strings.Cut(rest, ";")
	return b
}

func TestACancelThatCrossesOur200ChangesNothing(t *testing.T) {
	virtual(t, func(b *bed) {
		first := invite()
		b.peer.send(first)
		b.peer.gets(100)
		_ = b.leg().Answer()
		tag := b.peer.gets(200).To().Params.GetOr("tag", "")
		b.peer.send(strings.Replace(request("CANCEL", 1, ""), "z9hG4bKCANCEL10", branchOf(first), 1))
		b.peer.gets(200) // to the CANCEL
		b.peer.send(request("ACK", 1, tag))
		b.heard("answered")
	})
}

func TestRefusedCalls(t *testing.T) {
	tests := []struct {
		name, msg string
		want      int
		header    string
	}{
		{"no audio that we know", strings.Replace(invite(), "RTP/AVP 0 8 101", "RTP/AVP 18", 1), 488, ""},
		{"only fax", strings.Replace(invite(), "m=audio 4000 RTP/AVP 0 8 101", "m=image 4000 udptl t38", 1), 488, ""},
		{"SDP that is none", strings.Replace(invite(), "v=0", "x=0", 1), 400, ""},
		{"a body of another type", strings.Replace(invite(), "application/sdp", "text/plain", 1), 415, "Accept"},
		{"a coded body", invite("Content-Encoding: gzip"), 415, "Accept-Encoding"},
		{"a caller that takes no SDP", invite("Accept: text/nobodyKnowsThis"), 406, ""},
		{"an extension we lack", invite("Require: precondition"), 420, "Unsupported"},
		{"too short a session", invite("Supported: timer", "Session-Expires: 60"), 422, "Min-SE"},
		{"no hop left", strings.Replace(invite(), "Max-Forwards: 70", "Max-Forwards: 0", 1), 483, ""},
		{"a contact we cannot call back", strings.Replace(invite(), "<sip:peer@", "<mailto:peer@", 1), 400, ""},
		{"another version of SIP", strings.Replace(invite(), " SIP/2.0\n", " SIP/3.0\n", 1), 505, ""},
		{"an unknown scheme", strings.Replace(invite(), "INVITE sip:", "INVITE nobody:", 1), 416, ""},
		{"a dialog that is not there", request("INVITE", 5, "nothere", peerContact, "Content-Type: application/sdp") + peerSDP, 481, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.peer.send(tt.msg)
				res := b.peer.gets(tt.want)
				if tt.header != "" && res.GetHeader(tt.header) == nil {
					t.Errorf("no %s in\n%s", tt.header, res)
				}
				if len(b.in) != 0 || b.s.Live() != 0 {
					t.Error("a call began")
				}
				for _, p := range b.ports {
					if p.closed != 1 {
						t.Error("a port is left open")
					}
				}
				b.w.ends[b.peer.at].in = make(chan packet, 4096) // repetitions of the refusal
				b.peer.in = b.w.ends[b.peer.at].in
				b.peer.send(strings.NewReplacer("call-1", "call-2", branchOf(invite()), "z9hG4bKother").Replace(invite()))
				for b.peer.next().(*sip.Response).StatusCode != 100 {
				}
			})
		})
	}
}

func TestNoRoomIs503WithRetryAfter(t *testing.T) {
	virtual(t, func(b *bed) {
		b.busy = call.ErrBusy
		b.peer.send(invite())
		b.peer.gets(100)
		if res := b.peer.gets(503); value(res, "Retry-After") != retryAfter {
			t.Errorf("got\n%s", res)
		}
		if b.s.Live() != 0 || b.port().closed != 1 {
			t.Error("something is left")
		}
	})
	virtual(t, func(b *bed) {
		b.s.Drain()
		b.peer.send(invite())
		if res := b.peer.gets(503); value(res, "Retry-After") != retryAfter {
			t.Errorf("got\n%s", res)
		}
	})
	virtual(t, func(b *bed) { // a trunk that is full
		few := b.end("192.0.2.77:5060")
		few.send(strings.ReplaceAll(invite(), "198.51.100.7", "192.0.2.77"))
		few.gets(100)
		few.send(strings.NewReplacer("198.51.100.7", "192.0.2.77", "call-1", "call-2", branchOf(invite()), "z9hG4bKother").Replace(invite()))
		few.gets(503)
		_ = b.leg().Reject(486, "")
		few.gets(486)
	})
}

func TestReject(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		if err := b.leg().Reject(200, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("Reject(200) = %v", err)
		}
		if err := b.leg().Reject(603, "Not\r\nEvil: 1"); err != nil {
			t.Fatal(err)
		}
		if res := b.peer.gets(603); res.Reason != "Not  Evil: 1" || res.GetHeader("Evil") != nil {
			t.Errorf("got\n%s", res)
		}
		b.heard("ended 603")
	})
	virtual(t, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		_ = b.leg().Hangup("nobody there")
		if res := b.peer.gets(480); value(res, "Reason") != `SIP;text="nobody there"` {
			t.Errorf("got\n%s", res)
		}
		b.heard("ended")
	})
}

func TestAnINVITEWithoutAnOfferGetsOurs(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(request("INVITE", 1, "", peerContact))
		b.peer.gets(100)
		_ = b.leg().Answer()
		ok := b.peer.gets(200)
		if missing := lacksLine(ok.Body(), "m=audio 20000 RTP/AVP 8 0 101", "a=sendrecv"); missing != nil {
			t.Fatalf("the offer lacks %q:\n%s", missing, ok.Body())
		}
		tag := ok.To().Params.GetOr("tag", "")
		b.peer.send(request("INVITE", 2, tag, peerContact, "Content-Type: application/sdp") + peerSDP)
		b.peer.gets(491) // our offer has no answer yet
		b.peer.send(request("ACK", 1, tag, "Content-Type: application/sdp") + peerSDP)
		b.heard("answered")
		if r := b.port().last(); r.Addr.String() != "198.51.100.7:4000" {
			t.Errorf("media was told %+v", r)
		}
	})
	virtual(t, func(b *bed) { // and an ACK without the answer ends it
		b.peer.send(request("INVITE", 1, "", peerContact))
		b.peer.gets(100)
		_ = b.leg().Answer()
		tag := b.peer.gets(200).To().Params.GetOr("tag", "")
		b.peer.send(request("ACK", 1, tag))
		b.peer.answer(b.peer.asked(sip.BYE), 200, "")
		b.heard("ended")
	})
}

func TestRequiredReliableRinging(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite("Require: 100rel"))
		b.peer.gets(100)
		_ = b.leg().Ring()
		ringing := b.peer.gets(180)
		if value(ringing, "RSeq") != "1" || value(ringing, "Require") != "100rel" {
			t.Fatalf("got\n%s", ringing)
		}
		b.peer.gets(180)
		tag := ringing.To().Params.GetOr("tag", "")
		b.peer.send(request("PRACK", 2, tag, "RAck: 7 1 INVITE"))
		b.peer.gets(481)
		b.peer.send(request("PRACK", 3, tag, "RAck: 1 1 INVITE"))
		b.peer.gets(200)
		b.peer.quiet(20 * time.Second)
		_ = b.leg().Answer()
		b.peer.gets(200)
		b.peer.send(request("ACK", 1, tag))
		b.heard("answered")
	})
	virtual(t, func(b *bed) {
		b.peer.send(invite("Require: 100rel"))
		b.peer.gets(100)
		_ = b.leg().Ring()
		for range 7 {
			b.peer.gets(180)
		}
		b.peer.gets(504)
		b.heard("ended 504")
	})
}

func TestTheSameINVITEByAnotherWayIsMerged(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		b.peer.send(strings.Replace(invite(), branchOf(invite()), "z9hG4bKother", 1))
		b.peer.gets(482)
		b.peer.send(strings.Replace(request("ACK", 1, "x"), branchOf(request("ACK", 1, "x")), "z9hG4bKother", 1))
		b.peer.send(invite()) // repeated by the same way: absorbed
		b.peer.gets(100)
		if len(b.in) != 1 {
			t.Errorf("%d calls began", len(b.in))
		}
	})
}

func TestWhoCallsAndWhom(t *testing.T) {
	tests := []struct{ name, msg, from, to string }{
		{"From and Request-URI", invite(), "+8613800135678", "95000"},
		{"the identity that the carrier vouches for", invite(`P-Asserted-Identity: "x" <sip:+861@c;user=phone>, <tel:+862>`), "+861", "95000"},
		{"a tel URI", invite("P-Asserted-Identity: <tel:+8610>"), "+8610", "95000"},
		{"withheld", invite("Privacy: id", "P-Asserted-Identity: <tel:+8610>"), "", "95000"},
		{"anonymous", strings.Replace(invite(), "sip:+8613800135678@", "sip:anonymous@", 1), "", "95000"},
		{"a number with a hash and parameters", strings.Replace(invite(), "INVITE sip:95000@203.0.113.5", "INVITE sip:95%23;phone-context=x@203.0.113.5", 1), "+8613800135678", "95#"},
		{"no user: To says it", strings.Replace(invite(), "INVITE sip:95000@203.0.113.5", "INVITE sip:203.0.113.5", 1), "+8613800135678", "95000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.peer.send(tt.msg)
				b.leg()
				if in := b.in[0]; in.From != tt.from || in.To != tt.to {
					t.Errorf("from %q to %q, want from %q to %q", in.From, in.To, tt.from, tt.to)
				}
			})
		})
	}
}

func TestAPrivateAddressInSDPIsLearnedFromTheSource(t *testing.T) {
	virtual(t, func(b *bed) {
		b.peer.send(strings.Replace(invite(), "c=IN IP4 198.51.100.7", "c=IN IP4 192.168.1.5", 1))
		b.peer.gets(100)
		_ = b.leg().Answer()
		b.peer.gets(200)
		if r := b.port().last(); r.Addr.String() != "192.168.1.5:4000" || r.Via.String() != "198.51.100.7" {
			t.Errorf("media was told %+v", r)
		}
	})
}

func TestNewNeedsItsParts(t *testing.T) {
	if _, err := New(Config{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("New = %v", err)
	}
	if r := refusalOf(errors.New("x")); r.code != 500 {
		t.Errorf("an unknown error is %d", r.code)
	}
}

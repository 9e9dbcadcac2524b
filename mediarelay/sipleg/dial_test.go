package sipleg

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"huawu/mediarelay/call"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// dial calls out by a trunk.
func (b *bed) dial(trunkID string, edit ...func(*call.Target)) call.Leg {
	b.t.Helper()
	to := call.Target{Kind: call.ToTrunk, Tenant: "demo", TrunkID: trunkID, URI: "+8610086", CallerID: "95000", LegID: "0199-leg"}
	for _, e := range edit {
		e(&to)
	}
	leg, err := b.s.Dial(context.Background(), to, b.tell)
	if err != nil {
		b.t.Fatal(err)
	}
	return leg
}

// okSDP is a 200 that answers our offer.
func okSDP(extra ...string) []string {
	return append(append([]string{peerContact}, extra...), "Content-Type: application/sdp", peerSDP)
}

func TestACallOut(t *testing.T) {
	virtual(t, func(b *bed) {
		leg := b.dial("carrier", func(to *call.Target) { to.Headers = map[string]string{"X-Ref": "7"}; to.CallerName = "话务" })
		req := b.peer.asked(sip.INVITE)
		if req.Recipient.String() != "sip:+8610086@198.51.100.7:5060" || req.From().Address.User != "95000" || req.From().DisplayName != "话务" ||
			value(req, "X-Ref") != "7" || value(req, "P-Asserted-Identity") != "<sip:95000@203.0.113.5>" || req.Contact().Address.User != leg.ID() {
			t.Errorf("INVITE is\n%s", req)
		}
		for i := range 12 { // carriers refresh ringing; sipgo gave up after ten
			b.peer.answer(req, 180+3*(i%2), "t1")
		}
		b.heard("ringing")
		b.peer.answer(req, 200, "t1", okSDP("Record-Route: <sip:198.51.100.7:5060;lr;x=near>", "Record-Route: <sip:198.51.100.9:5070;lr;x=far>")...)
		other := b.end("198.51.100.9:5070")
		_ = other
		ack := b.firstHop(req)
		routes := ack.GetHeaders("route")
		if len(routes) != 2 || !strings.Contains(routes[0].Value(), "far") || ack.CSeq().SeqNo != req.CSeq().SeqNo || ack.Recipient.User != "peer" {
			t.Errorf("ACK is\n%s", ack)
		}
		b.heard("answered")
		if r := b.port().last(); r.Addr.String() != "198.51.100.7:4000" || !r.Send {
			t.Errorf("media was told %+v", r)
		}
		if err := leg.Hangup("done"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	})
}

// firstHop reads the ACK where the reversed route set sends it; the far end of
// the record did not exist when the ACK was sent, so the 200 is sent again.
func (b *bed) firstHop(req *sip.Request) *sip.Request {
	b.t.Helper()
	far := &peerEnd{b, b.w.ends[addrOf("198.51.100.9:5070")]}
	b.peer.answer(req, 200, "t1", okSDP("Record-Route: <sip:198.51.100.7:5060;lr;x=near>", "Record-Route: <sip:198.51.100.9:5070;lr;x=far>")...)
	return far.asked(sip.ACK)
}

func TestTheCalleeHangsUp(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 200, "t1", okSDP()...)
		b.peer.asked(sip.ACK)
		b.peer.answer(req, 200, "t1", okSDP()...)
		b.peer.asked(sip.ACK) // again, as the first was lost
		bye := strings.NewReplacer("INVITE", "BYE").Replace("INVITE sip:x@203.0.113.5 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKb1\nFrom: <sip:x@y>;tag=t1\nTo: <sip:z@y>;tag=" +
			req.From().Params.GetOr("tag", "") + "\nCall-ID: " + req.CallID().Value() + "\nCSeq: 9 INVITE\n")
		b.peer.send(bye)
		b.peer.gets(200)
		b.heard("answered, ended")
	})
}

func TestABYEThatOvertakesThe200(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.send("BYE sip:x@203.0.113.5 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKb1\nFrom: <sip:x@y>;tag=t1\nTo: <sip:z@y>;tag=" +
			req.From().Params.GetOr("tag", "") + "\nCall-ID: " + req.CallID().Value() + "\nCSeq: 9 BYE\n")
		b.peer.gets(200)
		b.peer.answer(req, 200, "t1", okSDP()...)
		b.peer.asked(sip.ACK)
		b.heard("answered, ended")
	})
}

func TestEarlyAudio(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 180, "t1")
		b.peer.answer(req, 183, "t1", okSDP("Require: 100rel", "RSeq: 77")...)
		prack := b.peer.asked(sip.PRACK)
		if got := value(prack, "RAck"); got != "77 1 INVITE" {
			t.Errorf("RAck = %q", got)
		}
		b.peer.answer(prack, 200, "")
		b.peer.answer(req, 183, "t1", okSDP("Require: 100rel", "RSeq: 77")...)
		b.heard("ringing, ringing early")
		if r := b.port().last(); !r.Receive {
			t.Errorf("media was told %+v", r)
		}
		b.peer.answer(req, 486, "t1", `Reason: Q.850;cause=17;text="busy"`)
		b.peer.asked(sip.ACK)
		b.heard("failed 486")
		if b.s.Live() != 0 {
			t.Error("a leg is left")
		}
	})
}

func TestWeGiveUpRinging(t *testing.T) {
	virtual(t, func(b *bed) {
		leg := b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		_ = leg.Hangup("ring time over") // no answer yet: CANCEL has to wait (§9.1)
		b.heard("ended")
		b.peer.quiet(400 * time.Millisecond)
		b.peer.answer(req, 180, "t1")
		cancel := b.peer.asked(sip.CANCEL)
		if cancel.Via().Params.GetOr("branch", "") != req.Via().Params.GetOr("branch", "x") || cancel.CSeq().SeqNo != req.CSeq().SeqNo ||
			value(cancel, "Reason") != `SIP;text="ring time over"` {
			t.Errorf("CANCEL is\n%s", cancel)
		}
		b.peer.answer(cancel, 200, "t1")
		b.peer.answer(req, 487, "t1")
		b.peer.asked(sip.ACK)
		b.heard("")
	})
	virtual(t, func(b *bed) { // a 200 that crosses the CANCEL is acknowledged and ended
		leg := b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 180, "t1")
		_ = leg.Hangup("")
		cancel := b.peer.asked(sip.CANCEL)
		b.peer.answer(req, 200, "t1", okSDP()...)
		b.peer.answer(cancel, 481, "t1")
		b.peer.asked(sip.ACK)
		bye := b.peer.asked(sip.BYE)
		b.peer.answer(bye, 200, "")
		b.heard("ringing, ended")
	})
}

func TestAForkThatAnswersTooIsEnded(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 180, "t1")
		b.peer.answer(req, 180, "t2")
		b.peer.answer(req, 200, "t1", okSDP()...)
		if ack := b.peer.asked(sip.ACK); ack.To().Params.GetOr("tag", "") != "t1" {
			t.Errorf("ACK is\n%s", ack)
		}
		b.peer.answer(req, 200, "t2", okSDP()...)
		if ack := b.peer.asked(sip.ACK); ack.To().Params.GetOr("tag", "") != "t2" {
			t.Errorf("ACK is\n%s", ack)
		}
		if bye := b.peer.asked(sip.BYE); bye.To().Params.GetOr("tag", "") != "t2" {
			t.Errorf("BYE is\n%s", bye)
		}
		b.heard("ringing, answered")
	})
}

func TestAnAnswerWeCannotUseEndsTheCall(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 200, "t1", peerContact)
		b.peer.asked(sip.ACK)
		b.peer.answer(b.peer.asked(sip.BYE), 200, "")
		b.heard("failed 488")
		if b.s.Live() != 0 || b.port().closed == 0 {
			t.Error("something is left")
		}
	})
}

func TestDigestOfATrunk(t *testing.T) {
	challenge := func(alg, realm, rest string) string {
		return `WWW-Authenticate: Digest realm="` + realm + `", nonce="n1", qop="auth, auth-int", algorithm=` + alg + rest
	}
	virtual(t, func(b *bed) {
		b.dial("keyed")
		req := b.peer.asked(sip.INVITE)
		b.peer.answer(req, 401, "x", challenge("MD5", "carrier.test", ""), challenge("sha-256", "carrier.test", ""))
		b.peer.asked(sip.ACK)
		second := b.peer.asked(sip.INVITE)
		cred, err := digest.ParseCredentials(value(second, "Authorization"))
		if err != nil || !strings.EqualFold(cred.Algorithm, "SHA-256") || cred.Username != "user" || cred.URI != second.Recipient.String() {
			t.Fatalf("credentials %+v, %v", cred, err)
		}
		want, _ := digest.Digest(&digest.Challenge{Realm: "carrier.test", Nonce: "n1", Algorithm: "SHA-256", QOP: []string{"auth"}},
			digest.Options{Method: "INVITE", URI: cred.URI, Username: "user", Password: "secret", Cnonce: cred.Cnonce, Count: 1})
		if want.Response != cred.Response || second.CSeq().SeqNo != req.CSeq().SeqNo+1 || second.CallID().Value() != req.CallID().Value() {
			t.Errorf("second INVITE is\n%s", second)
		}
		b.peer.answer(second, 401, "x", challenge("MD5", "carrier.test", ", stale=true"))
		b.peer.asked(sip.ACK)
		third := b.peer.asked(sip.INVITE)
		b.peer.answer(third, 200, "t1", okSDP()...)
		if ack := b.peer.asked(sip.ACK); ack.CSeq().SeqNo != third.CSeq().SeqNo || ack.GetHeader("Authorization") == nil {
			t.Errorf("ACK is\n%s", ack)
		}
		b.heard("answered")
	})
	for name, line := range map[string]string{
		"a realm that is not the carrier's": challenge("MD5", "evil.test", ""),
		"an algorithm nobody knows":         challenge("ROT13", "carrier.test", ""),
		"no challenge":                      "X-No: 1",
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.dial("keyed")
				b.peer.answer(b.peer.asked(sip.INVITE), 401, "x", line)
				b.peer.asked(sip.ACK)
				b.heard("failed 401")
				b.peer.quiet(time.Second)
			})
		})
	}
	virtual(t, func(b *bed) { // a password that is wrong is tried once
		b.dial("keyed")
		b.peer.answer(b.peer.asked(sip.INVITE), 401, "x", challenge("MD5", "carrier.test", ""))
		b.peer.asked(sip.ACK)
		b.peer.answer(b.peer.asked(sip.INVITE), 401, "x", challenge("MD5", "carrier.test", ""))
		b.peer.asked(sip.ACK)
		b.heard("failed 401")
	})
}

func TestALongerSessionIsAskedFor(t *testing.T) {
	virtualWith(t, func(c *Config) { c.Refresh = 100 * time.Second }, func(b *bed) {
		b.dial("carrier")
		b.peer.answer(b.peer.asked(sip.INVITE), 422, "x", "Min-SE: 1800")
		b.peer.asked(sip.ACK)
		if req := b.peer.asked(sip.INVITE); value(req, "Session-Expires") != "1800" || value(req, "Min-SE") != "1800" {
			t.Errorf("second INVITE is\n%s", req)
		}
	})
}

func TestTheNextAddressOfATrunk(t *testing.T) {
	virtual(t, func(b *bed) {
		second := b.end("198.51.100.8:5060")
		begun := time.Now()
		b.dial("pair")
		first := b.peer.asked(sip.INVITE)
		req := second.asked(sip.INVITE) // the first says nothing
		if d := time.Since(begun); d > 2*time.Second {
			t.Errorf("tried after %s", d)
		}
		second.answer(req, 200, "t1", peerContact, "Content-Type: application/sdp", peerSDP)
		b.heard("answered")
		for len(b.peer.in) > 0 { // repetitions of the first INVITE
			<-b.peer.in
		}
		b.peer.answer(first, 200, "late", okSDP()...) // and wakes up too late
		for {
			m := b.peer.next().(*sip.Request)
			if m.Method == sip.BYE {
				break
			}
		}
		b.heard("")
		b.dial("pair", func(to *call.Target) { to.LegID = "second" })
		req = second.asked(sip.INVITE) // the one that failed lately is not tried first
		second.answer(req, 503, "")
		second.asked(sip.ACK)
		for {
			m, ok := b.peer.next().(*sip.Request)
			if ok && m.Method == sip.INVITE {
				b.peer.answer(m, 404, "")
				break
			}
		}
		b.heard("failed 404")
	})
}

func TestDialErrors(t *testing.T) {
	tests := []struct {
		name string
		to   call.Target
		want fault.Kind
	}{
		{"no phone is registered", call.Target{Kind: call.ToAgent, Tenant: "demo", URI: "lin"}, fault.NotFound},
		{"no such trunk", call.Target{Kind: call.ToTrunk, Tenant: "demo", TrunkID: "x", URI: "1"}, fault.NotFound},
		{"a number that is none", call.Target{Kind: call.ToTrunk, Tenant: "demo", URI: "1\r\nEvil: 1"}, fault.Invalid},
		{"a header that would be smuggled", call.Target{Kind: call.ToTrunk, Tenant: "demo", URI: "1", Headers: map[string]string{"X-A": "b\r\nEvil: 1"}}, fault.Invalid},
		{"a header that is ours", call.Target{Kind: call.ToTrunk, Tenant: "demo", URI: "1", Headers: map[string]string{"Via": "b"}}, fault.Invalid},
		{"a kind nobody knows", call.Target{Kind: "pigeon", Tenant: "demo", URI: "1"}, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				if _, err := b.s.Dial(context.Background(), tt.to, b.tell); fault.KindOf(err) != tt.want {
					t.Errorf("Dial = %v", err)
				}
				if b.s.Live() != 0 {
					t.Error("a leg is left")
				}
				b.heard("")
			})
		})
	}
	virtual(t, func(b *bed) {
		to := call.Target{Kind: call.ToTrunk, Tenant: "few", TrunkID: "few", URI: "1"}
		leg, err := b.s.Dial(context.Background(), to, b.tell)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.s.Dial(context.Background(), to, b.tell); !errors.Is(err, trunk.ErrFull) || fault.KindOf(err) != fault.Throttled {
			t.Errorf("a second call: %v", err)
		}
		_ = leg.Hangup("")
		if _, err := b.s.Dial(context.Background(), to, b.tell); err != nil {
			t.Errorf("after the first: %v", err)
		}
	})
}

func TestASilentTrunkFailsIn32Seconds(t *testing.T) {
	virtual(t, func(b *bed) {
		b.dial("carrier")
		time.Sleep(31 * time.Second)
		b.heard("")
		time.Sleep(2 * time.Second)
		b.heard("failed 408")
	})
}

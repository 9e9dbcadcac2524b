package sipleg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"huawu/mediarelay/call"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// phoneEnd is a scripted phone behind NAT: its contact is private.
func (b *bed) phone(at string, n int) *peerEnd {
	b.t.Helper()
	p := b.end(at)
	msg := func(seq int, extra string) string {
		return fmt.Sprintf(`
REGISTER sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.%d:5060;branch=z9hG4bKreg%d%d;rport
Max-Forwards: 70
From: <sip:lin@203.0.113.5>;tag=r
To: <sip:lin@203.0.113.5>
Call-ID: reg-%d
CSeq: %d REGISTER
Contact: <sip:lin@10.0.0.%d:5060;ob>;expires=600
%s`, n, n, seq, n, seq, n, extra)
	}
	p.send(msg(1, ""))
	asked := p.gets(401)
	if len(asked.GetHeaders("WWW-Authenticate")) != 2 {
		b.t.Fatalf("got\n%s", asked)
	}
	c, err := digest.ParseChallenge(asked.GetHeaders("WWW-Authenticate")[0].Value())
	if err != nil {
		b.t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: "REGISTER", URI: "sip:203.0.113.5", Username: "lin", Password: "secret"})
	if err != nil {
		b.t.Fatal(err)
	}
	p.send(msg(2, "Authorization: "+cred.String()))
	if ok := p.gets(200); !strings.Contains(ok.String(), fmt.Sprintf("<sip:lin@10.0.0.%d:5060;ob>;expires=600", n)) {
		b.t.Fatalf("got\n%s", ok)
	}
	return p
}

func (b *bed) ringPhones() call.Leg {
	b.t.Helper()
	leg, err := b.s.Dial(context.Background(), call.Target{Kind: call.ToAgent, Tenant: "demo", URI: "lin", CallerID: "+8613800135678", AutoAnswer: true, LegID: "L"}, b.tell)
	if err != nil {
		b.t.Fatal(err)
	}
	return leg
}

func TestAllPhonesOfAnAgentRingAndTheFirstHasTheCall(t *testing.T) {
	virtual(t, func(b *bed) {
		one, two := b.phone("192.0.2.31:40001", 31), b.phone("192.0.2.32:40002", 32)
		leg := b.ringPhones()
		inv1, inv2 := one.asked(sip.INVITE), two.asked(sip.INVITE)
		if inv1.Recipient.String() != "sip:lin@10.0.0.31:5060;ob" || value(inv1, "Alert-Info") != "info=alert-autoanswer" ||
			!strings.HasSuffix(value(inv1, "Call-Info"), ";answer-after=0") || inv1.CallID().Value() == inv2.CallID().Value() {
			t.Errorf("INVITE is\n%s", inv1)
		}
		one.answer(inv1, 180, "p1")
		two.answer(inv2, 180, "p2")
		two.answer(inv2, 200, "p2", "Contact: <sip:lin@10.0.0.32:5060>", "Content-Type: application/sdp", strings.ReplaceAll(peerSDP, "198.51.100.7", "10.0.0.32"))
		two.asked(sip.ACK) // to where it registered from, not to 10.0.0.32
		cancel := one.asked(sip.CANCEL)
		one.answer(cancel, 200, "p1")
		one.answer(inv1, 487, "p1")
		one.asked(sip.ACK)
		b.heard("ringing, answered")
		if r := b.port().last(); r.Addr.String() != "10.0.0.32:4000" || r.Via.String() != "192.0.2.32" {
			t.Errorf("media was told %+v", r)
		}
		_ = leg.Hangup("")
		bye := two.asked(sip.BYE)
		two.answer(bye, 200, "")
		b.heard("ended")
		if b.s.Live() != 0 {
			t.Error("a leg is left")
		}
	})
}

func TestTwoPhonesAnswerAtOnce(t *testing.T) {
	virtual(t, func(b *bed) {
		one, two := b.phone("192.0.2.31:40001", 31), b.phone("192.0.2.32:40002", 32)
		b.ringPhones()
		inv1, inv2 := one.asked(sip.INVITE), two.asked(sip.INVITE)
		sdp := []string{"Contact: <sip:lin@10.0.0.32:5060>", "Content-Type: application/sdp", peerSDP}
		one.answer(inv1, 200, "p1", sdp...)
		one.asked(sip.ACK)
		two.answer(inv2, 200, "p2", sdp...)
		two.asked(sip.ACK)
		two.answer(two.asked(sip.BYE), 200, "")
		b.heard("answered")
	})
}

func TestNobodyAnswers(t *testing.T) {
	virtual(t, func(b *bed) {
		one, two := b.phone("192.0.2.31:40001", 31), b.phone("192.0.2.32:40002", 32)
		b.ringPhones()
		inv1, inv2 := one.asked(sip.INVITE), two.asked(sip.INVITE)
		two.answer(inv2, 486, "p2")
		one.answer(inv1, 480, "p1")
		b.heard("failed 486")
	})
	virtual(t, func(b *bed) { // the call's own ring time is over
		one := b.phone("192.0.2.31:40001", 31)
		leg := b.ringPhones()
		inv := one.asked(sip.INVITE)
		one.answer(inv, 180, "p1")
		_ = leg.Hangup("ring time over")
		one.answer(one.asked(sip.CANCEL), 200, "p1")
		b.heard("ringing, ended")
	})
}

func TestAPhoneMayNotDialOut(t *testing.T) {
	virtual(t, func(b *bed) {
		one := b.phone("192.0.2.31:40001", 31)
		one.send(invite())
		if res := one.gets(403); res.Reason != "Calls are dialled at the desk" {
			t.Errorf("got\n%s", res)
		}
	})
}

func TestAServerRegistersAsAPhone(t *testing.T) {
	virtual(t, func(b *bed) {
		cfg := b.s.cfg
		table, err := trunk.NewTable()
		if err != nil {
			t.Fatal(err)
		}
		cfg.PacketConn, cfg.Registrar, cfg.Trunks = b.w.open("192.0.2.40:5060"), nil, table
		agent, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer agent.Close()
		ctx := context.Background()
		r := Registration{At: addrOf(relayAt), User: "lin", Password: "secret", Expires: 2 * time.Minute}
		if _, err := agent.Register(ctx, r); err == nil {
			t.Fatal("the answer of an address that no trunk has was read")
		}
		if err := table.Replace(trunk.Trunk{ID: "relay", Tenant: "demo", Peers: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}); err != nil {
			t.Fatal(err)
		}
		if lasts, err := agent.Register(ctx, r); err != nil || lasts != 2*time.Minute {
			t.Fatalf("Register = %s, %v", lasts, err)
		}
		if where := b.s.cfg.Registrar.Lookup("demo", "lin"); len(where) != 1 || where[0].Source.String() != "192.0.2.40:5060" {
			t.Fatalf("Lookup = %+v", where)
		}
		r.Expires = 0
		if _, err := agent.Register(ctx, r); err != nil || len(b.s.cfg.Registrar.Lookup("demo", "lin")) != 0 {
			t.Fatalf("unregister: %v", err)
		}
		r.Password = "wrong"
		if _, err := agent.Register(ctx, r); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a wrong password: %v", err)
		}
	})
}

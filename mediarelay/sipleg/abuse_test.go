package sipleg

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/trunk"
)

// anyone is a table in which every address is a trunk's.
type anyone struct{}

func (anyone) Match(netip.Addr) (trunk.Trunk, error) {
	return trunk.Trunk{ID: "any", Tenant: "demo"}, nil
}

func (anyone) Pick(string, string) (trunk.Trunk, error) { return trunk.Trunk{}, trunk.ErrUnknown }

// works reports whether a good call still gets through.
func (b *bed) works() {
	b.t.Helper()
	b.w.mu.Lock()
	b.peer.in = make(chan packet, 4096)
	b.w.mu.Unlock()
	b.peer.send(strings.NewReplacer("call-1", "call-after", branchOf(invite()), "z9hG4bKafter").Replace(invite()))
	b.peer.gets(100)
	if err := b.leg().Answer(); err != nil {
		b.t.Fatal(err)
	}
	tag := b.peer.gets(200).To().Params.GetOr("tag", "")
	b.peer.send(strings.Replace(request("ACK", 1, tag), "call-1", "call-after", 1))
	synctest.Wait()
	if got := b.said(); !strings.HasSuffix(got, "answered") {
		b.t.Errorf("afterwards a call was told %q", got)
	}
	if c := b.s.Count(); c.Panics != 0 {
		b.t.Errorf("%d panics", c.Panics)
	}
}

func TestStrangersAreRefusedAFewTimesAndThenDropped(t *testing.T) {
	var log strings.Builder
	virtualWith(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, func(b *bed) {
		out := b.end("192.0.2.200:5060")
		for i := range 30 {
			out.send(strings.Replace(invite(), branchOf(invite()), fmt.Sprint("z9hG4bK", i), 1))
		}
		answers := 0
		for len(out.in) > 0 {
			if res := out.gets(403); res.Reason != "Unknown Trunk" {
				t.Errorf("got\n%s", res)
			}
			answers++
		}
		if answers == 0 || answers > 12 {
			t.Errorf("30 calls of a stranger got %d answers", answers)
		}
		for _, msg := range []string{request("OPTIONS", 1, ""), request("BYE", 1, "x"), request("MESSAGE", 1, ""), "garbage garbage garbage", strings.Replace(invite(), "SIP/2.0", "SIP/9.0", 1)} {
			out.send(msg)
		}
		out.quiet(time.Second)
		c := b.s.Count()
		if len(b.in) != 0 || c.Strangers == 0 || c.Dropped == 0 {
			t.Errorf("%d calls began, counted %+v", len(b.in), c)
		}
		b.works()
	})
	if !strings.Contains(log.String(), `msg="sipleg: call from unknown trunk refused" from=192.0.2.200:5060 status=403`) || strings.Contains(log.String(), "138001") {
		t.Errorf("the log says\n%s", log.String())
	}
}

func TestAPasswordGuesserIsBanned(t *testing.T) {
	virtual(t, func(b *bed) {
		out := b.end("192.0.2.200:5060")
		for i := range 60 {
			out.send(fmt.Sprintf("REGISTER sip:203.0.113.5 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKg%d\nFrom: <sip:u%d@x>;tag=1\nTo: <sip:u%d@x>\nCall-ID: g%d\nCSeq: 1 REGISTER\nContact: <sip:u@192.0.2.200>\n", i, i, i, i))
			var nonce string
			select {
			case p := <-out.in:
				_, rest, _ := strings.Cut(string(p.data), `nonce="`)
				nonce, _, _ = strings.Cut(rest, `"`)
			case <-time.After(time.Second):
			}
			out.send(fmt.Sprintf("REGISTER sip:203.0.113.5 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKh%d\nFrom: <sip:u%d@x>;tag=1\nTo: <sip:u%d@x>\nCall-ID: g%d\nCSeq: 2 REGISTER\nContact: <sip:u@192.0.2.200>\nAuthorization: Digest username=\"u%d\", realm=\"huawu\", nonce=\"%s\", uri=\"sip:203.0.113.5\", response=\"00\", algorithm=MD5\n", i, i, i, i, i, nonce))
			time.Sleep(time.Second)
			for len(out.in) > 0 {
				<-out.in
			}
		}
		if !b.s.cfg.Registrar.Banned(netip.MustParseAddr("192.0.2.200")) {
			t.Error("60 wrong answers, and still answered")
		}
		b.works()
	})
}

func TestAFloodOfSourcesIsForgotten(t *testing.T) {
	virtualWith(t, func(c *Config) { c.Trunks = anyone{} }, func(b *bed) {
		msg := strings.ReplaceAll(request("OPTIONS", 1, "", "Content-Length: 0"), "\n", "\r\n") + "\r\n\r\n"
		for i := range 20_000 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5060)
			b.w.deliver(from, addrOf(relayAt), []byte(strings.Replace(msg, "z9hG4bK", fmt.Sprint("z9hG4bK", i), 1)))
			if i%1000 == 0 {
				synctest.Wait()
				time.Sleep(40 * time.Second) // transactions end
			}
		}
		time.Sleep(2 * sourceLife)
		if n := b.s.tp.Pool("udp").Size(); n > 3 || len(b.s.udp.seen) > 0 {
			t.Errorf("sipgo still knows %d sources, we %d", n, len(b.s.udp.seen))
		}
		b.works()
	})
}

func TestTortureMessagesReachTheirOutcome(t *testing.T) {
	// What the guard lets through, and what becomes of it here (RFC 4475).
	want := map[string]int{
		"dblreq": 401, "esc01": 100, "esc02": 501, "escnull": 404, "intmeth": 501, "lwsdisp": 200, "mpart01": 405, "semiuri": 200,
		"transports": 200, "wsinv": 481, "baddate": 100, "regescrt": 401, "unksm2": 404, "invut": 415, "regaut01": 401,
		"zeromf": 483, "cparam01": 401, "cparam02": 401, "sdp01": 406,
		"inv2543": 400, // sipgo knows no transactions without branch and From tag, which RFC 2543 allowed
	}
	files, err := filepath.Glob("guard/testdata/torture/*.dat")
	if err != nil || len(files) != 50 {
		t.Fatalf("%d messages, %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".dat")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			virtualWith(t, func(c *Config) { c.Trunks = anyone{} }, func(b *bed) {
				b.w.deliver(b.peer.at, addrOf(relayAt), raw)
				synctest.Wait()
				got := 0
				if len(b.peer.in) > 0 {
					_, _ = fmt.Sscanf(string((<-b.peer.in).data), "SIP/2.0 %d", &got) // it may repeat what no parser reads
				}
				if code, listed := want[name]; listed && got != code {
					t.Errorf("answered %d, want %d", got, code)
				}
				for _, in := range b.in {
					_ = in.Leg.Reject(486, "")
				}
				synctest.Wait()
				b.events = nil
				b.works()
			})
		})
	}
}

func TestAPanicInACallIsContained(t *testing.T) {
	virtualWith(t, func(c *Config) { c.Calls = panicky{} }, func(b *bed) {
		b.peer.send(invite())
		b.peer.gets(100)
		if c := b.s.Count(); c.Panics != 1 {
			t.Errorf("counted %+v", c)
		}
		b.peer.send(request("OPTIONS", 9, ""))
		b.peer.gets(200)
	})
}

type panicky struct{}

func (panicky) Start(call.Inbound) (call.Notify, error) { panic("a bug") }

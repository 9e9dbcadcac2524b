package sipleg

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg/guard"
	"huawu/mediarelay/sipleg/offer"
	"huawu/mediarelay/trunk"
)

// BenchmarkInspect is what every datagram costs before sipgo sees it.
func BenchmarkInspect(b *testing.B) {
	raw := []byte(strings.ReplaceAll(invite(), "\n", "\r\n"))
	p := sip.NewParser()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if o := guard.Inspect(p, guard.Tidy(raw)); !o.Pass {
			b.Fatal(o.Why)
		}
	}
}

// BenchmarkAnswer is one offer and its answer.
func BenchmarkAnswer(b *testing.B) {
	sdp := []byte(strings.ReplaceAll(strings.TrimLeft(peerSDP, "\n"), "\n", "\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		s := offer.NewSession(netip.MustParseAddrPort("203.0.113.5:20000"), nil, 1)
		if _, _, err := s.Answer(sdp); err != nil {
			b.Fatal(err)
		}
	}
}

// answering takes every call.
type answering struct{ done chan struct{} }

func (a answering) Start(in call.Inbound) (call.Notify, error) {
	tell := func(e call.LegEvent) {
		if e.Kind == call.Ended {
			a.done <- struct{}{}
		}
	}
	return tell, in.Leg.Answer()
}

type silentMedia struct{}

func (silentMedia) Open(media.PortOptions) (Port, error) {
	return &fakePort{at: netip.MustParseAddrPort("127.0.0.1:20000")}, nil
}

// BenchmarkCall is one whole call over loopback, both ends included: INVITE,
// 100, 200, ACK, BYE, 200. Sixteen run at once.
func BenchmarkCall(b *testing.B) {
	far := answering{make(chan struct{}, 1024)}
	in, err := New(Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Calls: far, Trunks: anyone{}, Media: silentMedia{}})
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	table, err := trunk.NewTable(trunk.Trunk{ID: "t", Tenant: "demo", Address: in.Addr().String(), Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		b.Fatal(err)
	}
	out, err := New(Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Calls: far, Trunks: table, Media: silentMedia{}})
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			answered := make(chan struct{}, 4)
			leg, err := out.Dial(b.Context(), call.Target{Kind: call.ToTrunk, Tenant: "demo", URI: "1", CallerID: "2"}, func(e call.LegEvent) {
				if e.Kind == call.Answered || e.Kind == call.Failed {
					answered <- struct{}{}
				}
			})
			if err != nil {
				b.Error(err)
				return
			}
			<-answered
			_ = leg.Hangup("")
			<-far.done
		}
	})
}

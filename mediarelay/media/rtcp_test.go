package media

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// bench is two ports of a worker whose time the test sets.
func bench(t testing.TB, shared bool) (w *worker, a, b *Port) {
	cfg, err := Config{Workers: 1, Shared: 2}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = newWorker(cfg, newPool(cfg)); err != nil {
		t.Fatal(err)
	}
	ports := make(chan *Port)
	for range 2 {
		go func() {
			p, err := w.open(PortOptions{Shared: shared})
			if err != nil {
				t.Error(err)
			}
			ports <- p
		}()
		var p *Port
		for p == nil {
			w.commands()
			select {
			case p = <-ports:
			case <-time.After(time.Millisecond):
			}
		}
		a, b = b, p
	}
	t.Cleanup(w.release)
	return w, a, b
}

// The reports of a port are what another implementation reads.
func TestReports(t *testing.T) {
	w, p, _ := bench(t, false)
	listener, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	remote := listener.LocalAddr().(*net.UDPAddr).AddrPort()
	p.setRemote(Remote{Addr: netip.AddrPortFrom(remote.Addr(), 9), RTCP: remote, Send: true, Receive: true})
	rtpFrom := netip.AddrPortFrom(remote.Addr(), 9)
	read := func() []rtcp.Packet {
		t.Helper()
		b := make([]byte, 1500)
		_ = listener.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, _, err := listener.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		all, err := rtcp.Unmarshal(b[:n])
		if err != nil {
			t.Fatal(err)
		}
		if err := rtcp.CompoundPacket(all).Validate(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	now := w.now
	for i := range 10 { // one of ten is lost
		now += 20 * ms
		w.now = now
		p.frame()
		if i != 5 {
			p.onRTP(rtp(0, false, uint16(65530+i), uint32(160*i), 77, make([]byte, 160)), rtpFrom)
		}
	}
	now += 6000 * ms
	w.now = now
	p.keepHouse()
	sr, ok := read()[0].(*rtcp.SenderReport)
	if !ok || sr.SSRC != p.out.ssrc || sr.PacketCount != 10 || sr.OctetCount != 1600 || len(sr.Reports) != 1 {
		t.Fatalf("%+v", sr)
	}
	if r := sr.Reports[0]; r.SSRC != 77 || r.TotalLost != 1 || r.FractionLost != 25 || r.LastSequenceNumber != 65536+3 || r.LastSenderReport != 0 {
		t.Errorf("%+v", r)
	}
	unix := float64(sr.NTPTime>>32) - toNTP
	if math.Abs(unix-float64(time.Now().Unix())) > 60 {
		t.Errorf("NTP time is %g", unix)
	}

	// The party's report, 100 ms later, says it held ours for 40 ms.
	now += 100 * ms
	w.now = now
	reply, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 77, NTPTime: 0x1234567800000000, Reports: []rtcp.ReceptionReport{
		{SSRC: p.out.ssrc, FractionLost: 64, LastSenderReport: middle(sr.NTPTime), Delay: 65536 * 40 / 1000}}}})
	if err != nil {
		t.Fatal(err)
	}
	p.onRTCP(reply, remote)
	s := p.statistics(now)
	if d := s.RTT - 60*time.Millisecond; d.Abs() > 2*time.Millisecond || s.RemoteLoss != 0.25 || s.Lost != 1 {
		t.Errorf("%+v", s)
	}
	p.onRTCP(reply, netip.MustParseAddrPort("192.0.2.9:9"))
	p.onRTCP(reply[:20], remote)
	if s := p.statistics(now); s.BadSource != 1 || s.BadRTCP != 1 {
		t.Errorf("%+v", s)
	}
	now += 5000 * ms
	w.now = now
	p.keepHouse()
	if sr = read()[0].(*rtcp.SenderReport); sr.Reports[0].LastSenderReport != 0x56780000 || sr.Reports[0].FractionLost != 0 || sr.Reports[0].Delay != 5*65536 {
		t.Errorf("%+v", sr.Reports[0])
	}
	p.shut()
	all := read()
	if bye, ok := all[len(all)-1].(*rtcp.Goodbye); !ok || bye.Sources[0] != p.out.ssrc {
		t.Errorf("%+v", all)
	}
}

func FuzzRTCP(f *testing.F) {
	w, p, _ := bench(f, false)
	p.setRemote(Remote{Addr: netip.MustParseAddrPort("127.0.0.1:9"), Receive: true})
	p.in.started, p.in.ssrc = true, 77
	good, _ := rtcp.Marshal([]rtcp.Packet{
		&rtcp.SenderReport{SSRC: 77, Reports: []rtcp.ReceptionReport{{SSRC: p.out.ssrc, LastSenderReport: 5}}},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 77, Items: []rtcp.SourceDescriptionItem{{Type: 1, Text: "x"}}}}},
		&rtcp.Goodbye{Sources: []uint32{77}}})
	f.Add(good)
	f.Add(binary.BigEndian.AppendUint32([]byte{0x9F, 201, 0, 7}, 77))
	f.Fuzz(func(t *testing.T, b []byte) {
		p.onRTCP(b, netip.MustParseAddrPort("127.0.0.1:10"))
		if rtt := p.statistics(w.now).RTT; rtt < 0 || rtt >= longestRTT {
			t.Fatalf("round trip %v", rtt)
		}
	})
}

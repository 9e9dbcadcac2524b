package offer

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/sdp/v3"

	"huawu/mediarelay/media"
)

var here = netip.MustParseAddrPort("203.0.113.5:20000")

func body(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// head is the session part of the offers below.
var head = []string{"v=0", "o=peer 2890844526 2890844526 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"}

func offerOf(lines ...string) []byte {
	return body(append(append([]string(nil), head...), lines...)...)
}

// has reports the lines that an SDP lacks.
func lacks(sdp []byte, want ...string) (missing []string) {
	lines := strings.Split(string(sdp), "\r\n")
next:
	for _, w := range want {
		for _, l := range lines {
			if l == w {
				continue next
			}
		}
		missing = append(missing, w)
	}
	return missing
}

func TestAnswer(t *testing.T) {
	tests := []struct {
		name  string
		offer []byte
		want  []string // lines of the answer
		check func(Agreed) bool
	}{
		{"the offerer's first codec that we know",
			offerOf("m=audio 4000 RTP/AVP 9 18 8 0 101", "a=rtpmap:9 G722/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"),
			[]string{"m=audio 20000 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=sendrecv", "a=ptime:20"},
			func(a Agreed) bool {
				return a.Law == media.PCMA && a.EventType == 101 && a.Addr.String() == "192.0.2.1:4000" && a.Send && a.Receive && !a.Held
			}},
		{"static payload types without rtpmap, and PCMU/8000/1",
			offerOf("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 pcmu/8000/1"),
			[]string{"m=audio 20000 RTP/AVP 0"}, func(a Agreed) bool { return a.Law == media.PCMU && a.EventType == 0 }},
		{"the peer's payload type of digits",
			offerOf("m=audio 4000 RTP/AVP 0 96 97", "a=rtpmap:96 telephone-event/16000", "a=rtpmap:97 telephone-event/8000"),
			[]string{"m=audio 20000 RTP/AVP 0 97", "a=fmtp:97 0-15"}, func(a Agreed) bool { return a.EventType == 97 }},
		{"no digits if their clock is not the codec's",
			offerOf("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/48000"),
			[]string{"m=audio 20000 RTP/AVP 0"}, func(a Agreed) bool { return a.EventType == 0 }},
		{"video and fax are refused line by line",
			offerOf("m=video 5000 RTP/AVP 96", "a=rtpmap:96 H264/90000", "m=audio 4000 RTP/AVP 0", "m=image 6000 udptl t38", "m=audio 4002 RTP/AVP 0"),
			[]string{"m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 0", "m=image 0 udptl t38", "m=audio 0 RTP/AVP 0"}, nil},
		{"a media-level address",
			offerOf("m=audio 4000 RTP/AVP 0", "c=IN IP4 198.51.100.7"),
			nil, func(a Agreed) bool { return a.Addr.String() == "198.51.100.7:4000" }},
		{"encrypted audio is refused, plain audio beside it taken",
			offerOf("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", "m=audio 4002 RTP/AVP 0"),
			[]string{"m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 0"}, func(a Agreed) bool { return a.Addr.Port() == 4002 }},
		{"hold: sendonly", offerOf("m=audio 4000 RTP/AVP 0", "a=sendonly"), []string{"a=recvonly"},
			func(a Agreed) bool { return a.Held && !a.Send && a.Receive }},
		{"hold: inactive, said for the session", offerOf("a=inactive", "m=audio 4000 RTP/AVP 0"), []string{"a=inactive"},
			func(a Agreed) bool { return a.Held && !a.Send && !a.Receive }},
		{"hold: 0.0.0.0", offerOf("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"), []string{"a=recvonly"},
			func(a Agreed) bool { return a.Held && !a.Send && !a.Addr.IsValid() }},
		{"a listener", offerOf("m=audio 4000 RTP/AVP 0", "a=recvonly"), []string{"a=sendonly"},
			func(a Agreed) bool { return !a.Held && a.Send && !a.Receive }},
		{"RTCP elsewhere", offerOf("m=audio 4000 RTP/AVP 0", "a=rtcp:4567 IN IP4 192.0.2.9"), nil,
			func(a Agreed) bool { return a.RTCP.String() == "192.0.2.9:4567" && !a.Mux }},
		{"RTCP on another port", offerOf("m=audio 4000 RTP/AVP 0", "a=rtcp:4567"), nil,
			func(a Agreed) bool { return a.RTCP.String() == "192.0.2.1:4567" }},
		{"RTCP on the same port", offerOf("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), []string{"a=rtcp-mux"},
			func(a Agreed) bool { return a.Mux }},
		{"packet time 30 ms", offerOf("m=audio 4000 RTP/AVP 0", "a=ptime:30"), []string{"a=ptime:20"},
			func(a Agreed) bool { return a.PTime == 30*time.Millisecond }},
		{"nonsense packet time", offerOf("m=audio 4000 RTP/AVP 0", "a=ptime:9999"), nil,
			func(a Agreed) bool { return a.PTime == 20*time.Millisecond }},
		{"bare line feeds, odd lines, unknown letters and a 64-bit version",
			[]byte("v=0\no=- 18446744073709551615 18446744073709551615 IN IP4 192.0.2.1\ns=\nb=QQ:1\nc=IN IP4 192.0.2.1\ny=x\nm=audio 4000/2 RTP/AVP 0\na\u003dx:\n"),
			[]string{"m=audio 20000 RTP/AVP 0"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSession(here, nil, 7)
			got, a, err := s.Answer(tt.offer)
			if err != nil {
				t.Fatal(err)
			}
			if missing := lacks(got, tt.want...); missing != nil {
				t.Errorf("the answer lacks %q:\n%s", missing, got)
			}
			if strings.Count(string(got), "\r\nm=") != strings.Count(string(tt.offer), "\nm=") {
				t.Errorf("not every media line is answered:\n%s", got)
			}
			if tt.check != nil && !tt.check(a) {
				t.Errorf("agreed %+v", a)
			}
		})
	}
}

func TestRefusedOffers(t *testing.T) {
	tests := []struct {
		name  string
		offer []byte
		want  error
	}{
		{"empty", nil, ErrMalformed},
		{"no SDP", []byte("hello"), ErrMalformed},
		{"no media", offerOf(), ErrMalformed},
		{"a port that is no number", offerOf("m=audio x RTP/AVP 0"), ErrMalformed},
		{"a port above 65535", offerOf("m=audio 70000 RTP/AVP 0"), ErrMalformed},
		{"no format", offerOf("m=audio 4000 RTP/AVP"), ErrMalformed},
		{"65 formats", offerOf("m=audio 4000 RTP/AVP" + strings.Repeat(" 0", 65)), ErrMalformed},
		{"11 media lines", offerOf(strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", 11)), ErrMalformed},
		{"1001 lines", offerOf("m=audio 4000 RTP/AVP 0\r\n" + strings.Repeat("a=x\r\n", 1001)), ErrMalformed},
		{"a line of 2 KB", offerOf("m=audio 4000 RTP/AVP 0", "a="+strings.Repeat("x", 2048)), ErrMalformed},
		{"a control character where we would repeat it", offerOf("m=video 4000 RTP/AVP 9\x01"), ErrMalformed},
		{"a broken connection line", offerOf("m=audio 4000 RTP/AVP 0", "c=IN"), ErrMalformed},
		{"only codecs we do not know", offerOf("m=audio 4000 RTP/AVP 18 3"), ErrNothing},
		{"payload type 0 with another meaning", offerOf("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 OPUS/48000/2"), ErrNothing},
		{"only encrypted audio", offerOf("m=audio 4000 UDP/TLS/RTP/SAVPF 0"), ErrNothing},
		{"only fax", offerOf("m=image 4000 udptl t38"), ErrNothing},
		{"only a refused line", offerOf("m=audio 0 RTP/AVP 0"), ErrNothing},
		{"IPv6, where we have none", offerOf("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), ErrNothing},
		{"a name instead of an address", offerOf("m=audio 4000 RTP/AVP 0", "c=IN IP4 media.example.com"), ErrNothing},
		{"a multicast group", offerOf("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"), ErrNothing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSession(here, nil, 7)
			if got, _, err := s.Answer(tt.offer); !errors.Is(err, tt.want) {
				t.Errorf("Answer = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestOfferAndItsAnswer(t *testing.T) {
	a := NewSession(here, []media.Law{media.PCMA, media.PCMU}, 1)
	b := NewSession(netip.MustParseAddrPort("192.0.2.1:4000"), []media.Law{media.PCMU}, 2)
	offered := a.Offer()
	if missing := lacks(offered, "m=audio 20000 RTP/AVP 8 0 101", "a=fmtp:101 0-16", "a=sendrecv", "o=- 1 1 IN IP4 203.0.113.5"); missing != nil {
		t.Fatalf("the offer lacks %q:\n%s", missing, offered)
	}
	answer, fromA, err := b.Answer(offered)
	if err != nil {
		t.Fatal(err)
	}
	fromB, err := a.Accept(answer)
	if err != nil {
		t.Fatal(err)
	}
	if fromA.Law != media.PCMU || fromB.Law != media.PCMU || fromA.Addr != here || fromB.Addr.Port() != 4000 || fromB.EventType != 101 {
		t.Errorf("A agreed %+v\nB agreed %+v", fromB, fromA)
	}
	if again := a.Again(); string(again) != string(offered) {
		t.Errorf("a refresh differs:\n%s", again)
	}
	a.Hold(true)
	a.Offer() // the peer refuses it
	a.Hold(false)
	if again := a.Again(); lacks(again, "a=sendrecv", "o=- 1 3 IN IP4 203.0.113.5") != nil {
		t.Errorf("a refused offer is repeated:\n%s", again)
	}

	a.Hold(true)
	answer, fromA, err = b.Answer(a.Offer())
	if err != nil || !fromA.Held || lacks(answer, "a=recvonly", "o=- 2 2 IN IP4 192.0.2.1") != nil {
		t.Errorf("held: %+v, %v\n%s", fromA, err, answer)
	}
	if fromB, err = a.Accept(answer); err != nil || fromB.Held || !fromB.Send || fromB.Receive {
		t.Errorf("holding: %+v, %v", fromB, err)
	}
	a.Hold(false)
	answer, fromA, err = b.Answer(a.Offer())
	if err != nil || fromA.Held || lacks(answer, "a=sendrecv", "o=- 2 3 IN IP4 192.0.2.1") != nil {
		t.Errorf("resumed: %+v, %v\n%s", fromA, err, answer)
	}
}

func TestALaterOfferKeepsWhatWasAgreed(t *testing.T) {
	s := NewSession(here, nil, 7)
	first, _, err := s.Answer(offerOf("m=audio 4000 RTP/AVP 0 8 96", "a=rtpmap:96 telephone-event/8000", "m=video 5000 RTP/AVP 31"))
	if err != nil {
		t.Fatal(err)
	}
	again, a, err := s.Answer(offerOf("m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000", "m=video 5000 RTP/AVP 31"))
	if err != nil || a.Law != media.PCMU || string(again) != string(first) {
		t.Errorf("another order changed %+v, %v:\n%s\n%s", a, err, first, again)
	}
	if _, _, err := s.Answer(offerOf("m=audio 4000 RTP/AVP 18")); !errors.Is(err, ErrNothing) {
		t.Errorf("a hopeless offer gives %v", err)
	}
	if got := s.Again(); string(got) != string(first) {
		t.Errorf("a refused offer changed the session:\n%s", got)
	}
	own := s.Offer() // asked for one by an INVITE without SDP
	if missing := lacks(own, "m=audio 20000 RTP/AVP 0 8 96", "m=video 0 RTP/AVP 31", "a=rtpmap:96 telephone-event/8000", "o=- 7 2 IN IP4 203.0.113.5"); missing != nil {
		t.Errorf("our later offer lacks %q:\n%s", missing, own)
	}
	if _, err := s.Accept(offerOf("m=audio 0 RTP/AVP 0", "m=video 0 RTP/AVP 31")); !errors.Is(err, ErrNothing) {
		t.Errorf("a refused audio line gives %v", err)
	}
	if _, err := NewSession(here, nil, 1).Accept(first); !errors.Is(err, ErrMalformed) {
		t.Errorf("an answer without an offer gives %v", err)
	}
}

func TestFind(t *testing.T) {
	sdp := string(offerOf("m=audio 4000 RTP/AVP 0"))
	mixed := "--b1\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x10\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n--b1--\r\n"
	tests := []struct {
		name, kind, body string
		want             string
		err              error
	}{
		{"SDP", "application/sdp", sdp, sdp, nil},
		{"SDP with a parameter and capitals", "Application/SDP; charset=utf-8", sdp, sdp, nil},
		{"one part of several", "multipart/mixed;boundary=b1", mixed, sdp, nil},
		{"no body", "", "", "", nil},
		{"another type", "text/plain", "hello", "", ErrType},
		{"no type", "", "hello", "", ErrType},
		{"no SDP in it", "multipart/mixed;boundary=b1", "--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1--\r\n", "", ErrType},
		{"parts that never end", "multipart/mixed;boundary=b1", "--b1\r\nContent-Type: application/sdp\r\n\r\n" + sdp, "", ErrMalformed},
		{"no boundary", "multipart/mixed", mixed, "", ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find(tt.kind, []byte(tt.body))
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Find = %q, %v", got, err)
			}
		})
	}
}

// FuzzAnswer checks that no offer does harm and that each answer is SDP to an
// independent reader, with as many media lines as the offer.
func FuzzAnswer(f *testing.F) {
	f.Add(offerOf("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=sendonly"))
	f.Add(offerOf("m=image 4000 udptl t38", "m=audio 4000/2 RTP/AVPF 8", "a=rtcp:1 IN IP6 ::1", "a=rtcp-mux"))
	f.Add([]byte("v=0\nc=IN IP4 0.0.0.0\nm=audio 1 RTP/AVP 0\n"))
	f.Fuzz(func(t *testing.T, offered []byte) {
		s := NewSession(here, nil, 7)
		answer, a, err := s.Answer(offered)
		if err != nil {
			return
		}
		if a.Addr.IsValid() && a.Addr.Port() == 0 {
			t.Errorf("agreed on port 0: %+v", a)
		}
		d, err := parse(offered)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parse(answer)
		if err != nil || len(back.media) != len(d.media) {
			t.Fatalf("our answer reads as %+v, %v", back, err)
		}
		plain := strings.Builder{} // without refused lines: pion knows fewer kinds and protocols
		skip := false
		for l := range strings.Lines(string(answer)) {
			if strings.HasPrefix(l, "m=") {
				skip = strings.Contains(l, " 0 ") && !strings.HasPrefix(l, "m=audio 20000 ")
			}
			if !skip {
				plain.WriteString(l)
			}
		}
		var other sdp.SessionDescription
		if err := other.UnmarshalString(plain.String()); err != nil {
			t.Fatalf("pion does not read our answer: %v\n%s", err, answer)
		}
		if _, err := NewSession(here, nil, 8).Accept(answer); err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNothing) {
			t.Errorf("Accept: %v", err)
		}
		if _, _, err := s.Answer(offered); err != nil {
			t.Errorf("the same offer again: %v", err)
		}
	})
}

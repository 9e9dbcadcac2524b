package webleg

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"huawu/mediarelay/media"
)

var update = flag.Bool("update", false, "write golden files anew")

func chromium(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/chromium-offer.sdp")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestChromiumsOfferIsRead(t *testing.T) {
	d, err := describe(chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	if d.use != 0 || len(d.lines) != 2 || d.ufrag != "Hq1D" || len(d.pwd) != 24 || d.hash != "sha-256" || len(d.print) != 32 || d.print[0] != 0x0F ||
		d.setup != "actpass" || d.event != 126 || !slices.Equal(d.laws, []media.Law{media.PCMU, media.PCMA}) || !d.sends || !d.receives {
		t.Errorf("read %+v", d)
	}
}

func TestOurDescriptionOfAnAnswer(t *testing.T) {
	d, err := describe(chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	o := own{
		at: netip.MustParseAddrPort("198.51.100.7:40000"), ufrag: "ourname1", pwd: "ourpasswordourpasswordourpasswor", print: "sha-256 00:11",
		setup: "passive", laws: []media.Law{media.PCMA}, event: d.event, sends: true, receives: true, ssrc: 42, lines: d.lines, use: d.use,
	}
	got := o.write()
	const golden = "testdata/answer.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDirectionsAndFormats(t *testing.T) {
	offer := string(chromium(t))
	for _, tt := range []struct {
		name, old, new  string
		sends, receives bool
		event           uint8
	}{
		{"hold", "a=sendrecv", "a=sendonly", true, false, 126},
		{"a supervisor who listens", "a=sendrecv", "a=recvonly", false, true, 126},
		{"nothing for now", "a=sendrecv", "a=inactive", false, false, 126},
		{"no direction is both", "a=sendrecv\r\n", "", true, true, 126},
		{"digits of another clock are no digits", "a=rtpmap:126 telephone-event/8000\r\n", "", true, true, 0},
		{"upper case", "telephone-event/8000", "TELEPHONE-EVENT/8000/1", true, true, 126},
		{"the strongest of two fingerprints", "a=setup", "a=fingerprint:sha-512 " + strings.Repeat("AB:", 63) + "AB\r\na=setup", true, true, 126},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := describe([]byte(strings.Replace(offer, tt.old, tt.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if d.sends != tt.sends || d.receives != tt.receives || d.event != tt.event {
				t.Errorf("read %+v", d)
			}
			if strings.Contains(tt.name, "strongest") && d.hash != "sha-512" {
				t.Errorf("hash %s", d.hash)
			}
		})
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add(chromium(f))
	f.Add([]byte("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := describe(body)
		if err != nil {
			return
		}
		if d.use < 0 || d.use >= len(d.lines) || len(d.laws) == 0 || len(d.print) != prints[d.hash] || len(d.print) == 0 {
			t.Fatalf("unusable %+v", d)
		}
		o := own{at: netip.MustParseAddrPort("192.0.2.1:4000"), ufrag: "u", pwd: "p", print: "x", setup: "passive", laws: d.laws[:1], event: d.event, lines: d.lines, use: d.use}
		text := o.write()
		if strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n\x00") || strings.Count(text, "\r\nm=") != len(d.lines) {
			t.Fatalf("an answer with smuggled lines:\n%q", text)
		}
	})
}

func TestOneWebSocketMessageIsOneSIPMessage(t *testing.T) {
	const head = "OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n"
	for _, tt := range []struct {
		name, in string
		kind     frameKind
		out      string // "": as it came
	}{
		{"nothing", "", idle, ""},
		{"an answered keep-alive", "\r\n", idle, ""},
		{"a keep-alive", "\r\n\r\n", keepAlive, ""},
		{"a request", head + "Content-Length: 0\r\n\r\n", message, ""},
		{"a response", "SIP/2.0 200 OK\r\nl: 3\r\n\r\nabc", message, ""},
		{"without a length", head + "\r\nabc", message, head + "Content-Length: 3\r\n\r\nabc"},
		{"a length too short", head + "Content-Length: 2\r\n\r\nabc", notSIP, ""},
		{"a length too long", head + "Content-Length: 4\r\n\r\nabc", notSIP, ""},
		{"two lengths", head + "Content-Length: 3\r\nl: 3\r\n\r\nabc", notSIP, ""},
		{"a negative length", head + "Content-Length: -3\r\n\r\n", notSIP, ""},
		{"a folded line", head + "X: a\r\n Content-Length: 3\r\n\r\nabc", notSIP, ""},
		{"a bare line feed", head + "X: a\nContent-Length: 3\r\n\r\nabc", notSIP, ""},
		{"a bare carriage return", head + "X: a\rY: b\r\n\r\n", notSIP, ""},
		{"no end of the headers", head, notSIP, ""},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", notSIP, ""},
		{"a header without a colon", head + "X\r\n\r\n", notSIP, ""},
		{"zeros", "\x00\x00\x00\x00\r\n\r\n", notSIP, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, kind := unwrap([]byte(tt.in))
			want := tt.out
			if want == "" && kind == message {
				want = tt.in
			}
			if kind != tt.kind || kind == message && string(out) != want {
				t.Errorf("kind %d, %q", kind, out)
			}
		})
	}
}

// Whatever a browser sends, what goes into the stream is one message whose
// length a reader of the stream finds in one place.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("SIP/2.0 200 OK\r\nl: 0\r\n\r\n"))
	f.Add([]byte("INVITE sip:a SIP/2.0\r\n\r\nv=0"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		out, kind := unwrap(in)
		if !bytes.Equal(before, in) {
			t.Fatal("the input was changed")
		}
		if kind != message {
			return
		}
		head, body, found := bytes.Cut(out, []byte("\r\n\r\n"))
		if !found || bytes.ContainsAny(head, "\x00") {
			t.Fatalf("no message: %q", out)
		}
		said := -1
		for i, l := range strings.Split(string(head), "\r\n") {
			if strings.ContainsAny(l, "\r\n") || i > 0 && (l == "" || l[0] == ' ' || l[0] == '\t') {
				t.Fatalf("a line that readers take for different things: %q", l)
			}
			name, value, _ := strings.Cut(l, ":")
			if name = strings.TrimSpace(name); i > 0 && (strings.EqualFold(name, "content-length") || strings.EqualFold(name, "l")) {
				n, err := strconv.Atoi(strings.TrimSpace(value))
				if err != nil || said >= 0 {
					t.Fatalf("length %q", l)
				}
				said = n
			}
		}
		if said != len(body) {
			t.Fatalf("says %d, has %d", said, len(body))
		}
		if again, kind := unwrap(out); kind != message || !bytes.Equal(again, out) {
			t.Fatal("not stable")
		}
	})
}

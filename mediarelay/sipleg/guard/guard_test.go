package guard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// torture is what becomes of each message of RFC 4475. 0 is "passes"; what the
// transaction user then does with it is tested in sipleg. dropped gets no answer.
const dropped = -1

var torture = map[string]int{
	// valid, §3.1.1; longreq has more Vias than we take
	"dblreq": 0, "esc01": 0, "esc02": 0, "escnull": 0, "intmeth": 0, "lwsdisp": 0, "mpart01": 0,
	"noreason": 0, "semiuri": 0, "transports": 0, "unreason": 0, "wsinv": 0, "longreq": 513,
	// malformed, §3.1.2
	"badinv01": 400, "clerr": 400, "ncl": 400, "scalar02": 400, "quotbal": 400, "ltgtruri": 400, "lwsruri": 400,
	"lwsstart": 400, "trws": 400, "escruri": 400, "regbadct": 400, "badaspec": 400, "baddn": 400, "mismatch01": 400,
	"mismatch02": 400, "badvers": 505, "scalarlg": dropped, "bigcode": dropped, "test": dropped, "baddate": 0, "regescrt": 0,
	// transaction layer and application, §3.2, §3.3
	"badbranch": 400, "insuf": 400, "unkscm": 416, "novelsc": 400, "bext01": 420, "multi01": 400, "mcl01": 400, "bcast": dropped,
	"unksm2": 0, "invut": 0, "regaut01": 0, "zeromf": 0, "cparam01": 0, "cparam02": 0, "sdp01": 0,
	// §3.4
	"inv2543": 0,
}

func readTorture(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("testdata/torture/*.dat")
	if err != nil || len(files) != 50 {
		t.Fatalf("%d torture messages, %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".dat")] = raw
	}
	return all
}

func TestTortureMessages(t *testing.T) {
	p := sip.NewParser()
	for name, raw := range readTorture(t) {
		t.Run(name, func(t *testing.T) {
			want, listed := torture[name]
			if !listed {
				t.Fatal("no outcome is listed")
			}
			o := Inspect(p, raw)
			got := o.Code
			if !o.Pass && o.Reply == nil {
				got = dropped
			}
			if got != want || o.Pass != (want == 0) {
				t.Errorf("%d %q, want %d", got, o.Why, want)
			}
		})
	}
}

// options is a good request that tests break.
const options = "OPTIONS sip:huawu@example.com SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n" +
	"From: <sip:a@example.com>;tag=1\r\n" +
	"To: <sip:huawu@example.com>\r\n" +
	"Call-ID: 1@example.com\r\n" +
	"CSeq: 1 OPTIONS\r\n" +
	"Content-Length: 0\r\n\r\n"

func with(line string) string {
	return strings.Replace(options, "Content-Length", line+"\r\nContent-Length", 1)
}

func TestInspect(t *testing.T) {
	tests := []struct {
		name, msg string
		pass      bool
		code      int
	}{
		{"a good request", options, true, 0},
		{"a hundred headers and more", with(strings.TrimSuffix(strings.Repeat("X-A: b\r\n", 100), "\r\n")), false, 513},
		{"a header of 9 KB", with("X-A: " + strings.Repeat("b", 9<<10)), false, 513},
		{"21 Vias in one line", strings.Replace(options, "From", "Via: x"+strings.Repeat(", SIP/2.0/UDP h;branch=z9hG4bKx", 20)+"\r\nFrom", 1), false, 513},
		{"more than 64 KB", options + strings.Repeat("x", 64<<10), false, 0},
		{"a bare line feed that hides a header", strings.Replace(options, "tag=1", "tag=1\nEvil: 1", 1), false, 400},
		{"a required extension nobody knows", with("Require: sec-agree, 100rel"), false, 420},
		{"one that we know", with("Require: 100REL,timer"), true, 0},
		{"ACK is never answered", strings.ReplaceAll(strings.Replace(options, "SIP/2.0\r\n", "SIP/3.0\r\n", 1), "OPTIONS", "ACK"), false, 0},
		{"a response with two Vias went astray", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK2\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", false, 0},
		{"a response", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", true, 0},
		{"noise", "\x00\x01\x02hello", false, 0},
		{"nothing", "", false, 0},
		{"a request without Via cannot be answered", "OPTIONS sip:x@y SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Inspect(sip.NewParser(), []byte(tt.msg))
			if o.Pass != tt.pass || o.Code != tt.code || o.Pass != (o.Why == "") {
				t.Errorf("Inspect = %+v", o)
			}
		})
	}
}

func TestTheReplyIsASmallResponseThatMatches(t *testing.T) {
	folded := strings.Replace(with("Require: foo"), "To: <sip:huawu@example.com>", "t:\r\n <sip:huawu@example.com>", 1)
	o := Inspect(sip.NewParser(), []byte(folded))
	again := Inspect(sip.NewParser(), []byte(folded))
	if !bytes.Equal(o.Reply, again.Reply) {
		t.Error("a repeated request gets another reply")
	}
	msg, err := sip.NewParser().ParseSIP(o.Reply)
	if err != nil {
		t.Fatalf("%v\n%s", err, o.Reply)
	}
	res := msg.(*sip.Response)
	branch, _ := res.Via().Params.Get("branch")
	tag, tagged := res.To().Params.Get("tag")
	if res.StatusCode != 420 || branch != "z9hG4bK1" || !tagged || tag == "" || res.GetHeader("Unsupported").Value() != "foo" {
		t.Errorf("the reply is\n%s", o.Reply)
	}
	for name, raw := range readTorture(t) {
		if o := Inspect(sip.NewParser(), raw); len(o.Reply) > 2*len(raw) {
			t.Errorf("%s: %d bytes get %d bytes back", name, len(raw), len(o.Reply))
		}
	}
}

func TestOutgoingRefusesSmuggledHeaders(t *testing.T) {
	fresh := func() *sip.Request {
		msg, err := sip.NewParser().ParseSIP([]byte(options))
		if err != nil {
			t.Fatal(err)
		}
		return msg.(*sip.Request)
	}
	if err := Outgoing(fresh()); err != nil {
		t.Fatalf("a good request: %v", err)
	}
	tests := map[string]func(*sip.Request){
		"in a value":        func(r *sip.Request) { r.AppendHeader(sip.NewHeader("X-A", "b\r\nEvil: 1")) },
		"in a name":         func(r *sip.Request) { r.AppendHeader(sip.NewHeader("X-A: b\r\nEvil", "1")) },
		"in the URI's user": func(r *sip.Request) { r.Recipient.User = "x SIP/2.0\r\nEvil: 1" },
		"in a display name": func(r *sip.Request) { r.From().DisplayName = "a\nb" },
		"in a tag":          func(r *sip.Request) { r.To().Params.Add("tag", "a\r\nb") },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			r := fresh()
			edit(r)
			if err := Outgoing(r); !errors.Is(err, ErrInjection) {
				t.Errorf("Outgoing = %v", err)
			}
		})
	}
	res := sip.NewResponseFromRequest(fresh(), 480, "Gone\r\nEvil: 1", nil)
	if err := Outgoing(res); !errors.Is(err, ErrInjection) {
		t.Errorf("in a reason phrase: %v", err)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"王小姐":                    "王小姐",
		"a\r\nEvil: \"1\"\\":     "a  Evil: 1",
		"\xff\xfebad":            "bad",
		strings.Repeat("话", 100): strings.Repeat("话", 42),
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTidy(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing to do", options, options},
		{"folded lines and blanks",
			"OPTIONS sip:x@y SIP/2.0\r\nv :  SIP  / 2.0\r\n /UDP\r\n    h;branch =  z9 ,\r\n\tSIP/2.0/TCP  h2 ; x\r\nTo: \"a ; b\" <sip:x@y;a = b> ;  tag = 1\r\nX-Note: a ; b\r\n  c\r\n\r\nbody ; = ",
			"OPTIONS sip:x@y SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9,SIP/2.0/TCP h2;x\r\nTo: \"a ; b\" <sip:x@y;a = b>;tag=1\r\nX-Note: a ; b c\r\n\r\nbody ; = "},
		{"an escaped quote", "X sip:x SIP/2.0\r\nFrom: \"a\\\" ; b\" <sip:x> ;tag=1\r\n\r\n", "X sip:x SIP/2.0\r\nFrom: \"a\\\" ; b\" <sip:x>;tag=1\r\n\r\n"},
		{"no end of header", "X ; y", "X ; y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Tidy([]byte(tt.in))); got != tt.want {
				t.Errorf("Tidy = %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzTidy checks that tidying shortens, keeps the body, and is done after once.
func FuzzTidy(f *testing.F) {
	for _, raw := range readTorture(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		once := Tidy(bytes.Clone(data))
		if len(once) > len(data) {
			t.Fatalf("%d bytes became %d", len(data), len(once))
		}
		_, before, _ := bytes.Cut(data, []byte("\r\n\r\n"))
		if _, after, _ := bytes.Cut(once, []byte("\r\n\r\n")); !bytes.Equal(before, after) {
			t.Errorf("the body changed from %q to %q", before, after)
		}
		if twice := Tidy(bytes.Clone(once)); !bytes.Equal(once, twice) {
			t.Errorf("once %q, twice %q", once, twice)
		}
	})
}

// FuzzInspect checks that no datagram panics the parser unseen, and that what we
// send back is a response to nobody but its sender.
func FuzzInspect(f *testing.F) {
	for _, raw := range readTorture(f) {
		f.Add(raw)
	}
	f.Add([]byte(options))
	p := sip.NewParser()
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Inspect(p, data)
		if o.Why == "parser panic" {
			t.Fatal("the parser panicked")
		}
		if o.Pass && o.Reply != nil {
			t.Fatal("both passed and answered")
		}
		if len(o.Reply) > 2*len(data)+200 {
			t.Errorf("%d bytes get %d back", len(data), len(o.Reply))
		}
		if o.Reply != nil && !bytes.HasPrefix(o.Reply, fmt.Appendf(nil, "SIP/2.0 %d ", o.Code)) {
			t.Errorf("the reply is %q", o.Reply)
		}
		if n := bytes.Count(o.Reply, []byte("\r\n\r\n")); o.Reply != nil && n != 1 {
			t.Errorf("the reply has %d ends of header: %q", n, o.Reply)
		}
	})
}

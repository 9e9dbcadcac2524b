package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, in, full, masked string
		e164                   bool
		err                    error
	}{
		{"an international number", "+8613800135678", "+8613800135678", "+86138****5678", true, nil},
		{"separators are dropped", "+86 138-0013 (5678)", "+8613800135678", "+86138****5678", true, nil},
		{"a national number", "13800135678", "13800135678", "138****5678", false, nil},
		{"a short service number", "95000", "95000", "***00", false, nil},
		{"a very short number is hidden whole", "110", "110", "***", false, nil},
		{"a SIP user", "lin", "lin", "l***", false, nil},
		{"a SIP URI with parameters", "sip:+4930123456;phone-context=x@host;user=phone", "+4930123456", "+49****3456", true, nil},
		{"a tel URI", "TEL:+4930123456", "+4930123456", "+49****3456", true, nil},
		{"anonymous is withheld", "sip:Anonymous@anonymous.invalid", "", "", false, nil},
		{"nothing is withheld", "  ", "", "", false, nil},
		{"a lone plus is a user, not a number", "+", "+", "+***", false, nil},
		{"control characters are refused", "12\x0034", "", "", false, ErrNumber},
		{"a key separator is refused", "a|b", "", "", false, ErrNumber},
		{"a paragraph is refused", strings.Repeat("1", 65), "", "", false, ErrNumber},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := Parse(tt.in)
			if !errors.Is(err, tt.err) {
				t.Fatalf("Parse error = %v, want %v", err, tt.err)
			}
			if n.Full() != tt.full || n.Masked() != tt.masked || n.E164() != tt.e164 {
				t.Errorf("Parse = %q shown %q E.164 %v, want %q %q %v", n.Full(), n.Masked(), n.E164(), tt.full, tt.masked, tt.e164)
			}
		})
	}
}

func TestANumberNeverLeaks(t *testing.T) {
	n := MustParse("+8613800135678")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "from", n)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "from", n)
	enc, err := json.Marshal(map[string]any{"n": n, "p": &n})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		fmt.Sprint(n), fmt.Sprintf("%v %+v %#v %s %q %x %d", n, n, n, n, n, n, n),
		fmt.Sprintf("%v %#v", struct{ N Number }{n}, []Number{n}), string(enc), log.String(),
	} {
		if strings.Contains(got, "0013") || strings.Contains(got, "3133383030") {
			t.Errorf("leaks: %s", got)
		}
	}
}

func TestHash(t *testing.T) {
	a, b := MustParse("13800135678"), MustParse("13800135679")
	if a.Hash([]byte("s")) == b.Hash([]byte("s")) || a.Hash([]byte("s")) == a.Hash([]byte("t")) {
		t.Error("hashes of two numbers or under two secrets are equal")
	}
	if a.Hash([]byte("s")) != MustParse("138 0013 5678").Hash([]byte("s")) {
		t.Error("one number has two hashes")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+8613800135678", "sip:a@b", "tel:1", "", "ü", "+", "()"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(n.Full())
		if err != nil || again != n {
			t.Fatalf("Parse(%q) = %q, which parses to %q, %v", s, n.Full(), again.Full(), err)
		}
		if len(n.Full()) > 4 && strings.Contains(n.Masked(), n.Full()) {
			t.Fatalf("%q is not masked", n.Full())
		}
	})
}

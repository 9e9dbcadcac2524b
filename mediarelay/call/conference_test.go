package call

import (
	"slices"
	"strings"
	"testing"

	"huawu/shared/sma"
)

// Who hears whom follows from rooms and modes alone. Legs are letters; a leg is
// written as "A main talk", "C main whisper B", "D main talk held" (its phone
// holds us); "A-B" are joined directly, "A:BC" hears a mix.
func TestWhoHearsWhom(t *testing.T) {
	for _, tt := range []struct {
		name string
		legs []string
		want string
	}{
		{"nobody", nil, ""},
		{"one alone", []string{"A main talk"}, ""},
		{"two are joined", []string{"A main talk", "B main talk"}, "A-B"},
		{"two rooms, two pairs", []string{"A main talk", "B consult talk", "C consult talk", "D main talk"}, "A-D B-C"},
		{"customer on hold while two consult", []string{"A main hold", "B consult talk", "C consult talk"}, "B-C"},
		{"on hold with nobody else", []string{"A main hold", "B main talk"}, ""},
		{"three talk", []string{"A main talk", "B main talk", "C main talk"}, "A:BC B:AC C:AB"},
		{"one of three on hold", []string{"A main hold", "B main talk", "C main barge"}, "B-C"},
		{"one listens to two", []string{"A main talk", "B main talk", "C main listen"}, "A:B B:A C:AB"},
		{"one listens to one", []string{"A main talk", "C main listen"}, "C:A"},
		{"two listen, nobody talks", []string{"A main listen", "C main listen"}, ""},
		{"a whisper to the agent", []string{"A main talk", "B main talk", "C main whisper B"}, "A:B B:AC C:AB"},
		{"a whisper to one who left is heard by nobody", []string{"A main talk", "B main talk", "C main whisper X"}, "A:B B:A C:AB"},
		{"a whisper to one on hold", []string{"A main talk", "B main hold", "C main whisper B"}, "C:A"},
		{"two whisper to each other", []string{"A main whisper B", "B main whisper A"}, "A-B"},
		{"barging in", []string{"A main talk", "B main talk", "C main barge"}, "A:BC B:AC C:AB"},
		{"in no room", []string{"A main talk", "B main talk", "C"}, "A-B"},
		{"one of three holds by phone", []string{"A main talk", "B main talk", "C main talk held"}, "A:B B:A C:AB"},
		{"the only other one holds by phone", []string{"A main talk", "B main talk held"}, "A-B"},
		{"an ended leg", []string{"A main talk", "B main talk", "C main talk ended"}, "A-B"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var parties []*party
			for _, text := range tt.legs {
				w := append(strings.Fields(text), "", "", "")
				p := &party{id: w[0], room: w[1], mode: sma.Mode(w[2]), peerHold: w[3] == "held", ended: w[3] == "ended"}
				if p.mode == sma.ModeWhisper {
					p.only = []string{w[3]}
				}
				parties = append(parties, p)
			}
			var got []string
			for p, h := range plan(parties) {
				switch {
				case h.mate != nil && p.id < h.mate.id:
					got = append(got, p.id+"-"+h.mate.id)
				case h.mate == nil:
					text := p.id + ":"
					for _, q := range h.sources {
						text += q.id
					}
					got = append(got, text)
				}
			}
			slices.Sort(got)
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}

package sim

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/simulation.md"

// TestThePageTellsTheTruth repeats the seeds that docs/simulation.md names.
func TestThePageTellsTheTruth(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	all, err := ReadSamples(bytes.NewReader(text))
	if err != nil || len(all) != 3 {
		t.Fatalf("%d samples, want 3, %v", len(all), err)
	}
	for n, x := range all {
		weather, ok := Of(x.Seed)
		if !ok {
			t.Fatalf("seed %d has no weather", x.Seed)
		}
		h, err := weather.Run(t.Context(), nil)
		if err != nil {
			t.Error(err)
		}
		if all[n].Digest = h.Digest.String(); all[n] != x && !*update {
			t.Errorf("seed %d (%s): digest %s, the page says %s: what is simulated has changed, run make simulate", x.Seed, weather.Name, h.Digest, x.Digest)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(page, []byte(Renew(string(text), Commit(t.Context()), all)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASummaryIsReadBack(t *testing.T) {
	s := Summary{Commit: "abc", Rows: []Row{{Weather: "fair"}}, Samples: []Sample{{17, "ab"}, {34, "cd"}}}
	s.Rows[0].Add(Hour{Calls: 3, Offers: 2, Talks: 1})
	var page bytes.Buffer
	if err := s.Write(&page); err != nil {
		t.Fatal(err)
	}
	renewed := Renew(page.String(), "def", []Sample{{51, "ef"}})
	got, err := ReadSamples(&page)
	if err != nil || !slices.Equal(got, s.Samples) {
		t.Errorf("read back %v, %v", got, err)
	}
	if got, err := ReadSamples(strings.NewReader(renewed)); err != nil || len(got) != 1 || !strings.Contains(renewed, "commit abc") {
		t.Errorf("renewed to %v, %v:\n%s", got, err, renewed)
	}
	if _, err := ReadSamples(bytes.NewBufferString(sampleLine + "x digest y")); err == nil {
		t.Error("a seed that is no number was taken")
	}
}

package sim

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/tests/sim/history"
)

// histories of virtual hours in a weather.
func histories(t *testing.T, seed uint64) map[cloud.Key][]porcupine.Operation {
	t.Helper()
	weather, _ := Of(seed)
	weather.History = true
	w, err := BusyHour(t.Context(), weather.Options)
	if err != nil {
		t.Fatal(err)
	}
	w.mustRun(t, time.Hour)
	return w.Histories()
}

// TestEveryHistoryHasAnOrder is T-01 in the simulation: for each contact, agent
// and record of a virtual hour there is one order of requests that explains every
// answer.
func TestEveryHistoryHasAnOrder(t *testing.T) {
	for n, weather := range Weathers() {
		t.Run(weather.Name, func(t *testing.T) {
			t.Parallel()
			items, asked := 0, 0
			for s := range historySeeds {
				all := histories(t, Seed(n, s+1))
				items += len(all)
				for _, ops := range all {
					asked += len(ops)
				}
				if err := history.Check(all, time.Minute); err != nil {
					t.Fatalf("seed %d: %v", Seed(n, s+1), err)
				}
			}
			t.Logf("%d histories, %d requests", items, asked)
		})
	}
}

// TestACorruptedHistoryIsRefused changes one answer of a good history in each of
// the ways in which a broken centre would show, and wants each to be seen.
func TestACorruptedHistoryIsRefused(t *testing.T) {
	good := histories(t, Seed(2, 7))
	if err := history.Check(good, time.Minute); err != nil {
		t.Fatal(err)
	}
	isClaim := func(o porcupine.Operation) bool {
		return o.Input.(history.Request).Write.Set[contact.AttrOffer] != nil && o.Output.(history.Answer).Result == history.Done
	}
	tests := []struct {
		name    string
		kind    string
		corrupt func(ops []porcupine.Operation) []porcupine.Operation // nil: nothing to corrupt here
	}{
		{"a claim succeeds twice, with two offers", contact.SortMeta, func(ops []porcupine.Operation) []porcupine.Operation {
			n := slices.IndexFunc(ops, isClaim)
			if n < 0 {
				return nil
			}
			twin := ops[n]
			in := twin.Input.(history.Request)
			in.Write.Set = maps.Clone(in.Write.Set)
			in.Write.Set[contact.AttrOffer] = "another"
			twin.Input = in
			return append(ops, twin)
		}},
		{"a claim's answer says refused", contact.SortMeta, func(ops []porcupine.Operation) []porcupine.Operation {
			n := slices.IndexFunc(ops, isClaim)
			if n < 0 {
				return nil
			}
			ops[n].Output = history.Answer{Result: history.Refused}
			return ops
		}},
		{"a claim is lost", contact.SortMeta, func(ops []porcupine.Operation) []porcupine.Operation {
			n := slices.IndexFunc(ops, isClaim)
			if n < 0 {
				return nil
			}
			return slices.Delete(ops, n, n+1)
		}},
		{"a record is put twice", "REC#", func(ops []porcupine.Operation) []porcupine.Operation {
			n := slices.IndexFunc(ops, func(o porcupine.Operation) bool {
				return o.Input.(history.Request).Write.Put != nil && o.Output.(history.Answer).Result == history.Done
			})
			if n < 0 {
				return nil
			}
			return append(ops, ops[n])
		}},
		{"a write tells a state that never was", contact.SortMeta, func(ops []porcupine.Operation) []porcupine.Operation {
			for n, o := range ops {
				out := o.Output.(history.Answer)
				if out.Told && out.Item.Str(contact.AttrState) == string(contact.Connected) {
					out.Item = maps.Clone(out.Item)
					out.Item[contact.AttrOfferAgent] = "nobody"
					ops[n].Output = out
					return ops
				}
			}
			return nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tried := 0
			for _, k := range slices.SortedFunc(maps.Keys(good), func(a, b cloud.Key) int { return strings.Compare(a.Part+a.Sort, b.Part+b.Sort) }) {
				if !strings.HasPrefix(k.Sort, tt.kind) || !strings.Contains(k.Part, "|C#") {
					continue
				}
				bad := tt.corrupt(slices.Clone(good[k]))
				if bad == nil {
					continue
				}
				tried++
				if history.Check(map[cloud.Key][]porcupine.Operation{k: bad}, time.Minute) == nil {
					t.Errorf("%s: nobody noticed", k.Part)
				}
			}
			if tried == 0 {
				t.Error("no history to corrupt")
			}
		})
	}
}

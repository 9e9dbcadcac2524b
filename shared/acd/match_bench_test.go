package acd

import (
	"cmp"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/contact"
)

// crowd is so many agents and contacts that all differ: ten profiles over twenty
// queues, skills for one contact in three.
func crowd(queues, agents, contacts int) ([]Waiting, []Free, map[string]Profile) {
	profiles := map[string]Profile{}
	for p := range 10 {
		var serves []ProfileQueue
		for q := range queues {
			if (q+p)%3 == 0 {
				serves = append(serves, ProfileQueue{Queue: fmt.Sprint("q", q), Priority: 1 + (q+p)%2, Delay: time.Duration(p%2) * 30 * time.Second})
			}
		}
		profiles[fmt.Sprint("p", p)] = Profile{Queues: serves}
	}
	var free []Free
	for n := range agents {
		free = append(free, Free{Agent: fmt.Sprintf("a%05d", n), Profile: fmt.Sprint("p", n%10), Idle: at(-n),
			Skills: map[string]int{"english": n % 6, "loans": n / 7 % 6}})
	}
	var waiting []Waiting
	for n := range contacts {
		w := Waiting{Contact: contact.ID(fmt.Sprintf("c%05d", n)), Queue: fmt.Sprint("q", n%queues), Enqueued: at(n - contacts), Rank: Queue{}.Rank(5, at(n-contacts))}
		if n%3 == 0 {
			w.Needs = map[string]int{"english": 1 + n%5}
		}
		waiting = append(waiting, w)
	}
	return waiting, free, profiles
}

// BenchmarkMatchCrowd is one round's decision: the next 200 pairs, as many as a round
// claims before it looks again.
func BenchmarkMatchCrowd(b *testing.B) {
	for _, n := range []struct{ agents, contacts int }{{100, 200}, {1000, 2000}, {10000, 20000}} {
		b.Run(fmt.Sprintf("20queues-%dagents-%dwaiting", n.agents, n.contacts), func(b *testing.B) {
			waiting, free, profiles := crowd(20, n.agents, n.contacts)
			b.ReportAllocs()
			began := spent()
			for b.Loop() {
				if pairs, _ := matchSome(noon, waiting, free, profiles, maxClaims); len(pairs) == 0 {
					b.Fatal("nobody fits")
				}
			}
			b.ReportMetric((spent()-began).Seconds()*1000/float64(b.N), "ms-cpu/op")
		})
	}
	b.Run("all-10000agents-20000waiting", func(b *testing.B) {
		waiting, free, profiles := crowd(20, 10000, 20000)
		began := spent()
		for b.Loop() {
			Match(noon, waiting, free, profiles)
		}
		b.ReportMetric((spent()-began).Seconds()*1000/float64(b.N), "ms-cpu/op")
	})
}

// spent is the processor time of this process: what a round costs, however busy the
// machine is with other things.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// plainly is Match as its words say it, looking at every contact and every agent.
func plainly(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile) (pairs []string) {
	waiting, free = slices.Clone(waiting), slices.Clone(free)
	slices.SortFunc(waiting, func(a, b Waiting) int { return inOrder(&a, &b) })
	for priority := 1; priority <= 99; priority++ {
		for n := 0; n < len(waiting); {
			w := waiting[n]
			best := -1
			for k := range free {
				if mayHave(now, w, free[k], profiles, priority) && (best < 0 || preferred(now, w, free[k], free[best])) {
					best = k
				}
			}
			if best < 0 {
				n++
				continue
			}
			pairs = append(pairs, string(w.Contact)+"-"+free[best].Agent)
			free = slices.Delete(free, best, best+1)
			waiting = slices.Delete(waiting, n, n+1)
		}
	}
	return pairs
}

func mayHave(now time.Time, w Waiting, f Free, profiles map[string]Profile, priority int) bool {
	needs, only, _ := w.asks(now)
	if w.From.After(now) || !Skilled(f.Skills, needs) || f.room(w.channel()) == 0 || len(only) > 0 && !slices.Contains(only, f.Agent) {
		return false
	}
	if slices.ContainsFunc(w.Excluded, func(e contact.Excluded) bool { return e.Agent == f.Agent && e.Until.After(now) }) {
		return false
	}
	queues := []string{w.Queue}
	for _, o := range w.Overflow {
		if !w.Enqueued.Add(o.After).After(now) {
			queues = append(queues, o.Queue)
		}
	}
	return slices.ContainsFunc(profiles[f.Profile].Queues, func(q ProfileQueue) bool {
		return slices.Contains(queues, q.Queue) && q.Priority == priority && !w.Enqueued.Add(q.Delay).After(now)
	})
}

func preferred(now time.Time, w Waiting, a, b Free) bool {
	needs, _, _ := w.asks(now)
	sum := func(f Free) (n int) {
		for skill := range needs {
			n += f.Skills[skill]
		}
		return n
	}
	least := 0
	if w.LeastBusy {
		least = cmp.Compare(a.Occupied, b.Occupied)
	}
	return cmp.Or(cmp.Compare(sum(b), sum(a)), least, a.Idle.Compare(b.Idle), cmp.Compare(a.Agent, b.Agent)) < 0
}

func TestMatchIsWhatItsWordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profiles := map[string]Profile{}
		for p := range 3 {
			var all []ProfileQueue
			for q := range 3 {
				if rapid.Bool().Draw(t, "serves") {
					all = append(all, ProfileQueue{fmt.Sprint("q", q), rapid.IntRange(1, 3).Draw(t, "priority"), time.Duration(rapid.IntRange(0, 2).Draw(t, "delay")) * 20 * time.Second})
				}
			}
			profiles[fmt.Sprint("p", p)] = Profile{Queues: all}
		}
		var waiting []Waiting
		var free []Free
		for n := range rapid.IntRange(0, 14).Draw(t, "waiting") {
			since := at(-rapid.IntRange(0, 60).Draw(t, "since"))
			w := Waiting{Contact: contact.ID(fmt.Sprint("c", n)), Queue: fmt.Sprint("q", rapid.IntRange(0, 2).Draw(t, "queue")), Enqueued: since,
				Rank: Queue{}.Rank(rapid.IntRange(1, 3).Draw(t, "band"), since), LeastBusy: rapid.Bool().Draw(t, "least")}
			if rapid.IntRange(0, 3).Draw(t, "chat") == 0 {
				w.Channel = contact.Chat
			}
			for range rapid.IntRange(0, 2).Draw(t, "steps") {
				s := contact.Step{For: time.Duration(rapid.IntRange(0, 30).Draw(t, "for")) * time.Second, Needs: map[string]int{"english": rapid.IntRange(1, 3).Draw(t, "level")}}
				if rapid.IntRange(0, 3).Draw(t, "asks") == 0 {
					s.Agents = []string{"a0", "a3"}
				}
				w.Steps = append(w.Steps, s)
			}
			if rapid.IntRange(0, 2).Draw(t, "overflows") == 0 {
				w.Overflow = []Overflow{{fmt.Sprint("q", rapid.IntRange(0, 2).Draw(t, "to")), time.Duration(rapid.IntRange(1, 60).Draw(t, "after")) * time.Second}}
			}
			if rapid.Bool().Draw(t, "needs") {
				w.Needs = map[string]int{"loans": rapid.IntRange(1, 2).Draw(t, "level")}
			}
			if rapid.IntRange(0, 3).Draw(t, "excludes") == 0 {
				w.Excluded = []contact.Excluded{{Agent: "a1", Until: at(rapid.IntRange(-5, 5).Draw(t, "until"))}}
			}
			if rapid.IntRange(0, 5).Draw(t, "callback") == 0 {
				w.From = at(rapid.IntRange(-5, 5).Draw(t, "from"))
			}
			waiting = append(waiting, w)
		}
		for n := range rapid.IntRange(0, 10).Draw(t, "free") {
			f := Free{Agent: fmt.Sprint("a", n), Profile: fmt.Sprint("p", rapid.IntRange(0, 2).Draw(t, "profile")), Idle: at(-rapid.IntRange(0, 60).Draw(t, "idle")),
				Occupied: rapid.IntRange(0, 3).Draw(t, "occupied"), Skills: map[string]int{"english": rapid.IntRange(0, 3).Draw(t, "english"), "loans": rapid.IntRange(0, 2).Draw(t, "loans")}}
			if rapid.Bool().Draw(t, "chats") {
				f.Rooms = map[contact.Channel]Room{contact.Chat: {2, rapid.IntRange(0, 2).Draw(t, "room")}, contact.Voice: {1, rapid.IntRange(0, 1).Draw(t, "voice")}}
			}
			free = append(free, f)
		}
		pairs, later := Match(noon, waiting, free, profiles)
		var got []string
		for _, p := range pairs {
			got = append(got, string(p.Waiting.Contact)+"-"+p.Free.Agent)
		}
		if want := plainly(noon, waiting, free, profiles); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("Match = %v, want %v", got, want)
		}
		left := func(f Free) bool {
			return !slices.ContainsFunc(pairs, func(p Pair) bool { return p.Free.Agent == f.Agent })
		}
		for s := 1; s <= 90; s++ { // before later nothing fits of those left over
			if now := at(s); later.IsZero() || now.Before(later) {
				for _, w := range waiting {
					if slices.ContainsFunc(pairs, func(p Pair) bool { return p.Waiting.Contact == w.Contact }) {
						continue
					}
					for _, f := range free {
						for priority := 1; left(f) && priority <= 3; priority++ {
							if mayHave(now, w, f, profiles, priority) {
								t.Fatalf("%s and %s fit at +%d s, later is %v", w.Contact, f.Agent, s, later)
							}
						}
					}
				}
			}
		}
	})
}

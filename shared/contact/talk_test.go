package contact

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/phone"
)

// TestATalkInAnyOrder does what people may do to a talk in any order and checks
// after each step that nobody is lost: the customer is on hold only while the
// agent is aside or has said so, there is never more than one consult, every
// segment has a number of its own, and who leaves leaves with a segment.
func TestATalkInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTable(t)
		t.Repeat(map[string]func(*rapid.T){
			"ask an agent": func(t *rapid.T) { w.ask(t, Party{Kind: AgentParty, Agent: w.someone(t)}) },
			"ask a number": func(t *rapid.T) {
				w.ask(t, Party{Kind: NumberParty, Dial: phone.MustParse("1390013900" + fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "n")))})
			},
			"supervise": func(t *rapid.T) { w.ask(t, Party{Kind: Supervisor, Agent: "boss" + w.someone(t), Mode: ModeListen}) },
			"accept":    func(t *rapid.T) { w.step(t, func() error { _, err := w.talk.Accept(w.any(t), w.now()); return err }) },
			"answer":    w.answer,
			"swap":      func(t *rapid.T) { w.step(t, func() error { return w.talk.Swap(w.con, w.now()) }) },
			"join":      func(t *rapid.T) { w.step(t, func() error { return w.talk.Join(w.con, w.now()) }) },
			"set": func(t *rapid.T) {
				w.step(t, func() error { _, err := w.talk.Set(w.any(t), ModeHold, w.now()); return err })
			},
			"drop":             w.drop,
			"hand over":        w.handOver,
			"the agent leaves": w.leave,
			"hold": func(t *rapid.T) {
				if w.talk.Consult == "" {
					w.con.StartHold(w.now())
				}
			},
			"": w.check,
		})
	})
}

// table is a talk that a test plays with.
type table struct {
	con      *Contact
	talk     *Talk
	at       time.Time
	ids      int
	segments map[int]bool // that are over
}

func newTable(*rapid.T) *table {
	return &table{at: noon, segments: map[int]bool{}, talk: &Talk{Tenant: "t", ID: "c", Offer: "o"},
		con: &Contact{Tenant: "t", ID: "c", State: Connected, Since: noon, Offer: "o", OfferAgent: "lin", AgentLeg: "leg-o", AgentJoined: noon, ACWSeconds: 30}}
}

func (w *table) now() time.Time {
	w.at = w.at.Add(time.Second)
	return w.at
}

func (w *table) someone(t *rapid.T) string {
	return rapid.SampledFrom([]string{"lin", "wu", "eve", "joe"}).Draw(t, "agent")
}

// any is a party of the talk, or none.
func (w *table) any(t *rapid.T) OfferID {
	n := rapid.IntRange(0, len(w.talk.Parties)).Draw(t, "party")
	if n == len(w.talk.Parties) {
		return "nobody"
	}
	return w.talk.Parties[n].ID
}

// step does something; what is refused changes nothing.
func (w *table) step(t *rapid.T, do func() error) {
	before, con := w.talk.Clone(), *w.con
	if do() == nil {
		w.talk.Version++
		return
	}
	if fmt.Sprint(*before) != fmt.Sprint(*w.talk) || fmt.Sprint(con) != fmt.Sprint(*w.con) {
		t.Fatalf("what was refused has changed %+v to %+v, %+v to %+v", before, w.talk, con, w.con)
	}
}

func (w *table) ask(t *rapid.T, p Party) {
	w.ids++
	p.ID = OfferID(fmt.Sprintf("p%d", w.ids))
	w.step(t, func() error { return w.talk.Ask(w.con, p, w.now()) })
}

func (w *table) answer(t *rapid.T) {
	id := w.any(t)
	w.step(t, func() error { _, err := w.talk.Answer(id, "leg-"+string(id), w.now()); return err })
	again, err := w.talk.Answer(id, "leg-"+string(id), w.now())
	if again || err != nil && !errors.Is(err, ErrNoParty) {
		t.Fatalf("a second answer: %v, %v", again, err)
	}
}

func (w *table) drop(t *rapid.T) {
	w.step(t, func() error {
		p, err := w.talk.Drop(w.con, w.any(t), w.now())
		if err == nil && p.State == PartyTalking && p.Kind != Supervisor {
			w.over(t, w.talk.Segmented(w.con, p, AgentLeft, w.now()))
		}
		return err
	})
}

func (w *table) handOver(t *rapid.T) { w.pass(t, w.any(t)) }

func (w *table) leave(t *rapid.T) {
	if next := w.talk.Successor(); next != nil {
		w.pass(t, next.ID)
	}
}

// pass hands the contact over; the party is joined at once, so that it goes on.
func (w *table) pass(t *rapid.T, id OfferID) {
	w.step(t, func() error {
		asked := w.talk.Party(w.talk.Consult)
		if asked != nil {
			copied := *asked
			asked = &copied
		}
		left, err := w.talk.HandOver(w.con, id, AgentLeft, w.now())
		if err != nil {
			return err
		}
		w.over(t, left)
		if asked != nil && asked.ID != id && asked.State == PartyTalking {
			w.over(t, w.talk.Segmented(w.con, *asked, AgentLeft, w.now()))
		}
		if w.con.Offer != id || left.Next != w.con.Segment || w.con.Previous != left.Segment || !w.con.Hold.Since.IsZero() {
			t.Fatalf("handed over: %+v after %+v", w.con, left)
		}
		w.con.State, w.con.AgentLeg = Connected, "leg-"+string(id)
		return nil
	})
}

// over notes a segment that has ended: each has a number of its own.
func (w *table) over(t *rapid.T, s *Contact) {
	if w.segments[s.Segment] {
		t.Fatalf("segment %d ended twice", s.Segment)
	}
	w.segments[s.Segment] = true
	if want := s.OfferAgent != ""; (s.State == Ended) != want || s.Disconnected.IsZero() || !s.Left {
		t.Fatalf("a segment that is over: %+v", s)
	}
}

func (w *table) check(t *rapid.T) {
	if err := w.talk.Check(); err != nil {
		t.Fatal(err)
	}
	if w.segments[w.con.Segment] {
		t.Fatalf("the contact goes on in segment %d, which is over", w.con.Segment)
	}
	for _, p := range w.talk.Parties {
		if p.Kind == Supervisor {
			continue
		}
		if w.segments[p.Segment] || p.Segment == w.con.Segment {
			t.Fatalf("party %s has segment %d, which is another's", p.ID, p.Segment)
		}
	}
	if w.talk.Aside && len(w.talk.Talkers()) == 0 && w.con.Hold.Since.IsZero() {
		t.Fatal("the agent is aside and the customer hears nothing")
	}
}

func TestWhoHasTheCustomerNext(t *testing.T) {
	agent := func(id OfferID) Party {
		return Party{ID: id, Kind: AgentParty, Agent: string(id), State: PartyTalking, Leg: "l" + string(id)}
	}
	number := Party{ID: "n", Kind: NumberParty, Dial: phone.MustParse("10086"), State: PartyTalking, Leg: "ln"}
	rings := Party{ID: "r", Kind: AgentParty, Agent: "r", State: PartyOffered}
	boss := Party{ID: "s", Kind: Supervisor, Agent: "s", State: PartyTalking, Leg: "ls", Mode: ModeListen}
	for _, tt := range []struct {
		name string
		talk Talk
		want OfferID
	}{
		{"nobody, when only a supervisor listens", Talk{Parties: []Party{boss}}, ""},
		{"the one who is called", Talk{Consult: "r", Aside: true, Parties: []Party{rings}}, "r"},
		{"the one who is consulted", Talk{Consult: "a", Aside: true, Parties: []Party{agent("a")}}, "a"},
		{"nobody, when the agent is back with the customer", Talk{Consult: "a", Parties: []Party{agent("a")}}, ""},
		{"an agent before a number", Talk{Parties: []Party{number, agent("a")}}, "a"},
		{"a number, if there is no other", Talk{Parties: []Party{boss, number}}, "n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := OfferID("")
			if p := tt.talk.Successor(); p != nil {
				got = p.ID
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestATalkIsKeptAsItIs(t *testing.T) {
	talk := &Talk{Tenant: "t", ID: "c", Version: 3, Offer: "o", Consult: "p", Aside: true, Moved: 2, Held: 1, Told: true, Parties: []Party{
		{ID: "p", Kind: NumberParty, Dial: phone.MustParse("10086"), State: PartyTalking, Mode: ModeTalk, Leg: "l", Since: noon, Asked: noon, Joined: noon, Segment: 2, At: 2},
		{ID: "s", Kind: Supervisor, Agent: "boss", State: PartyOffered, Mode: ModeWhisper, Since: noon, Asked: noon, Segment: 3, Over: true, At: 3}}}
	w := talk.Write(&Talk{Version: 3})
	i := w.Put
	i["PK"], i["SK"] = w.Key.Part, w.Key.Sort
	back := TalkFromItem(i)
	talk.Version++
	if fmt.Sprint(*back) != fmt.Sprint(*talk) {
		t.Errorf("%+v, want %+v", back, talk)
	}
	if TalkFromItem((&Contact{Tenant: "t", ID: "c"}).Item()) != nil {
		t.Error("a contact is read as a talk")
	}
}

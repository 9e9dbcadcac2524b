package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// small is an hour of a small centre, at the busiest time of the day.
func small() Options {
	return Options{Agents: 200, Calls: 2000, From: 10, Hours: 1, Deaths: 3, Lost: true, Seed: 1}
}

func TestASmallDayHoldsWhatWasPromised(t *testing.T) {
	d, err := Run(t.Context(), small())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Faults {
		t.Error(f)
	}
	if d.Calls < 2000 || d.Deaths != 3 || d.Lost < 150 || d.Missed == 0 || d.Declined == 0 || d.Resumed == 0 {
		t.Errorf("%d calls, %d deaths, %d sockets lost, %d missed, %d declined, talks again after %s: the day was not what it should be", d.Calls, d.Deaths, d.Lost, d.Missed, d.Declined, d.Resumed)
	}
	if ended := d.Talks + d.Abandoned + d.TimedOut + d.SelfServed; ended != d.Calls {
		t.Errorf("%d calls, %d ends", d.Calls, ended)
	}
	if n := d.talks(); n < d.Queued/2 || n > d.Queued || d.wait(0.5) > d.wait(0.99) {
		t.Errorf("%d of %d were answered, median %s, p99 %s", n, d.Queued, d.wait(0.5), d.wait(0.99))
	}
	var page bytes.Buffer
	if err := d.Write(&page); err != nil || !strings.Contains(page.String(), "0 violations") {
		t.Errorf("page: %v\n%s", err, page.String())
	}
}

func TestADayRepeatsExactly(t *testing.T) {
	o := Options{Agents: 20, Calls: 200, From: 10, Hours: 1, Deaths: 2, Lost: true, Seed: 7}
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Run(t.Context(), o)
	if err != nil || first.Digest != again.Digest {
		t.Errorf("digests %s and %s, %v", first.Digest, again.Digest, err)
	}
	o.Seed++
	if other, err := Run(t.Context(), o); err != nil || other.Digest == first.Digest {
		t.Errorf("another seed has the same digest, %v", err)
	}
}

// broken is a day's world in which something is wrong, as the checker must see.
func broken(t *testing.T) *world {
	t.Helper()
	w := newWorld(t.Context(), Options{Agents: 20, Calls: 1, Hours: 1, Seed: 1})
	if err := errors.Join(w.open(), w.settle()); err != nil {
		t.Fatal(err)
	}
	return w
}

// waitsIn adds a call that waits.
func (w *world) waitsIn(q *queue, id contact.ID, rank string) *call {
	c := &call{id: id, queue: q, priority: 5}
	w.calls[id] = c
	w.checker.contact(c, cloud.Item{"state": string(contact.Queued), "rank": rank})
	return c
}

func TestTheCheckerSees(t *testing.T) {
	offered := func(offer string, p *person) cloud.Item {
		return cloud.Item{"state": string(contact.Offered), "offer": offer, "offerAgent": p.id}
	}
	for _, tt := range []struct {
		name, want string
		do         func(w *world, q *queue, p *person)
	}{
		{"one who is served before another", "I-5", func(w *world, q *queue, p *person) {
			w.waitsIn(q, "c1", "05.1")
			w.checker.contact(w.waitsIn(q, "c2", "05.2"), offered("o1", p))
		}},
		{"one who is served at once while another waits", "I-5", func(w *world, q *queue, p *person) {
			w.waitsIn(q, "c1", "05.1")
			c := &call{id: "c2", queue: q, priority: 5, state: contact.InFlow}
			w.checker.contact(c, cloud.Item{"state": string(contact.Offered), "offer": "o1", "offerAgent": p.id, "rank": "05.2"})
		}},
		{"a pair that is apart", "I-4", func(w *world, q *queue, p *person) {
			w.waitsIn(q, "c1", "05.1")
			w.checker.person(p, cloud.Write{}, cloud.Item{"state": string(agent.Available)})
			w.clock.Advance(together + time.Second)
			w.checker.apart()
		}},
		{"an agent with two contacts", "I-2", func(w *world, _ *queue, p *person) {
			w.checker.person(p, cloud.Write{Set: cloud.Item{"o:1": "c1"}}, nil)
			w.checker.person(p, cloud.Write{Set: cloud.Item{"o:2": "c2"}}, nil)
		}},
		{"a contact with two offers", "I-3", func(w *world, q *queue, p *person) {
			c := w.waitsIn(q, "c1", "05.1")
			w.checker.contact(c, offered("o1", p))
			c.state = contact.InFlow
			w.checker.offered(c, "o2", p)
		}},
		{"a contact that goes on after its end", "I-1", func(w *world, q *queue, p *person) {
			w.checker.contact(&call{id: "c1", queue: q, state: contact.Completed}, offered("o1", p))
		}},
		{"an end that was not", "I-1", func(w *world, q *queue, _ *person) {
			c := &call{id: "c1", queue: q, why: contact.AgentLeft, over: true, state: contact.Ended}
			w.checker.contact(c, cloud.Item{"state": string(contact.Completed), "reason": string(contact.CustomerLeft)})
		}},
		{"two records", "I-7", func(w *world, q *queue, _ *person) {
			c := &call{id: "c1", queue: q}
			w.checker.record(c, "REC#0")
			w.checker.record(c, "REC#1")
		}},
		{"an agent who is not back", "T-17", func(w *world, _ *queue, p *person) {
			p.wants = agent.Available
			w.checker.back()
		}},
		{"an offer to a ghost", "T-17", func(w *world, q *queue, p *person) {
			p.ghost = true
			c := w.waitsIn(q, "c1", "05.1")
			w.checker.contact(c, offered("o1", p))
			p.rung = "o1"
			for range len(w.due.heap) {
				if at, do, ok := w.due.next(); ok && at.Before(w.now().Add(16*time.Second)) {
					w.due.pop()
					w.clock.AdvanceTo(at)
					do()
				}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := broken(t)
			p := w.centre.queues[0].servers[0].profile
			for _, who := range w.agents {
				if who.profile == p {
					tt.do(w, w.centre.queues[0], who)
					break
				}
			}
			if len(w.day.Faults) == 0 || !strings.Contains(w.day.Faults[0], tt.want) {
				t.Errorf("faults %q, want %s", w.day.Faults, tt.want)
			}
		})
	}
}

func TestWhatHappensFirstComesFirst(t *testing.T) {
	var s schedule
	var got []int
	at := time.Unix(100, 0)
	for _, n := range []int{3, 1, 2, 1} {
		s.add(at.Add(time.Duration(n)*time.Second), func() { got = append(got, 10*n+len(got)) })
	}
	for {
		_, do, ok := s.next()
		if !ok {
			break
		}
		s.pop()
		do()
	}
	if len(got) != 4 || got[0] != 10 || got[1] != 11 || got[2] != 22 || got[3] != 33 {
		t.Errorf("happened %v", got)
	}
}

func TestADayEndsWithItsContext(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	o := small()
	o.Told = func(*Day) { end() }
	if _, err := Run(ctx, o); err == nil {
		t.Error("it went on")
	}
}

package localcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud/localcloud"
)

// watchQueue polls a queue with a handler that tells each body and never fails.
func (w *world) watchQueue(queue string, tell func(string)) {
	w.ok(w.Poll(localcloud.Poller{Queue: queue, Handler: func(_ context.Context, e events.SQSEvent) (r events.SQSEventResponse, err error) {
		for _, m := range e.Records {
			tell(m.Body)
		}
		return r, nil
	}}))
}

func withDeadLetters() []localcloud.QueueOptions {
	return []localcloud.QueueOptions{{Name: "q", MaxReceive: 3, DeadLetter: "q-dlq"}, {Name: "q-dlq"}}
}

func TestAPollerKeepsWhatItsHandlerReports(t *testing.T) {
	tests := []struct {
		name  string
		fail  func(e events.SQSEvent) ([]string, error) // ids that failed
		again []string
	}{
		{"nothing fails", func(events.SQSEvent) ([]string, error) { return nil, nil }, nil},
		{"one fails", func(e events.SQSEvent) ([]string, error) {
			for _, m := range e.Records {
				if m.Body == "b" {
					return []string{m.MessageId}, nil
				}
			}
			return nil, nil
		}, []string{"b"}},
		{"one fails and is reported twice", func(e events.SQSEvent) ([]string, error) {
			for _, m := range e.Records {
				if m.Body == "b" {
					return []string{m.MessageId, m.MessageId}, nil
				}
			}
			return nil, nil
		}, []string{"b"}},
		{"the function fails", func(events.SQSEvent) ([]string, error) { return nil, errors.New("failed") }, []string{"a", "b", "c"}},
		{"the function panics", func(events.SQSEvent) ([]string, error) { panic("boom") }, []string{"a", "b", "c"}},
		{"an unknown id is the whole batch", func(events.SQSEvent) ([]string, error) { return []string{"?"}, nil }, []string{"a", "b", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, localcloud.QueueOptions{Name: "q"})
			calls := 0
			var again []string
			w.ok(w.Poll(localcloud.Poller{Queue: "q", Handler: func(_ context.Context, e events.SQSEvent) (r events.SQSEventResponse, err error) {
				if calls++; calls > 1 {
					for _, m := range e.Records {
						again = append(again, m.Body)
					}
					return r, nil
				}
				ids, err := tt.fail(e)
				for _, id := range ids {
					r.BatchItemFailures = append(r.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
				}
				return r, err
			}}))
			for _, body := range []string{"a", "b", "c"} {
				w.send("q", body, 0)
			}
			w.drain()
			if calls != 1 {
				t.Errorf("%d calls at once, want 1", calls)
			}
			w.settle(time.Hour)
			slices.Sort(again)
			if !slices.Equal(again, tt.again) || w.Depth("q") != 0 {
				t.Errorf("again %v, want %v; %d left", again, tt.again, w.Depth("q"))
			}
		})
	}
}

func TestAPoisonousMessageIsTriedAndPutAside(t *testing.T) {
	w := newWorld(t, withDeadLetters()...)
	tries := 0
	w.ok(w.Poll(localcloud.Poller{Queue: "q", Handler: func(context.Context, events.SQSEvent) (r events.SQSEventResponse, err error) {
		tries++
		return r, errors.New("always")
	}}))
	w.send("q", "poison", 0)
	w.settle(time.Hour)
	if got := w.received("q-dlq"); tries != 3 || !slices.Equal(got, []string{"poison"}) {
		t.Errorf("%d tries, dead letters %v", tries, got)
	}
}

func TestATimerIsExactToTheSecond(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "q"})
	start := w.clock.Now()
	var at []time.Duration
	w.watchQueue("q", func(string) { at = append(at, w.clock.Now().Sub(start)) })
	w.send("q", "ring", 23*time.Second)
	w.send("q", "half", 1500*time.Millisecond)
	w.settle(time.Minute)
	if want := []time.Duration{2 * time.Second, 23 * time.Second}; !slices.Equal(at, want) {
		t.Errorf("delivered after %v, want %v", at, want)
	}
	if next := w.Next(); !next.IsZero() {
		t.Errorf("next %v, want none", next)
	}
}

func TestADeletedMessageMayComeOnceMore(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "q"})
	w.SetFaults(localcloud.Faults{RepeatMessages: 1})
	n := 0
	w.watchQueue("q", func(string) { n++ })
	w.send("q", "x", 0)
	w.settle(time.Hour)
	if n != 2 {
		t.Errorf("delivered %d times, want 2", n)
	}
}

func TestAnOldMessageIsDropped(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "q", Retention: time.Hour})
	w.send("q", "old", 0)
	w.clock.Advance(61 * time.Minute)
	w.send("q", "new", 0)
	if got := w.received("q"); !slices.Equal(got, []string{"new"}) {
		t.Errorf("received %v", got)
	}
}

func TestARestartGivesBackWhatWasInFlight(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "q"})
	w.send("q", "held", 0)
	w.send("q", "late", time.Minute)
	got, err := w.Queue().Receive(w.Context(), "q", 10, 0, 12*time.Hour)
	w.ok(err)
	again, err := w.Reopen(localcloud.Options{Manual: true, Now: w.clock.Now, Queues: []localcloud.QueueOptions{{Name: "q"}}})
	w.ok(err)
	w.Cloud = again
	back, err := w.Queue().Receive(w.Context(), "q", 10, 0, time.Hour)
	w.ok(err)
	if len(got) != 1 || len(back) != 1 || back[0].ID != got[0].ID || back[0].Count != 2 {
		t.Errorf("received %v, after the restart %v", got, back)
	}
}

// The event is what AWS sends: its JSON is kept in testdata.
func TestTheQueueEventHasLambdasShape(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "q"})
	var got events.SQSEvent
	w.ok(w.Poll(localcloud.Poller{Queue: "q", Handler: func(_ context.Context, e events.SQSEvent) (r events.SQSEventResponse, err error) {
		got = e
		return r, nil
	}}))
	w.send("q", `{"offerId":"1"}`, 0)
	w.drain()
	b, err := json.MarshalIndent(got, "", "  ")
	w.ok(err)
	golden(t, "queue.json", append(b, '\n'))
}

func TestOrderIsNotPromised(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		w := seededWorld(t, seed+1, localcloud.QueueOptions{Name: "q"})
		for i := range 5 {
			w.send("q", fmt.Sprint(i), 0)
		}
		orders[fmt.Sprint(w.received("q"))] = true
	}
	if len(orders) < 5 {
		t.Errorf("%d orders in 20 runs", len(orders))
	}
}

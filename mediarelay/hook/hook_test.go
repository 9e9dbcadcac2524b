package hook

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// function answers each try with the next of its replies.
type function struct {
	replies []func(context.Context) ([]byte, error)
	tries   int
	name    string
	event   sma.Event
}

func (f *function) Invoke(ctx context.Context, name string, payload []byte) ([]byte, error) {
	f.name = name
	if err := json.Unmarshal(payload, &f.event); err != nil {
		return nil, err
	}
	r := f.replies[min(f.tries, len(f.replies)-1)]
	f.tries++
	return r(ctx)
}

func says(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

func fails(err error) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return nil, err }
}

func hangs(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func event() sma.Event {
	return sma.Event{SchemaVersion: "1.0", Sequence: 3, InvocationEventType: sma.NewInboundCall, CallDetails: sma.CallDetails{TransactionID: "tx"}}
}

func TestHandle(t *testing.T) {
	gone := &cloud.FunctionError{Function: "ivr", Type: "panic", Message: "boom"}
	good := says(`{"SchemaVersion":"1.0","Actions":[{"Type":"Hangup","Parameters":{}}]}`)
	type replies = []func(context.Context) ([]byte, error)
	tests := []struct {
		name    string
		replies replies
		actions int
		kind    fault.Kind
		answer  bool // the error is ErrAnswer
		tries   int
		took    time.Duration
		count   Counters
	}{
		{"an answer", replies{good}, 1, "", false, 1, 0, Counters{Invocations: 1}},
		{"a function error, then an answer", replies{fails(gone), good}, 1, "", false, 2, 100 * time.Millisecond, Counters{Invocations: 2, Retries: 1}},
		{"two function errors", replies{fails(gone)}, 0, fault.Internal, false, 2, 100 * time.Millisecond, Counters{Invocations: 2, Retries: 1, Failures: 1}},
		{"throttled twice", replies{fails(fault.New(fault.Throttled, "slow down"))}, 0, fault.Throttled, false, 2, 100 * time.Millisecond, Counters{Invocations: 2, Retries: 1, Failures: 1}},
		{"a hang, then an answer", replies{hangs, good}, 1, "", false, 2, 5100 * time.Millisecond, Counters{Invocations: 2, Retries: 1, Timeouts: 1}},
		{"two hangs", replies{hangs}, 0, fault.Timeout, false, 2, 10100 * time.Millisecond, Counters{Invocations: 2, Retries: 1, Timeouts: 2, Failures: 1}},
		{"broken JSON is not asked again", replies{says(`{"Actions":`)}, 0, fault.Invalid, true, 1, 0, Counters{Invocations: 1, Invalid: 1}},
		{"a wrong type is not asked again", replies{says(`{"Actions":5}`)}, 0, fault.Invalid, true, 1, 0, Counters{Invocations: 1, Invalid: 1}},
		{"a list is no actions", replies{says(`[]`)}, 0, "", false, 1, 0, Counters{Invocations: 1}},
		{"nothing at all", replies{says(``)}, 0, fault.Invalid, true, 1, 0, Counters{Invocations: 1, Invalid: 1}},
		{"null is no actions", replies{says(`null`)}, 0, "", false, 1, 0, Counters{Invocations: 1}},
		{"too much", replies{says(strings.Repeat(" ", maxAnswer+1))}, 0, fault.Invalid, true, 1, 0, Counters{Invocations: 1, Invalid: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &function{replies: tt.replies}
				h := New(f, Config{})
				began := time.Now()
				r, err := h.Handle(t.Context(), event())
				if fault.KindOf(err) != tt.kind || errors.Is(err, ErrAnswer) != tt.answer {
					t.Errorf("error %v, kind %q", err, fault.KindOf(err))
				}
				if len(r.Actions) != tt.actions || f.tries != tt.tries || time.Since(began) != tt.took {
					t.Errorf("%d actions after %d tries and %v", len(r.Actions), f.tries, time.Since(began))
				}
				got := h.Count()
				got.Total, got.Classes = 0, nil
				if got.Invocations != tt.count.Invocations || got.Retries != tt.count.Retries || got.Failures != tt.count.Failures ||
					got.Timeouts != tt.count.Timeouts || got.Invalid != tt.count.Invalid {
					t.Errorf("counters %+v, want %+v", got, tt.count)
				}
				if f.name != "ivr" || f.event.Sequence != 3 || f.event.CallDetails.TransactionID != "tx" {
					t.Errorf("asked %s: %+v", f.name, f.event)
				}
			})
		})
	}
}

func TestACallerWhoIsGoneIsNotAskedForAgain(t *testing.T) {
	f := &function{replies: []func(context.Context) ([]byte, error){hangs}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(f, Config{}).Handle(ctx, event()); err == nil || f.tries != 1 {
		t.Errorf("%v after %d tries", err, f.tries)
	}
}

func TestOrderedAsksOneEventOfACallAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, others atomic.Int32
		o := NewOrdered(HandlerFunc(func(_ context.Context, e sma.Event) (sma.Response, error) {
			if e.CallDetails.TransactionID == "tx" {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
			} else {
				others.Add(1)
			}
			time.Sleep(time.Second)
			return sma.Keep(), nil
		}))
		began := time.Now()
		for range 5 {
			go o.Handle(t.Context(), event())
			go o.Handle(t.Context(), sma.Event{CallDetails: sma.CallDetails{TransactionID: "other" + string(rune('0'+others.Add(1)))}})
			others.Add(-1)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		synctest.Wait()
		if _, err := o.Handle(ctx, event()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ends with the context: %v", err)
		}
		for len(o.busyCalls()) > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if most.Load() != 1 || time.Since(began) < 5*time.Second || others.Load() == 0 {
			t.Errorf("%d at once, %v, %d others", most.Load(), time.Since(began), others.Load())
		}
	})
}

func (o *Ordered) busyCalls() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []string
	for id := range o.busy {
		list = append(list, id)
	}
	return list
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"SchemaVersion":"1.0","Actions":[{"Type":"Speak","Parameters":{"Text":"x"}}],"TransactionAttributes":{"a":1}}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"Actions":[null,5,{}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		h := New(&function{replies: []func(context.Context) ([]byte, error){says(string(answer))}}, Config{})
		r, err := h.Handle(t.Context(), event())
		if err != nil && !errors.Is(err, ErrAnswer) {
			t.Errorf("%q: %v", answer, err)
		}
		_ = r.Check(sma.Capabilities()...)
	})
}

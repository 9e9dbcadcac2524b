package localcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

var update = flag.Bool("update", false, "write golden files")

// told tells a stream record in short: key, old and new n.
func told(r events.DynamoDBEventRecord) string {
	n := func(m map[string]events.DynamoDBAttributeValue) string {
		if v, ok := m["n"]; ok {
			return v.Number()
		}
		return ""
	}
	return r.Change.Keys["PK"].String() + ":" + n(r.Change.OldImage) + ">" + n(r.Change.NewImage)
}

// watch subscribes a consumer that tells each record and never fails.
func (w *world) watch(name string, tell func(string)) {
	w.ok(w.Subscribe(localcloud.Consumer{Name: name, Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		for _, record := range e.Records {
			tell(told(record))
		}
		return r, nil
	}}))
}

// batches subscribes a consumer that answers each batch by fail: the index of
// the first record that failed, -1 for none, -2 for an error of the function.
// It returns what was delivered, a list for each batch.
func (w *world) batches(c localcloud.Consumer, fail func(batch []string) int) *[][]string {
	var all [][]string
	c.Name = "x"
	c.Handler = func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		var batch []string
		for _, record := range e.Records {
			batch = append(batch, told(record))
		}
		all = append(all, batch)
		switch i := fail(batch); {
		case i == -2:
			return r, errors.New("function failed")
		case i >= 0:
			r.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: e.Records[i].Change.SequenceNumber}}
		}
		return r, nil
	}
	w.ok(w.Subscribe(c))
	return &all
}

// counts sets n of one item to 0, 1, 2 … and so leaves records in one shard.
func (w *world) counts(n int) {
	for i := range n {
		w.put(key(1), cloud.Item{"n": i})
	}
}

func flat(batches [][]string) []string { return slices.Concat(batches...) }

const poison = "t|C#1:2>3"

func TestABatchIsDeliveredOnce(t *testing.T) {
	w := newWorld(t)
	got := w.batches(localcloud.Consumer{Batch: 3}, func([]string) int { return -1 })
	w.counts(7)
	w.settle(time.Hour)
	if len(*got) != 3 || len(flat(*got)) != 7 {
		t.Errorf("delivered %v, want 7 records in 3 batches", *got)
	}
}

func TestAReportedRecordComesAgainWithAllBehindIt(t *testing.T) {
	w := newWorld(t)
	tries := 0
	got := w.batches(localcloud.Consumer{}, func(b []string) int {
		if i := slices.Index(b, poison); i >= 0 && tries < 2 {
			tries++
			return i
		}
		return -1
	})
	w.counts(6)
	w.settle(time.Hour)
	second := (*got)[1]
	if second[0] != poison || len(second) != 3 {
		t.Errorf("after the failure came %v", second)
	}
	last := flat(*got)
	if last[len(last)-1] != "t|C#1:4>5" {
		t.Errorf("delivered %v", *got)
	}
}

func TestAPoisonousRecordIsIsolatedAndGivenUp(t *testing.T) {
	tests := []struct {
		name     string
		reported bool
	}{
		{"reported", true},
		{"by an error of the function", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, localcloud.QueueOptions{Name: "dlq"})
			alone := 0
			got := w.batches(localcloud.Consumer{Retries: 3, OnFailure: "dlq"}, func(b []string) int {
				if len(b) == 1 && b[0] == poison {
					alone++
				}
				if i := slices.Index(b, poison); i < 0 || tt.reported {
					return i
				}
				return -2
			})
			w.counts(9)
			w.settle(20 * time.Minute)
			seen := flat(*got)
			if seen[len(seen)-1] != "t|C#1:7>8" {
				t.Errorf("the shard did not move on: %v", *got)
			}
			if alone != 4 {
				t.Errorf("the poison was tried alone %d times, want 1 and 3 retries", alone)
			}
			dead := w.received("dlq")
			if len(dead) != 1 {
				t.Fatalf("on-failure queue has %v", dead)
			}
			var m struct {
				RequestContext struct{ Condition string }
				Batch          struct{ ShardID, StartSequenceNumber, EndSequenceNumber string } `json:"DDBStreamBatchInfo"`
			}
			w.ok(json.Unmarshal([]byte(dead[0]), &m))
			if m.RequestContext.Condition != "RetryAttemptsExhausted" || m.Batch.StartSequenceNumber == "" || m.Batch.StartSequenceNumber != m.Batch.EndSequenceNumber {
				t.Errorf("message %s", dead[0])
			}
			if strings.Contains(dead[0], "C#1") {
				t.Error("the message tells what the record holds")
			}
		})
	}
}

func TestAnUnknownReportedIDIsTheWholeBatch(t *testing.T) {
	w := newWorld(t)
	calls := 0
	w.ok(w.Subscribe(localcloud.Consumer{Name: "x", Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		if calls++; calls == 1 {
			r.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: ""}}
		}
		return r, nil
	}}))
	w.counts(1)
	w.settle(time.Minute)
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func TestAPanicOfAHandlerIsAFailure(t *testing.T) {
	w := newWorld(t)
	calls := 0
	w.ok(w.Subscribe(localcloud.Consumer{Name: "x", Handler: func(context.Context, events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		if calls++; calls == 1 {
			panic("boom")
		}
		return r, nil
	}}))
	w.counts(1)
	w.settle(time.Minute)
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func TestARecordTooOldIsGivenUp(t *testing.T) {
	w := newWorld(t, localcloud.QueueOptions{Name: "dlq"})
	got := w.batches(localcloud.Consumer{Retries: 1000, MaxAge: time.Minute, OnFailure: "dlq"}, func([]string) int { return -2 })
	w.counts(1)
	w.settle(5 * time.Minute)
	if dead := w.received("dlq"); len(dead) != 1 || !strings.Contains(dead[0], "RecordAgeExceeded") {
		t.Errorf("on-failure queue has %v", dead)
	}
	if n := len(*got); n < 3 || n > 20 {
		t.Errorf("%d tries in a minute, want a few with growing pauses", n)
	}
}

func TestEachItemsRecordsStayInOrderWhateverIsAtFault(t *testing.T) {
	for seed := range uint64(30) {
		w := seededWorld(t, seed+1)
		w.SetFaults(localcloud.Faults{Reorder: true, RepeatEvents: 0.5})
		last := map[string]string{}
		w.watch("x", func(e string) {
			k, change, _ := strings.Cut(e, ":")
			old, next, _ := strings.Cut(change, ">")
			if old != last[k] && last[k] < next { // a repeat may go back, nothing may be left out
				t.Errorf("seed %d: %s came after %s", seed, e, last[k])
			}
			last[k] = next
		})
		for n := range 9 {
			var all []cloud.Write
			for i := range 5 {
				all = append(all, cloud.Write{Key: key(i), Set: cloud.Item{"n": n}})
			}
			w.ok(w.Table().Transact(w.Context(), "", all...))
			if n%3 == 0 {
				w.drain()
			}
		}
		w.settle(time.Hour)
		for i := range 5 {
			if got := last[key(i).Part]; got != "8" {
				t.Errorf("seed %d: item %d ends at %q", seed, i, got)
			}
		}
	}
}

func TestRecordsOfDifferentItemsComeInOtherOrders(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		w := seededWorld(t, seed+1)
		var order []string
		w.watch("x", func(e string) { order = append(order, e) })
		for i := range 5 {
			w.put(key(i), cloud.Item{"n": i})
		}
		w.drain()
		orders[strings.Join(order, " ")] = true
	}
	if len(orders) < 5 {
		t.Errorf("%d orders in 20 runs: consumers could lean on the order of items", len(orders))
	}
}

func TestAConsumerGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	var seen []string
	for round := range 3 {
		clock := localcloud.NewClock(time.Now().Add(time.Duration(round) * 100 * time.Hour)) // switched off for days
		c, err := localcloud.Open(localcloud.Options{Dir: dir, Durability: localcloud.Process, Manual: true, Seed: 1, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t, c, clock, 1}
		w.watch("x", func(e string) { seen = append(seen, e) })
		w.drain()
		w.put(key(1), cloud.Item{"n": round}) // is delivered after the restart
		w.ok(c.Close())
	}
	if want := []string{"t|C#1:>0", "t|C#1:0>1"}; !slices.Equal(seen, want) {
		t.Errorf("seen %v, want %v", seen, want)
	}
}

func TestTwoConsumersSeeEverythingAndAThirdIsRefused(t *testing.T) {
	w := newWorld(t)
	n := map[string]int{}
	for _, name := range []string{"acd", "event"} {
		w.watch(name, func(string) { n[name]++ })
	}
	if err := w.Subscribe(localcloud.Consumer{Name: "third"}); err == nil {
		t.Error("a third consumer was taken")
	}
	w.counts(10)
	w.drain()
	if n["acd"] != 10 || n["event"] != 10 {
		t.Errorf("seen %v", n)
	}
}

func TestALatestConsumerStartsAtTheEnd(t *testing.T) {
	w := newWorld(t)
	w.counts(3)
	var seen []string
	w.ok(w.Subscribe(localcloud.Consumer{Name: "x", Latest: true, Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		for _, record := range e.Records {
			seen = append(seen, told(record))
		}
		return r, nil
	}}))
	w.put(key(1), cloud.Item{"n": 9})
	w.drain()
	if !slices.Equal(seen, []string{"t|C#1:2>9"}) {
		t.Errorf("seen %v", seen)
	}
}

// The event is what AWS sends: its JSON is kept in testdata.
func TestTheEventHasLambdasShape(t *testing.T) {
	w := newWorld(t)
	var got events.DynamoDBEvent
	w.ok(w.Subscribe(localcloud.Consumer{Name: "x", Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		got.Records = append(got.Records, e.Records...)
		return r, nil
	}}))
	w.put(key(1), cloud.Item{"n": 1, "s": "话", "b": []byte{1}, "t": true, "l": []string{"x"}, "m": map[string]any{"k": int64(2)}, cloud.AttrTTL: w.clock.Now().Unix() - 10})
	_, err := w.Table().Write(w.Context(), cloud.Write{Key: key(1), Remove: []string{"s", "b", "t", "l", "m"}})
	w.ok(err)
	_, err = w.Sweep()
	w.ok(err)
	w.drain()
	b, err := json.MarshalIndent(got, "", "  ")
	w.ok(err)
	golden(t, "stream.json", append(b, '\n'))
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs, got\n%s", path, got)
	}
}

// In real time: goroutines, and an end that waits for all of them.
func TestRunDeliversAndEnds(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			c := openCloud(t, localcloud.Options{Dir: dir, Queues: []localcloud.QueueOptions{{Name: "q"}}})
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			seen := make(chan string, 100)
			err := c.Subscribe(localcloud.Consumer{Name: "x", Handler: func(ctx context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
				if _, limited := ctx.Deadline(); !limited {
					t.Error("a handler has no deadline")
				}
				for _, record := range e.Records {
					if err := c.Queue().Send(ctx, "q", cloud.Message{Body: []byte(told(record))}); err != nil {
						return r, err
					}
				}
				return r, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Poll(localcloud.Poller{Queue: "q", Handler: func(_ context.Context, e events.SQSEvent) (r events.SQSEventResponse, err error) {
				for _, m := range e.Records {
					seen <- m.Body
				}
				return r, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- c.Run(ctx) }()
			want := map[string]bool{}
			for i := range 20 {
				if _, err := c.Table().Write(ctx, cloud.Write{Key: key(i), Put: cloud.Item{"n": i}}); err != nil {
					t.Fatal(err)
				}
				want[fmt.Sprintf("%s:>%d", key(i).Part, i)] = true
			}
			for len(want) > 0 {
				select {
				case s := <-seen:
					delete(want, s)
				case <-ctx.Done():
					t.Fatalf("not delivered: %v", want)
				}
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

package localcloud_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

// start is when the clocks of these tests begin.
var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// world is a cloud in memory on a clock that stands still.
type world struct {
	*testing.T
	*localcloud.Cloud
	clock *localcloud.Clock
	seed  uint64
}

func newWorld(t *testing.T, queues ...localcloud.QueueOptions) *world {
	t.Helper()
	return seededWorld(t, 1, queues...)
}

func seededWorld(t *testing.T, seed uint64, queues ...localcloud.QueueOptions) *world {
	t.Helper()
	clock := localcloud.NewClock(start)
	c := openCloud(t, localcloud.Options{Manual: true, Seed: seed, Now: clock.Now, Queues: queues, Log: slog.New(slog.DiscardHandler)})
	return &world{t, c, clock, seed}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// drain delivers all that is due now.
func (w *world) drain() {
	w.Helper()
	_, err := w.Drain(w.Context(), 1000)
	w.ok(err)
}

// settle lets d pass and delivers all that becomes due.
func (w *world) settle(d time.Duration) {
	w.Helper()
	w.ok(w.Settle(w.Context(), w.clock, w.clock.Now().Add(d), 1000))
}

func key(n int) cloud.Key { return cloud.Key{Part: fmt.Sprintf("t|C#%d", n), Sort: "META"} }

func (w *world) put(k cloud.Key, i cloud.Item) {
	w.Helper()
	if i == nil {
		i = cloud.Item{}
	}
	_, err := w.Table().Write(w.Context(), cloud.Write{Key: k, Put: i})
	w.ok(err)
}

func (w *world) get(k cloud.Key) cloud.Item {
	w.Helper()
	i, err := w.Table().Get(w.Context(), k, true)
	w.ok(err)
	return i
}

func (w *world) send(queue, body string, delay time.Duration) {
	w.Helper()
	w.ok(w.Queue().Send(w.Context(), queue, cloud.Message{Body: []byte(body), Delay: delay}))
}

// received receives all that is visible.
func (w *world) received(queue string) []string {
	w.Helper()
	var out []string
	for {
		got, err := w.Queue().Receive(w.Context(), queue, 10, 0, time.Hour)
		w.ok(err)
		if len(got) == 0 {
			return out
		}
		for _, m := range got {
			out = append(out, string(m.Body))
		}
	}
}

// Package history records what functions ask of the table and what they are
// answered, and checks that for every contact, agent and record there is one
// order of it all that explains every answer: claims, accepts and releases are
// linearizable, nobody is offered twice, and a record is put once. It decides what
// may follow what for one item; what must hold between items is for tests/sim.
//
// The check is porcupine's, after Wing and Gong, "Testing and Verifying Concurrent
// Objects" (1993), and Lowe, "Testing for linearizability" (2017).
package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// Request is one request about one item.
type Request struct {
	Read  bool
	Write cloud.Write
}

// Result is what became of a request.
type Result string

// The results.
const (
	Done    Result = "done"
	Refused Result = "refused" // its own condition failed
	Unknown Result = "unknown" // no answer: it may have been done, or not
)

// Answer is what the requester was told.
type Answer struct {
	Result Result
	Item   cloud.Item // of a read, and of a write that is told
	Told   bool       // Item is what was told
}

// Recorder remembers what tables were asked. It may be used by many goroutines.
type Recorder struct {
	mu   sync.Mutex
	tick int64
	of   map[cloud.Key][]porcupine.Operation
	sent map[string][]place // transactions by token: a repeated one is the same
}

// place is where an operation of a transaction stands.
type place struct {
	key cloud.Key
	at  int
}

// New returns a recorder that remembers nothing.
func New() *Recorder {
	return &Recorder{of: map[cloud.Key][]porcupine.Operation{}, sent: map[string][]place{}}
}

// table is a table whose requests are remembered.
type table struct {
	cloud.Table
	*Recorder
}

// Table returns t with r listening. Several tables must hold the same items.
func (r *Recorder) Table(t cloud.Table) cloud.Table { return &table{t, r} }

// Watched reports whether the history of an item is kept.
func Watched(k cloud.Key) bool {
	_, rest, _ := strings.Cut(k.Part, "|")
	switch {
	case strings.HasPrefix(rest, "C#"):
		return k.Sort == contact.SortMeta || strings.HasPrefix(k.Sort, contact.SortRecord)
	case strings.HasPrefix(rest, "A#"):
		return k.Sort == contact.SortMeta
	}
	return false
}

func (r *Recorder) now() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tick++
	return r.tick
}

// Get is the table's.
func (r *table) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	call := r.now()
	i, err := r.Table.Get(ctx, k, strong)
	if err == nil && strong && Watched(k) {
		r.add(k, porcupine.Operation{Input: Request{Read: true}, Output: Answer{Done, maps.Clone(i), true}, Call: call})
	}
	return i, err
}

// Write is the table's.
func (r *table) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	call := r.now()
	i, err := r.Table.Write(ctx, w)
	if a, known := answer(err, 0); known && Watched(w.Key) {
		a.Item, a.Told = maps.Clone(i), err == nil
		r.add(w.Key, porcupine.Operation{Input: request(w), Output: a, Call: call})
	}
	return i, err
}

// Transact is the table's.
func (r *table) Transact(ctx context.Context, token string, all ...cloud.Write) error {
	call := r.now()
	err := r.Table.Transact(ctx, token, all...)
	var refused *cloud.Refused
	nothing := errors.As(err, &refused) && refused.Lost()
	again := r.again(token)
	for n, w := range all {
		if !Watched(w.Key) {
			continue
		}
		a, known := answer(err, n)
		switch {
		case again != nil && (known || nothing):
			r.settle(again, w.Key, a, known)
		case again == nil && known:
			at := r.add(w.Key, porcupine.Operation{Input: request(w), Output: a, Call: call})
			r.note(token, place{w.Key, at})
		}
	}
	return err
}

func (r *Recorder) note(token string, p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token != "" {
		r.sent[token] = append(r.sent[token], p)
	}
}

// request is a write in the form in which a table sees it.
func request(w cloud.Write) Request {
	n, err := w.Normal()
	if err != nil {
		return Request{Write: w} // no table takes it
	}
	return Request{Write: n}
}

func (r *Recorder) again(token string) []place {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent[token]
}

// settle gives a transaction that was sent again the answer of the last time: it
// is one operation, from its first call on.
func (r *Recorder) settle(again []place, k cloud.Key, a Answer, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tick++
	for _, p := range again {
		if p.key != k {
			continue
		}
		o := &r.of[k][p.at]
		if was := o.Output.(Answer).Result; was != Unknown {
			continue
		}
		if !known { // another write's condition failed: nothing was done, now or before
			o.Input, a = Request{Read: true}, Answer{Result: Done}
		}
		o.Output = a
		if a.Result != Unknown {
			o.Return = r.tick
		}
	}
}

func (r *Recorder) add(k cloud.Key, o porcupine.Operation) (at int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tick++
	o.Return = r.tick
	if o.Output.(Answer).Result == Unknown {
		o.Return = math.MaxInt64 // it may still be done
	}
	r.of[k] = append(r.of[k], o)
	return len(r.of[k]) - 1
}

// answer returns what an error says of the n-th write of a request; known is
// false if it says that this write was not even tried.
func answer(err error, n int) (a Answer, known bool) {
	var refused *cloud.Refused
	switch {
	case err == nil:
		return Answer{Result: Done}, true
	case !errors.As(err, &refused):
		return Answer{Result: Unknown}, true
	case n < len(refused.Each) && refused.Each[n].Why == cloud.WhyCondition:
		return Answer{Result: Refused, Item: refused.Each[n].Old, Told: true}, true
	}
	return Answer{}, false
}

// Histories returns what was recorded, by item.
func (r *Recorder) Histories() map[cloud.Key][]porcupine.Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[cloud.Key][]porcupine.Operation{}
	for k, all := range r.of {
		out[k] = slices.Clone(all)
	}
	return out
}

// Check checks every history. An error names the items that have no order which
// explains what was answered, or whose check took longer than limit.
func Check(all map[cloud.Key][]porcupine.Operation, limit time.Duration) error {
	var errs []error
	for k, ops := range all {
		switch porcupine.CheckOperationsTimeout(modelOf(k), ops, limit) {
		case porcupine.Illegal:
			errs = append(errs, fmt.Errorf("history: no order explains the %d answers about %s %s", len(ops), k.Part, k.Sort))
		case porcupine.Unknown:
			errs = append(errs, fmt.Errorf("history: %s %s: no verdict on %d operations in %s", k.Part, k.Sort, len(ops), limit))
		}
	}
	return errors.Join(errs...)
}

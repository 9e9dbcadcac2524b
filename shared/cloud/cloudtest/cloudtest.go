// Package cloudtest is the one suite that every side of the cloud ports passes:
// localcloud, awscloud on LocalStack, and awscloud on AWS. It decides what the
// ports promise; a side that differs is wrong, or the difference is listed by
// name with its reason (gaps.go) and must be seen.
//
// Cases share a side, so each has a tenant, queues and keys of its own, deletes
// nothing that it has not made and asks for no timing finer than seconds. They
// also hold on a side that is as weak as AWS may be: stale reads, late indexes,
// events that come twice.
package cloudtest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/fault"
)

// Side is what the suite runs against. A port that is nil, or a field that a
// case needs and is not set, skips the cases that need it.
type Side struct {
	Table   cloud.Table
	Blobs   cloud.Blobs
	Keys    cloud.Keys
	Queue   cloud.Queue
	Push    cloud.Push
	Invoker cloud.Invoker

	// Stream gives the table's changes from now on until ctx ends. Changes of
	// other cases may be among them, and the same change twice.
	Stream func(ctx context.Context) (<-chan lambdaevent.Change, error)
	// NewQueue makes a queue for one case. With maxReceive > 0 a message goes to
	// the queue dead after so many receives.
	NewQueue func(maxReceive int) (name, dead string, err error)
	// Connect opens a connection that Push reaches. Messages arrive on received;
	// closed ends it.
	Connect func() (id string, received <-chan []byte, closed func(), err error)
	// Functions names the functions of functions.go on this side.
	Functions Functions
	// Expire runs the sweep that removes expired items.
	Expire func(ctx context.Context) error
	// Sleep lets time pass; nil = real time. A side on a virtual clock moves it.
	Sleep func(time.Duration)
	// Virtual says that time passes in Sleep only, so that a call never waits.
	Virtual bool
}

// Case is one thing that the ports promise.
type Case struct {
	Name  string // port, colon, a sentence
	needs func(Side) bool
	run   func(*run)
}

// Cases returns all cases; their names are unique.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{
		itemCases(), writeCases(), invalidCases(), conditionCases(), refusalCases(), queryCases(), indexCases(),
		transactCases(), streamCases(), blobCases(), keyCases(), queueCases(), pushCases(), invokerCases(),
	} {
		all = append(all, group...)
	}
	return all
}

// Run runs all cases, each on the side that open returns for it (the same or a
// new one). A case in gaps has to fail: a gap that has closed is to be taken off
// the list.
func Run(t *testing.T, open func(t *testing.T) Side, gaps []Gap) {
	known := map[string]Gap{}
	for _, g := range gaps {
		known[g.Case] = g
	}
	for _, c := range Cases() {
		g, listed := known[c.Name]
		delete(known, c.Name)
		t.Run(strings.ReplaceAll(c.Name, "/", "÷"), func(t *testing.T) {
			t.Parallel()
			side := open(t)
			if !c.needs(side) {
				t.Skip("the side does not have what this case needs")
			}
			wrong, note := judge(c.try(t.Context(), side), g, listed)
			for _, w := range wrong {
				t.Error(w)
			}
			if note != "" {
				t.Log(note)
			}
		})
	}
	for name := range known {
		t.Errorf("gap for a case that there is not: %q", name)
	}
}

// judge returns what is wrong after a case, and what is worth a note. A listed
// gap has to have failures, any other case none.
func judge(failures []string, g Gap, listed bool) (wrong []string, note string) {
	switch {
	case !listed:
		return failures, ""
	case len(failures) == 0:
		return []string{"this gap is closed, take it off the list: " + g.Reason}, ""
	}
	return nil, fmt.Sprintf("differs as listed (%s): %s", g.Reason, failures[0])
}

// try runs a case and returns what it found wrong.
func (c Case) try(ctx context.Context, side Side) (failures []string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	id := uuid.NewString()
	r := &run{Side: side, ctx: ctx, tenant: "test" + id[:8] + id[9:13]}
	defer func() {
		switch p := recover(); p.(type) {
		case nil, stop:
		default:
			r.errorf("panic: %v", p)
		}
		failures = r.failures
	}()
	c.run(r)
	return r.failures
}

// run is one case under way. It gathers failures instead of failing the test, so
// that a listed gap can be turned round.
type run struct {
	Side
	ctx      context.Context
	tenant   string // of this case alone
	failures []string
}

type stop struct{}

func (r *run) errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *run) fatalf(format string, args ...any) {
	r.errorf(format, args...)
	panic(stop{})
}

// ok ends the case on an error.
func (r *run) ok(err error) {
	if err != nil {
		r.fatalf("error: %v", err)
	}
}

// kind wants an error of a kind.
func (r *run) kind(err error, want fault.Kind) {
	if got := fault.KindOf(err); got != want {
		r.errorf("error of kind %q, want %q: %v", got, want, err)
	}
}

func (r *run) equal(got, want any) {
	if !reflect.DeepEqual(got, want) {
		r.errorf("got %s, want %s", short(got), short(want))
	}
}

func short(v any) string {
	s := fmt.Sprintf("%#v", v)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

func (r *run) sleep(d time.Duration) {
	if r.Sleep != nil {
		r.Sleep(d)
		return
	}
	select { // what the other side of the ports does meanwhile can only be waited for
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

// eventually retries until no error is left, within 15 s.
func (r *run) eventually(try func() error) {
	var err error
	for range 75 {
		if err = try(); err == nil {
			return
		}
		r.sleep(200 * time.Millisecond)
	}
	r.errorf("after 15 s still: %v", err)
}

// key returns the key of an item of this case.
func (r *run) key(name string) cloud.Key { return r.at(name, "META") }

func (r *run) at(name, sort string) cloud.Key {
	return cloud.Key{Part: r.tenant + "|C#" + name, Sort: sort}
}

// put stores an item.
func (r *run) put(k cloud.Key, i cloud.Item) cloud.Item {
	if i == nil {
		i = cloud.Item{}
	}
	out, err := r.Table.Write(r.ctx, cloud.Write{Key: k, Put: i})
	r.ok(err)
	return out
}

// get reads an item strongly.
func (r *run) get(k cloud.Key) cloud.Item {
	i, err := r.Table.Get(r.ctx, k, true)
	r.ok(err)
	return i
}

// with returns an item with its key attributes.
func with(k cloud.Key, i cloud.Item) cloud.Item {
	out := cloud.Item{cloud.AttrPart: k.Part, cloud.AttrSort: k.Sort}
	for name, v := range i {
		out[name] = v
	}
	return out
}

func hasTable(s Side) bool   { return s.Table != nil }
func hasStream(s Side) bool  { return s.Table != nil && s.Stream != nil }
func hasExpiry(s Side) bool  { return s.Table != nil && s.Expire != nil }
func hasBlobs(s Side) bool   { return s.Blobs != nil }
func hasKeys(s Side) bool    { return s.Keys != nil }
func hasQueue(s Side) bool   { return s.Queue != nil && s.NewQueue != nil }
func hasPush(s Side) bool    { return s.Push != nil && s.Connect != nil }
func hasInvoker(s Side) bool { return s.Invoker != nil && s.Functions.Echo != "" }

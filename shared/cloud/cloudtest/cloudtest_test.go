package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

func TestCasesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		seen[c.Name] = true
	}
	if len(seen) < 200 {
		t.Errorf("%d cases, want 200 or more", len(seen))
	}
	for _, g := range LocalStackGaps() {
		if !seen[g.Case] {
			t.Errorf("gap for a case that there is not: %q", g.Case)
		}
		if g.Reason == "" {
			t.Errorf("gap %q has no reason", g.Case)
		}
	}
}

// failing returns the names of the cases that a side fails.
func failing(t *testing.T, change func(*Side)) []string {
	t.Helper()
	var names []string
	for _, c := range Cases() {
		clock := localcloud.NewClock(time.Now())
		l, err := localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		queues := 0
		s := Side{
			Table: l.Table(), Blobs: l.Blobs(), Keys: l.Keys(), Queue: l.Queue(), Virtual: true, Sleep: clock.Advance,
			NewQueue: func(maxReceive int) (string, string, error) {
				queues++
				name := fmt.Sprint("q", queues)
				l.AddQueue(localcloud.QueueOptions{Name: name, MaxReceive: maxReceive, DeadLetter: name + "-dlq"})
				l.AddQueue(localcloud.QueueOptions{Name: name + "-dlq"})
				return name, name + "-dlq", nil
			},
		}
		change(&s)
		if c.needs(s) && len(c.try(t.Context(), s)) > 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

// lyingTable is a table with one defect.
type lyingTable struct {
	cloud.Table
	write    func(*cloud.Write)
	query    func(*cloud.Query)
	transact func(*string, *[]cloud.Write)
	err      func(error) error
}

func (l lyingTable) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	if l.write != nil {
		l.write(&w)
	}
	i, err := l.Table.Write(ctx, w)
	if l.err != nil {
		err = l.err(err)
	}
	return i, err
}

func (l lyingTable) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	if l.query != nil {
		l.query(&q)
	}
	return l.Table.Query(ctx, q)
}

func (l lyingTable) Transact(ctx context.Context, token string, w ...cloud.Write) error {
	if l.transact != nil {
		l.transact(&token, &w)
	}
	return l.Table.Transact(ctx, token, w...)
}

// A suite proves nothing unless it fails a side that is wrong.
func TestDefectsAreFound(t *testing.T) {
	if names := failing(t, func(*Side) {}); len(names) > 0 {
		t.Fatalf("a side without defect fails %q", names)
	}
	table := func(l lyingTable) func(*Side) {
		return func(s *Side) { l.Table = s.Table; s.Table = l }
	}
	tests := []struct {
		name   string
		defect func(*Side)
	}{
		{"conditions are not checked", table(lyingTable{write: func(w *cloud.Write) {
			if !w.Checks() {
				w.If = nil
			}
		}})},
		{"!= needs the attribute", table(lyingTable{write: func(w *cloud.Write) {
			for _, c := range w.If {
				if c.Op == "!=" {
					w.If = append(w.If, cloud.Cond{Attr: c.Attr, Op: "present"})
				}
			}
		}})},
		{"a put is merged into what is stored", table(lyingTable{write: func(w *cloud.Write) {
			if w.Put != nil {
				w.Set, w.Put = w.Put, nil
				delete(w.Set, cloud.AttrPart)
				delete(w.Set, cloud.AttrSort)
			}
		}})},
		{"tokens are ignored", table(lyingTable{transact: func(token *string, _ *[]cloud.Write) { *token = "" }})},
		{"a transaction drops its last write", table(lyingTable{transact: func(_ *string, w *[]cloud.Write) { *w = (*w)[:max(len(*w)-1, 0)] }})},
		{"the upper bound is left out", table(lyingTable{query: func(q *cloud.Query) { q.To = "" }})},
		{"descending is ignored", table(lyingTable{query: func(q *cloud.Query) { q.Descending = false }})},
		{"the limit is ignored", table(lyingTable{query: func(q *cloud.Query) { q.Limit = 0 }})},
		{"a refusal has no stored item", table(lyingTable{err: func(err error) error {
			var r *cloud.Refused
			if errors.As(err, &r) {
				return &cloud.Refused{Each: []cloud.Reason{{Why: r.Each[0].Why}}}
			}
			return err
		}})},
		{"a data key opens under any context", func(s *Side) { s.Keys = lyingKeys{s.Keys} }},
		{"a put if absent replaces", func(s *Side) { s.Blobs = lyingBlobs{s.Blobs} }},
		{"a delay is forgotten", func(s *Side) { s.Queue = lyingQueue{s.Queue, true, false} }},
		{"a delete of a message is forgotten", func(s *Side) { s.Queue = lyingQueue{s.Queue, false, true} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			names := failing(t, tt.defect)
			if len(names) == 0 {
				t.Error("no case finds it")
			}
			t.Logf("%d cases find it, first %q", len(names), strings.Join(names[:min(2, len(names))], `", "`))
		})
	}
}

type lyingKeys struct{ cloud.Keys }

func (k lyingKeys) DataKey(ctx context.Context, _ cloud.Context) ([]byte, []byte, error) {
	return k.Keys.DataKey(ctx, nil)
}

func (k lyingKeys) Unwrap(ctx context.Context, wrapped []byte, _ cloud.Context) ([]byte, error) {
	return k.Keys.Unwrap(ctx, wrapped, nil)
}

type lyingBlobs struct{ cloud.Blobs }

func (b lyingBlobs) Put(ctx context.Context, key string, body io.Reader, o cloud.PutOptions) error {
	o.IfAbsent = false
	return b.Blobs.Put(ctx, key, body, o)
}

type lyingQueue struct {
	cloud.Queue
	hurry, keep bool
}

func (q lyingQueue) Send(ctx context.Context, queue string, m cloud.Message) error {
	if q.hurry {
		m.Delay = min(m.Delay, 0)
	}
	return q.Queue.Send(ctx, queue, m)
}

func (q lyingQueue) Delete(ctx context.Context, queue, receipt string) error {
	if q.keep {
		return nil
	}
	return q.Queue.Delete(ctx, queue, receipt)
}

// A listed gap turns a case round: it has to fail.
func TestAGapHasToBeSeen(t *testing.T) {
	always := func(Side) bool { return true }
	fails := Case{Name: "fails", needs: always, run: func(r *run) { r.fatalf("differs") }}
	panics := Case{Name: "panics", needs: always, run: func(*run) { panic("boom") }}
	passes := Case{Name: "passes", needs: always, run: func(*run) {}}
	tests := []struct {
		name  string
		c     Case
		gap   bool
		wrong string // "" = the case passes
	}{
		{"a case that passes", passes, false, ""},
		{"a case that fails", fails, false, "differs"},
		{"a case that panics", panics, false, "boom"},
		{"a gap that is seen", fails, true, ""},
		{"a gap that has closed", passes, true, "take it off the list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wrong, _ := judge(tt.c.try(t.Context(), Side{}), Gap{Reason: "known"}, tt.gap)
			if (tt.wrong == "") != (len(wrong) == 0) || !strings.Contains(strings.Join(wrong, " "), tt.wrong) {
				t.Errorf("judged %q, want %q", wrong, tt.wrong)
			}
		})
	}
}

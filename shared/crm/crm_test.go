package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// receiver is an endpoint's other side.
type receiver struct {
	mu      sync.Mutex
	clock   *localcloud.Clock
	secrets map[string]string // by host
	answer  map[string]int    // by host; 0 is 200, -1 no answer
	got     map[string][]delivery
}

type delivery struct {
	id   string
	at   time.Time
	took bool
	payload
}

// RoundTrip makes it an http.RoundTripper.
func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	host := req.URL.Hostname()
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	d := delivery{id: req.Header.Get(headerID), at: r.clock.Now()}
	hook, err := standardwebhooks.NewWebhook(r.secrets[host])
	if err != nil {
		return nil, err
	}
	// The clock of the library is the real one.
	if err := hook.VerifyIgnoringTimestamp(b, req.Header); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	if err := json.Unmarshal(b, &d.payload); err != nil {
		return nil, err
	}
	status := r.answer[host]
	d.took = status == 0
	r.got[host] = append(r.got[host], d)
	if status == -1 {
		return nil, context.DeadlineExceeded
	}
	if status == 0 {
		status = 200
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("ok")), Header: http.Header{}}, nil
}

func (r *receiver) set(host string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer[host] = status
}

// bench is a tenant with endpoints, on a virtual clock.
type bench struct {
	*Service
	t     *testing.T
	cloud *localcloud.Cloud
	clock *localcloud.Clock
	out   *receiver
	log   *bytes.Buffer
}

func newBench(t *testing.T, seed uint64, hosts ...string) *bench {
	t.Helper()
	clock := localcloud.NewClock(noon)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: seed, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: Queue}}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, cloud: c, clock: clock, log: &bytes.Buffer{},
		out: &receiver{clock: clock, secrets: map[string]string{}, answer: map[string]int{}, got: map[string][]delivery{}}}
	b.Service = New(c.Table(), c.Queue(), c.Keys(), Config{Client: &http.Client{Transport: b.out}, Now: clock.Now, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Instance: contact.Instance{Account: "000000000000", Region: "local"}})
	if err := c.Poll(localcloud.Poller{Queue: Queue, Handler: b.handle, Visible: time.Minute}); err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		b.subscribe(host, event.Types()...)
	}
	return b
}

func (b *bench) subscribe(host string, types ...event.Type) {
	b.t.Helper()
	e, secret, err := NewEndpoint(b.t.Context(), b.cloud.Keys(), Guard{}, noon, "demo", strings.Split(host, ".")[0], "https://"+host+"/hook", types...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.out.secrets[host] = secret
	if _, err := b.cloud.Table().Write(b.t.Context(), e.Put()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	for _, r := range e.Records {
		if err := b.Handle(ctx, []byte(r.Body)); err != nil {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	return out, nil
}

// send puts an event on the queue.
func (b *bench) send(m event.Message) {
	b.t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.cloud.Queue().Send(b.t.Context(), Queue, cloud.Message{Body: raw}); err != nil {
		b.t.Fatal(err)
	}
}

// run lets time pass.
func (b *bench) run(d time.Duration) {
	b.t.Helper()
	if err := b.cloud.Settle(b.t.Context(), b.clock, b.clock.Now().Add(d), 1_000_000); err != nil {
		b.t.Fatal(err)
	}
}

// told are the events of one contact, in order; the last has a record.
func (b *bench) told(id string) []event.Message {
	b.t.Helper()
	var all []event.Message
	var before []event.Place
	for n, kind := range []event.Type{event.Initiated, event.Queued, event.ConnectedToAgent, event.Disconnected} {
		seq := int64(n + 1)
		all = append(all, event.Message{ID: event.ID(id, kind), Tenant: "demo", Type: kind, At: b.clock.Now(), Entity: "C#" + id, Seq: seq, Before: slices.Clone(before),
			Detail: json.RawMessage(`{"detail-type":"Amazon Connect Contact Event","detail":{"contactId":"` + id + `"}}`)})
		before = append(before, event.Place{Type: kind, Seq: seq, At: b.clock.Now()})
	}
	r := contact.Record{Contact: contact.Contact{Tenant: "demo", ID: contact.ID(id), State: contact.Completed, Since: noon, Channel: contact.Voice, Method: contact.Inbound,
		Initiated: noon, Customer: phone.MustParse("+8613800135678"), Reason: contact.CustomerLeft}}
	if _, err := b.cloud.Table().Write(b.t.Context(), r.Put()); err != nil {
		b.t.Fatal(err)
	}
	key := contact.RecordKey("demo", contact.ID(id), 0)
	return append(all, event.Message{ID: event.ID(id, event.Completed), Tenant: "demo", Type: event.Completed, At: noon, Entity: "C#" + id, Seq: 6, Before: before, Record: &key})
}

// ledger checks what every live receiver must be able to say at the end: each
// event taken, in order, and one id for all attempts of one event.
func (b *bench) ledger(host string, contacts ...string) {
	b.t.Helper()
	taken := map[string][]delivery{} // by contact
	ids := map[string]event.Type{}
	for _, d := range b.out.got[host] {
		data, _ := d.Data.(map[string]any)
		id, _ := data["contactId"].(string)
		if id == "" {
			id, _ = data["ContactId"].(string)
		}
		if d.id != event.ID(id, d.Type) {
			b.t.Errorf("%s: %s of %s came under id %s", host, d.Type, id, d.id)
		}
		ids[d.id] = d.Type
		if d.took && !slices.ContainsFunc(taken[id], func(x delivery) bool { return x.id == d.id }) {
			taken[id] = append(taken[id], d)
		}
	}
	for _, id := range contacts {
		var seqs []int64
		for _, d := range taken[id] {
			seqs = append(seqs, d.Sequence)
		}
		if !slices.Equal(seqs, []int64{1, 2, 3, 4, 6}) {
			b.t.Errorf("%s took events %v of %s", host, seqs, id)
		}
	}
}

func TestAnEventIsDeliveredOnceInTwoWrites(t *testing.T) {
	b := newBench(t, 1, "crm.example")
	m := b.told("c1")[4]
	m.Before = nil
	b.cloud.ResetCounters()
	b.send(m)
	b.send(m) // the stream told it twice
	b.run(time.Hour)
	if got := b.out.got["crm.example"]; len(got) != 1 || got[0].Type != event.Completed || got[0].id != m.ID {
		t.Fatalf("got %+v", got)
	}
	record, _ := b.out.got["crm.example"][0].Data.(map[string]any)
	if record["ContactId"] != "c1" || record["DisconnectReason"] != "CUSTOMER_DISCONNECT" {
		t.Errorf("record %v", record)
	}
	if n := b.cloud.Counters().Writes["H"]; n != 3 { // the refused put of the second message is the third
		t.Errorf("%v write units, want 2 and 1 refused", n)
	}
	if strings.Contains(b.log.String(), "5678") {
		t.Errorf("the log tells a number:\n%s", b.log)
	}
	b.send(m)
	b.run(time.Hour)
	if got := b.out.got["crm.example"]; len(got) != 1 {
		t.Errorf("sent again long after: %d", len(got))
	}
}

func TestTheScheduleOfAttempts(t *testing.T) {
	b := newBench(t, 1, "crm.example")
	b.out.set("crm.example", 500)
	b.send(b.told("c1")[0])
	b.run(48 * time.Hour)
	var after []time.Duration
	for n, d := range b.out.got["crm.example"] {
		if n > 0 {
			after = append(after, d.at.Sub(b.out.got["crm.example"][n-1].at).Round(time.Second))
		}
	}
	want := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour}
	if !slices.Equal(after, want) {
		t.Errorf("pauses %v, want %v", after, want)
	}
	if !strings.Contains(b.log.String(), "webhook given up") {
		t.Error("giving up is not logged")
	}
}

func TestAReceiverThatIsGoneIsLeftAlone(t *testing.T) {
	b := newBench(t, 1, "crm.example", "other.example")
	b.out.set("crm.example", 410)
	for _, m := range b.told("c1") {
		b.send(m)
	}
	b.run(time.Hour)
	if got := b.out.got["crm.example"]; len(got) != 1 {
		t.Errorf("%d requests after a 410", len(got)-1)
	}
	item, err := b.cloud.Table().Get(t.Context(), EndpointKey("demo", "crm"), true)
	if err != nil || item.Bool(attrEnabled) || item.Str("disabled") == "" {
		t.Errorf("endpoint %v, %v", item, err)
	}
	b.ledger("other.example", "c1")
}

func TestOrderIsKeptWhateverTheQueueDoes(t *testing.T) {
	for seed := range uint64(20) {
		b := newBench(t, seed+1, "crm.example")
		all := append(b.told("c1"), b.told("c2")...)
		for n := range all { // twice, in an order that is no order
			b.send(all[(n*7+int(seed))%len(all)])
			b.send(all[(n*3+int(seed))%len(all)])
		}
		b.run(time.Hour)
		b.ledger("crm.example", "c1", "c2")
	}
}

func TestAnEventThatNeverComesIsNotWaitedForForEver(t *testing.T) {
	b := newBench(t, 1, "crm.example")
	old := b.told("c1")[4]
	for n := range old.Before {
		old.Before[n].At = noon.Add(-time.Minute)
	}
	b.send(old) // of a contact that is older than the endpoint
	b.run(time.Second)
	if len(b.out.got["crm.example"]) != 1 {
		t.Fatal("events from before the endpoint's time are waited for")
	}
	b.out.got = map[string][]delivery{}
	b.send(b.told("c2")[4])
	b.run(patience - time.Second)
	if len(b.out.got["crm.example"]) != 0 {
		t.Fatal("not waited for")
	}
	b.run(10 * time.Second)
	if len(b.out.got["crm.example"]) != 1 {
		t.Error("waited for ever")
	}
}

func TestNothingIsLostWhileTheCloudIsBad(t *testing.T) {
	for seed := range uint64(8) {
		b := newBench(t, seed+1, "crm.example", "other.example")
		contacts := []string{"c1", "c2", "c3"}
		var all []event.Message
		for _, id := range contacts {
			all = append(all, b.told(id)...)
		}
		for n := range all {
			b.send(all[(n*7)%len(all)])
		}
		b.cloud.SetFaults(localcloud.Faults{Conflict: 0.05, Throttle: 0.05, Down: 0.05, Lost: 0.05, RepeatMessages: 0.3, Reorder: true})
		b.run(time.Hour)
		b.cloud.SetFaults(localcloud.Faults{})
		b.run(6 * time.Hour)
		for _, host := range []string{"crm.example", "other.example"} {
			b.ledger(host, contacts...)
		}
	}
}

func TestAReceiverThatWasDownSixHoursGetsAllSoonAfter(t *testing.T) {
	b := newBench(t, 7, "crm.example", "other.example", "dead.example")
	b.out.set("crm.example", -1)
	b.out.set("dead.example", 503)
	var contacts []string
	for n := range 40 {
		id := fmt.Sprintf("c%d", n)
		contacts = append(contacts, id)
		for _, m := range b.told(id) {
			b.send(m)
		}
		began := b.clock.Now()
		b.run(9 * time.Minute)
		for _, d := range b.out.got["other.example"] {
			if late := d.at.Sub(began); d.at.After(began) && late > 20*time.Second {
				t.Errorf("another receiver waits %v", late)
			}
		}
	}
	b.ledger("other.example", contacts...)
	b.out.set("crm.example", 500)
	b.run(time.Minute)
	b.out.set("crm.example", 0)
	back := b.clock.Now()
	b.send(b.told("last")[0]) // life goes on: the next event finds it well
	b.run(30 * time.Minute)
	b.ledger("crm.example", contacts...)
	b.ledger("other.example", contacts...)
	last := b.out.got["crm.example"][len(b.out.got["crm.example"])-1].at
	t.Logf("all delivered %v after the return, %d attempts at the dead one", last.Sub(back), len(b.out.got["dead.example"]))
}

func TestMessagesThatAreNoEventGoToTheDeadLetters(t *testing.T) {
	b := newBench(t, 1, "crm.example")
	for _, bad := range []string{"", "{", "[]", "{}", `{"tenant":"demo"}`, `{"tenant":"demo","id":"x","entity":"C#1","type":"contact.queued"}`, `{"deliver":5}`} {
		if err := b.Handle(t.Context(), []byte(bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := b.Handle(t.Context(), []byte(`{"deliver":{"tenant":"demo","endpoint":"x","entity":"C#1","seq":4}}`)); err != nil {
		t.Errorf("a job whose row is gone: %v", err)
	}
	m := b.told("c1")[4]
	m.Before, m.Record = nil, &cloud.Key{Part: "demo|C#erased", Sort: "REC#0"}
	b.send(m)
	b.run(time.Hour)
	if len(b.out.got) != 0 || !strings.Contains(b.log.String(), "record is gone") {
		t.Errorf("an erased record: %v\n%s", b.out.got, b.log)
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	b := newBench(t, 1)
	for name, try := range map[string]func() error{
		"private address": func() error {
			_, _, err := NewEndpoint(t.Context(), b.cloud.Keys(), Guard{}, noon, "demo", "x", "https://10.0.0.1/")
			return err
		},
		"unknown event": func() error {
			_, _, err := NewEndpoint(t.Context(), b.cloud.Keys(), Guard{}, noon, "demo", "x", "https://a.example/", "contact.sneezed")
			return err
		},
		"id with a bar": func() error {
			_, _, err := NewEndpoint(t.Context(), b.cloud.Keys(), Guard{}, noon, "demo", "x|y", "https://a.example/")
			return err
		},
	} {
		if err := try(); fault.KindOf(err) != fault.Invalid && !errors.Is(err, ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.subscribe("a.example", event.Completed)
	b.clock.Advance(endpointAge)
	for kind, want := range map[event.Type]bool{event.Completed: true, event.Queued: false} {
		if got, err := b.endpoints.Wants(t.Context(), "demo", kind); got != want || err != nil {
			t.Errorf("Wants %s = %v, %v", kind, got, err)
		}
	}
	if got, err := b.endpoints.Wants(t.Context(), "nobody", event.Completed); got || err != nil {
		t.Errorf("another tenant: %v, %v", got, err)
	}
	e, _, err := b.endpoints.find(t.Context(), "demo", "a")
	if err != nil || !slices.Equal(e.Types, []event.Type{event.Completed}) || e.URL != "https://a.example/hook" {
		t.Errorf("endpoint %+v, %v", e, err)
	}
}

// A real server that misbehaves in every way, over the real client.
func TestReceiversThatMisbehave(t *testing.T) {
	hang := make(chan struct{})
	behave := map[string]http.HandlerFunc{
		"/redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/taken", http.StatusFound) },
		"/flood": func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				w.Write(make([]byte, 4096))
			}
		},
		"/header": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) },
		"/hang":   func(_ http.ResponseWriter, r *http.Request) { <-hang },
		"/cut": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	}
	followed := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/taken" {
			followed = true
		} else {
			behave[r.URL.Path](w, r)
		}
	}))
	defer srv.Close()
	defer close(hang)
	g := Guard{AllowLoopback: true}
	s := New(nil, nil, nil, Config{Client: NewClient(g), Guard: g, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	want := map[string]int{"/redirect": 302, "/flood": 200, "/header": 0, "/hang": 0, "/cut": 0}
	for _, path := range slices.Sorted(maps.Keys(behave)) {
		u, err := url.JoinPath(srv.URL, path)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if path == "/hang" {
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		}
		status, err := s.post(ctx, Endpoint{URL: u, open: [][]byte{[]byte("s")}}, "id", time.Now(), []byte("{}"))
		cancel()
		if status != want[path] || (err == nil) != (want[path] != 0) {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

func TestMessagesSideBySide(t *testing.T) {
	b := newBench(t, 1, "crm.example", "other.example")
	b.Parallel = 8
	var contacts []string
	var all [][]byte
	for n := range 10 {
		id := fmt.Sprintf("c%d", n)
		contacts = append(contacts, id)
		for _, m := range b.told(id) {
			raw, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, raw)
		}
	}
	all = append(all, []byte("{"))
	errs := b.HandleAll(t.Context(), all)
	for n, err := range errs {
		if (err != nil) != (n == len(all)-1) {
			t.Errorf("message %d: %v", n, err)
		}
	}
	b.run(time.Hour)
	b.ledger("crm.example", contacts...)
	b.ledger("other.example", contacts...)
}

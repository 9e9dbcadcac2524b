package desk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/phone"
	"huawu/shared/recording"
	"huawu/shared/sma"
)

var (
	update = flag.Bool("update", false, "write golden files")
	noon   = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

const (
	lin  = "01938d2c-0000-7abc-8def-000000000001" // softphone
	wu   = "01938d2c-0000-7abc-8def-000000000002" // desk phone
	boss = "01938d2c-0000-7abc-8def-000000000003"
	root = "01938d2c-0000-7abc-8def-000000000004"
)

// bench is a tenant with agents and a queue, and the desk before it.
type bench struct {
	t      *testing.T
	cloud  *localcloud.Cloud
	clock  *localcloud.Clock
	router *acd.Router
	tokens *auth.Tokens
	http   http.Handler
	log    *bytes.Buffer
	ids    int
}

func newBench(t *testing.T) *bench { return newBenchWith(t, func(*Config) {}) }

// newBenchWith is a bench whose desk is configured otherwise.
func newBenchWith(t *testing.T, edit func(*Config)) *bench {
	t.Helper()
	clock := localcloud.NewClock(noon)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, cloud: c, clock: clock, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.router = acd.NewRouter(c.Table(), c.Queue(), acd.Runtime{Now: clock.Now, Log: log, Rand: func() float64 { return 0 },
		Sleep: func(context.Context, time.Duration) error { return nil }, NewID: b.newID})
	b.tokens = auth.New(c.Keys(), "huawu", "desk", clock.Now)
	cfg := Config{Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Router: b.router, Tokens: b.tokens,
		Login: login.New(login.Config{Table: c.Table(), Tokens: b.tokens, Now: clock.Now, Random: rand.Reader, Log: log}), Now: clock.Now, Log: log,
		Instance: contact.Instance{Account: "000000000000", Region: "local"}, Live: Live{Tickets: auth.New(c.Keys(), "huawu", "live", clock.Now)}}
	edit(&cfg)
	b.http = New(cfg)
	b.write(acd.Queue{ID: "loans", Name: "Loans", Group: "g", RingSeconds: 20, ACWSeconds: 30}.Put("demo"))
	b.write(acd.Profile{ID: "p", Name: "P", Group: "g", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}.Put("demo"))
	for id, device := range map[string]agent.DeviceKind{lin: agent.Softphone, wu: agent.Phone, boss: agent.Softphone} {
		a := agent.Agent{Tenant: "demo", ID: id, Version: 1, State: agent.Offline, Since: noon, Username: "user" + id[len(id)-1:], Name: "Name", Profile: "p",
			Voice: agent.Slots{Max: 1}, Device: agent.Device{Kind: device, User: "sip"}}
		b.write(a.Put())
	}
	return b
}

func (b *bench) newID() string {
	b.ids++
	return fmt.Sprintf("01938d2c-1111-7abc-8def-%012d", b.ids)
}

func (b *bench) write(w cloud.Write) {
	b.t.Helper()
	if _, err := b.cloud.Table().Write(b.t.Context(), w); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) token(tenant, id string, role auth.Role) string {
	b.t.Helper()
	token, err := b.tokens.Issue(b.t.Context(), auth.Identity{Tenant: tenant, Agent: id, Role: role, Expires: b.clock.Now().Add(time.Hour)})
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

// answer is what came back, its body read.
type answer struct {
	*http.Response
	raw  []byte
	body map[string]any
}

func (b *bench) do(token, method, path, body string, headers ...string) answer {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	b.http.ServeHTTP(w, r)
	a := answer{Response: w.Result(), raw: w.Body.Bytes()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			b.t.Fatalf("%s %s: %v in %s", method, path, err, a.raw)
		}
	}
	return a
}

// want does a request that must have a status.
func (b *bench) want(status int, token, method, path, body string, headers ...string) answer {
	b.t.Helper()
	a := b.do(token, method, path, body, headers...)
	if a.StatusCode != status {
		b.t.Fatalf("%s %s %s: %s %s, want %d", method, path, body, a.Status, a.raw, status)
	}
	if status >= 400 && a.Header.Get("Content-Type") != "application/problem+json" {
		b.t.Errorf("%s %s: an error of type %s", method, path, a.Header.Get("Content-Type"))
	}
	return a
}

// call lets a customer wait in the queue.
func (b *bench) call() contact.ID {
	b.t.Helper()
	id := contact.ID(b.newID())
	c := &contact.Contact{Tenant: "demo", ID: id, State: contact.InFlow, Since: b.clock.Now(), Initiated: b.clock.Now(), ToSystem: b.clock.Now(), Channel: contact.Voice,
		Method: contact.Inbound, Customer: phone.MustParse("+8613800135678"), System: phone.MustParse("95000"), Relay: "relay-1", Language: "zh-CN"}
	if err := b.router.Begin(b.t.Context(), c); err != nil {
		b.t.Fatal(err)
	}
	b.write(cloud.Write{Key: contact.FlowKey("demo", id), Put: cloud.Item{"v": int64(1), contact.AttrAttributes: map[string]any{"menu": "1"}}})
	if _, err := b.router.Enqueue(b.t.Context(), "demo", id, acd.Request{Queue: "loans"}); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// offer brings a contact to ring at lin.
func (b *bench) offer(token string) (contact.ID, string) {
	b.t.Helper()
	b.want(200, token, "POST", "/v1/agents/me/status", `{"status":"available"}`)
	id := b.call()
	me := b.want(200, token, "GET", "/v1/agents/me", "")
	offers, _ := me.body["offers"].([]any)
	if len(offers) != 1 {
		b.t.Fatalf("offers %v\n%s", me.body, b.log)
	}
	o, _ := offers[0].(map[string]any)
	if o["contactId"] != string(id) {
		b.t.Fatalf("offer %v", o)
	}
	return id, fmt.Sprint(o["offerId"])
}

// talk brings a contact to talk with lin.
func (b *bench) talk(token string) contact.ID {
	b.t.Helper()
	id, offer := b.offer(token)
	b.want(200, token, "POST", "/v1/contacts/"+string(id)+"/accept", `{"offerId":"`+offer+`"}`)
	if _, err := b.router.Joined(b.t.Context(), "demo", id, contact.OfferID(offer), "bucket/x"); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// recorded stores a recording that is samples long.
func (b *bench) recorded(id contact.ID, n, samples int) []byte {
	b.t.Helper()
	s := recording.Subject{Tenant: "demo", Contact: string(id), Segment: n}
	data, wrapped, err := b.cloud.Keys().DataKey(b.t.Context(), recording.KeyContext("demo"))
	if err != nil {
		b.t.Fatal(err)
	}
	k, err := recording.NewKey(rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	own, err := recording.WrapKey(data, k, s, rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	w, file, err := recording.NewSealer(k, s, recording.Header{Started: noon, Channels: 2}, rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	for at := 0; at < samples; at += recording.Rate {
		audio := make([]byte, min(recording.Rate, samples-at))
		for i := range audio {
			audio[i] = byte(at + i)
		}
		if file, err = w.Seal(file, recording.Segment{Start: int64(at), Samples: len(audio), Channels: []recording.Channel{{Data: audio}, {}}}, at+len(audio) == samples); err != nil {
			b.t.Fatal(err)
		}
	}
	x := recording.Index{Subject: s, Object: recording.ObjectKey(s, noon), Started: noon, Samples: int64(samples), Channels: 2, Bytes: int64(len(file)),
		Tail: file[len(file)-recording.TailSize:], Wrapped: own, DataKey: wrapped}
	if err := b.cloud.Blobs().Put(b.t.Context(), x.Object, bytes.NewReader(file), cloud.PutOptions{}); err != nil {
		b.t.Fatal(err)
	}
	if err := (recording.Store{Table: b.cloud.Table()}).Put(b.t.Context(), x); err != nil {
		b.t.Fatal(err)
	}
	r, err := recording.NewReader(bytes.NewReader(file), k, s)
	if err != nil {
		b.t.Fatal(err)
	}
	wav, err := io.ReadAll(recording.NewWAV(r, x.Samples))
	if err != nil {
		b.t.Fatal(err)
	}
	return wav
}

// commands takes the verbs that were sent to the relay.
func (b *bench) commands() []string {
	b.t.Helper()
	var verbs []string
	for {
		got, err := b.cloud.Queue().Receive(b.t.Context(), "relay-1", 10, 0, time.Minute)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(got) == 0 {
			return verbs
		}
		for _, m := range got {
			var u sma.Update
			if err := json.Unmarshal(m.Body, &u); err != nil {
				b.t.Fatal(err)
			}
			verbs = append(verbs, u.Arguments[sma.ArgVerb])
		}
	}
}

func TestOneContactFromOfferToNote(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	me := b.want(200, token, "GET", "/v1/agents/me", "")
	if s, _ := me.body["status"].(map[string]any); s["status"] != "offline" || me.body["device"] != "softphone" {
		t.Errorf("me %s", me.raw)
	}
	id, offer := b.offer(token)
	path := "/v1/contacts/" + string(id)
	b.clock.Advance(5 * time.Second)
	me = b.want(200, token, "GET", "/v1/agents/me", "")
	if !strings.Contains(string(me.raw), `"customer":"+86138****5678"`) || !strings.Contains(string(me.raw), `"until":"2026-03-04T12:00:20Z"`) || !strings.Contains(string(me.raw), `"waitedSeconds":5`) {
		t.Errorf("offer %s", me.raw)
	}
	b.want(409, token, "POST", path+"/hold", "")
	b.want(409, token, "POST", path+"/accept", `{"offerId":"01938d2c-9999-7abc-8def-000000000001"}`)
	for range 2 { // again is no change
		if a := b.want(200, token, "POST", path+"/accept", `{"offerId":"`+offer+`"}`); a.body["state"] != "CONNECTING" {
			t.Errorf("accepted %s", a.raw)
		}
	}
	b.want(409, token, "POST", path+"/finish", `{"disposition":"resolved"}`)
	if _, err := b.router.Joined(t.Context(), "demo", id, contact.OfferID(offer), "bucket/x"); err != nil {
		t.Fatal(err)
	}
	b.want(200, token, "POST", "/v1/agents/me/status", `{"status":"custom","name":"Lunch"}`)
	me = b.want(200, token, "GET", "/v1/agents/me", "")
	if !strings.Contains(string(me.raw), `"next":{"status":"custom","name":"Lunch"}`) || !strings.Contains(string(me.raw), `"state":"CONNECTED"`) {
		t.Errorf("while talking %s", me.raw)
	}
	for _, verb := range []string{"hold", "resume", "hangup"} {
		b.want(202, token, "POST", path+"/"+verb, "")
	}
	if got := b.commands(); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"hangup", "hold", "resume"}) {
		t.Errorf("commands %v", got)
	}
	b.clock.Advance(time.Minute)
	if _, err := b.router.End(t.Context(), "demo", id, contact.AgentLeft); err != nil {
		t.Fatal(err)
	}
	if a := b.want(200, token, "POST", path+"/finish", `{"disposition":"resolved","note":"客户满意"}`); a.body["state"] != "COMPLETED" {
		t.Errorf("finished %s", a.raw)
	}
	b.want(200, token, "POST", path+"/finish", `{"disposition":"other"}`) // again is no change
	a := b.want(200, token, "GET", path, "")
	for _, part := range []string{`"disposition":"resolved"`, `"text":"客户满意"`, `"menu":"1"`, `"AgentInteractionDuration":60`, `"customer":"+86138****5678"`, `"Address":"+86138****5678"`, `"reason":"AGENT_DISCONNECT"`} {
		if !strings.Contains(string(a.raw), part) {
			t.Errorf("the contact lacks %s: %s", part, a.raw)
		}
	}
	if strings.Contains(string(a.raw), "13800135678") {
		t.Errorf("an agent sees the number: %s", a.raw)
	}
	if a := b.want(200, b.token("demo", boss, auth.Supervisor), "GET", path, ""); strings.Count(string(a.raw), "+8613800135678") != 2 {
		t.Errorf("a supervisor does not see the number: %s", a.raw)
	}
	me = b.want(200, token, "GET", "/v1/agents/me", "")
	if s, _ := me.body["status"].(map[string]any); s["status"] != "custom" || s["name"] != "Lunch" {
		t.Errorf("after it %s", me.raw)
	}
}

func TestAnOfferIsDeclinedOrLost(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	id, offer := b.offer(token)
	body := `{"offerId":"` + offer + `"}`
	if a := b.want(200, token, "POST", "/v1/contacts/"+string(id)+"/reject", body); a.body["state"] != "QUEUED" {
		t.Errorf("declined %s", a.raw)
	}
	me := b.want(200, token, "GET", "/v1/agents/me", "")
	if s, _ := me.body["status"].(map[string]any); s["status"] != "missed" {
		t.Errorf("me %s", me.raw)
	}
	// It is over: a click that comes late is told so, and one of another agent learns nothing.
	b.want(409, token, "POST", "/v1/contacts/"+string(id)+"/accept", body)
	b.want(404, b.token("demo", boss, auth.Agent), "POST", "/v1/contacts/"+string(id)+"/accept", body)
}

func TestAPhoneIsPickedUp(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", wu, auth.Agent)
	id, offer := b.offer(token)
	if a := b.want(409, token, "POST", "/v1/contacts/"+string(id)+"/accept", `{"offerId":"`+offer+`"}`); !strings.Contains(string(a.raw), "pick up the phone") {
		t.Errorf("accept %s", a.raw)
	}
	b.want(200, token, "POST", "/v1/contacts/"+string(id)+"/reject", `{"offerId":"`+offer+`"}`)
}

func TestListsOfContacts(t *testing.T) {
	b := newBench(t)
	publisher := event.New(b.cloud.Table(), b.cloud.Queue(), contact.Instance{}, rand.Reader)
	for n := range 5 {
		r := contact.Record{Contact: contact.Contact{Tenant: "demo", ID: contact.ID(b.newID()), State: contact.Completed, Since: noon.Add(time.Duration(n) * time.Minute),
			Initiated: noon.Add(time.Duration(n) * time.Minute), AgentJoined: noon, Disconnected: noon, OfferAgent: lin, Customer: phone.MustParse("+8613800135678")}}
		i := r.Item()
		k := contact.RecordKey("demo", r.ID, 0)
		i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
		if err := publisher.HandleChange(t.Context(), event.Change{ID: "x", New: i}); err != nil {
			t.Fatal(err)
		}
	}
	token := b.token("demo", lin, auth.Agent)
	var all []string
	for path, pages := "/v1/contacts?limit=2", 0; path != ""; pages++ {
		a := b.want(200, token, "GET", path, "")
		lines, _ := a.body["contacts"].([]any)
		for _, l := range lines {
			m, _ := l.(map[string]any)
			all = append(all, fmt.Sprint(m["began"]))
			if m["customer"] != "+86138****5678" {
				t.Errorf("line %v", m)
			}
		}
		path = ""
		if next, ok := a.body["next"].(string); ok {
			path = "/v1/contacts?limit=2&before=" + strings.ReplaceAll(next, "#", "%23")
		}
		if pages > 5 {
			t.Fatal("no end")
		}
	}
	if len(all) != 5 || !slices.IsSortedFunc(all, func(a, b string) int { return -strings.Compare(a, b) }) {
		t.Errorf("contacts %v", all)
	}
	if a := b.want(200, token, "GET", "/v1/contacts?day=2026-03-03", ""); string(a.raw) != "{\"contacts\":[]}\n" {
		t.Errorf("the day before: %s", a.raw)
	}
	b.want(403, token, "GET", "/v1/contacts?agent="+wu, "")
	b.want(403, token, "GET", "/v1/contacts?of=everyone", "")
	var everyone []string
	for path := "/v1/contacts?of=everyone&limit=2"; path != ""; {
		a := b.want(200, b.token("demo", boss, auth.Supervisor), "GET", path, "")
		lines, _ := a.body["contacts"].([]any)
		for _, l := range lines {
			everyone = append(everyone, fmt.Sprint(l.(map[string]any)["began"]))
		}
		next, _ := a.body["next"].(string)
		if path = ""; next != "" {
			path = "/v1/contacts?of=everyone&limit=2&before=" + strings.ReplaceAll(next, "#", "%23")
		}
	}
	if !slices.Equal(everyone, all) {
		t.Errorf("everyone's contacts %v, want %v", everyone, all)
	}
	if a := b.want(200, b.token("demo", boss, auth.Supervisor), "GET", "/v1/contacts?agent="+lin, ""); !strings.Contains(string(a.raw), "+8613800135678") {
		t.Errorf("a supervisor sees %s", a.raw)
	}
	if a := b.want(200, b.token("other", lin, auth.Admin), "GET", "/v1/contacts", ""); string(a.raw) != "{\"contacts\":[]}\n" {
		t.Errorf("another tenant sees %s", a.raw)
	}
}

func TestRecordingsAreHeardByThoseWhoMay(t *testing.T) {
	b := newBench(t)
	id := b.talk(b.token("demo", lin, auth.Agent))
	wav := b.recorded(id, 0, 3*recording.Rate+5)
	base := "/v1/contacts/" + string(id) + "/recordings"
	a := b.want(200, b.token("demo", lin, auth.Agent), "GET", base, "")
	if !strings.Contains(string(a.raw), `"seconds":3.000625`) || !strings.Contains(string(a.raw), fmt.Sprintf(`"bytes":%d`, len(wav))) {
		t.Errorf("recordings %s", a.raw)
	}
	if a = b.want(200, b.token("demo", lin, auth.Agent), "GET", base+"/0/audio", ""); !bytes.Equal(a.raw, wav) {
		t.Errorf("the agent who talked hears %d bytes, want %d", len(a.raw), len(wav))
	}
	b.recorded(id, 1, recording.Rate) // of a colleague, to whom it was handed over
	b.want(403, b.token("demo", lin, auth.Agent), "GET", base+"/1/audio", "")
	if !strings.Contains(b.log.String(), "msg=audit") || !strings.Contains(b.log.String(), "action=recording:listen:own result=failed contact="+string(id)+" recording=1") {
		t.Errorf("no audit of the refusal\n%s", b.log)
	}
	if a = b.want(200, b.token("demo", lin, auth.Agent), "GET", base, ""); strings.Contains(string(a.raw), `"n":1`) {
		t.Errorf("a colleague's recording is listed: %s", a.raw)
	}
	token := b.token("demo", boss, auth.Supervisor)
	b.want(404, token, "GET", base+"/2/audio", "")
	a = b.want(200, token, "GET", base+"/0/audio", "")
	if !bytes.Equal(a.raw, wav) || a.Header.Get("Content-Type") != "audio/wav" || a.Header.Get("Accept-Ranges") != "bytes" || len(a.Header.Values("Content-Range")) != 0 {
		t.Errorf("audio of %d bytes, want %d, %v", len(a.raw), len(wav), a.Header)
	}
	if !strings.Contains(b.log.String(), "action=recording:listen:own result=ok contact="+string(id)+" recording=0") {
		t.Errorf("no audit line\n%s", b.log)
	}
	etag := a.Header.Get("ETag")
	for _, tt := range []struct {
		header, ifRange string
		status          int
		from, to        int
	}{
		{"bytes=0-", "", 206, 0, len(wav)}, {"bytes=0-43", "", 206, 0, 44}, {"bytes=40000-40001", etag, 206, 40000, 40002}, {"bytes=-10", "", 206, len(wav) - 10, len(wav)},
		{"bytes=100-999999999", "", 206, 100, len(wav)}, {"bytes=5-9", `"another"`, 200, 0, len(wav)}, {"items=1-2", "", 200, 0, len(wav)}, {"bytes=-99999999", "", 206, 0, len(wav)},
		{"bytes=999999999-", "", 416, 0, 0}, {"bytes=9-5", "", 416, 0, 0}, {"bytes=1-2,4-5", "", 416, 0, 0}, {"bytes=x-", "", 416, 0, 0}, {"bytes=", "", 416, 0, 0}, {"bytes=-0", "", 416, 0, 0},
	} {
		a := b.want(tt.status, token, "GET", base+"/0/audio", "", "Range", tt.header, "If-Range", tt.ifRange)
		switch {
		case tt.status == 416:
			if a.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", len(wav)) {
				t.Errorf("%s: %v", tt.header, a.Header)
			}
		case !bytes.Equal(a.raw, wav[tt.from:tt.to]):
			t.Errorf("%s: %d bytes, want %d", tt.header, len(a.raw), tt.to-tt.from)
		case tt.status == 206 && a.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", tt.from, tt.to-1, len(wav)):
			t.Errorf("%s: Content-Range %s", tt.header, a.Header.Get("Content-Range"))
		}
	}
}

func TestALongRecordingComesInParts(t *testing.T) {
	b := newBench(t)
	id := b.talk(b.token("demo", lin, auth.Agent))
	wav := b.recorded(id, 0, 200*recording.Rate)
	token, path := b.token("demo", boss, auth.Supervisor), "/v1/contacts/"+string(id)+"/recordings/0/audio"
	b.want(416, token, "GET", path, "")
	var got []byte
	for len(got) < len(wav) {
		a := b.want(206, token, "GET", path, "", "Range", fmt.Sprintf("bytes=%d-", len(got)))
		if len(a.raw) > maxAudio || len(a.raw) == 0 {
			t.Fatalf("a part of %d bytes", len(a.raw))
		}
		got = append(got, a.raw...)
	}
	if !bytes.Equal(got, wav) {
		t.Error("the parts make another file")
	}
}

func TestATamperedRecordingIsNotPlayed(t *testing.T) {
	b := newBench(t)
	id := b.talk(b.token("demo", lin, auth.Agent))
	b.recorded(id, 0, 2*recording.Rate)
	key := recording.ObjectKey(recording.Subject{Tenant: "demo", Contact: string(id)}, noon)
	body, info, err := b.cloud.Blobs().Get(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(body)
	if err != nil || int64(len(raw)) != info.Size {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := b.cloud.Blobs().Put(t.Context(), key, bytes.NewReader(raw), cloud.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	a := b.want(500, b.token("demo", boss, auth.Supervisor), "GET", "/v1/contacts/"+string(id)+"/recordings/0/audio", "")
	if strings.Contains(string(a.raw), "authentic") || !strings.Contains(b.log.String(), "not authentic") {
		t.Errorf("told %s, logged\n%s", a.raw, b.log)
	}
}

// Every operation of the API with every role, with a token of another tenant,
// and with none.
func TestEveryRoleAtEveryOperation(t *testing.T) {
	everyone := []auth.Role{auth.Agent, auth.Supervisor, auth.Admin}
	agents := []auth.Role{auth.Agent, auth.Supervisor}
	want := map[string][]auth.Role{ // written down a second time, as a person would
		"GET /v1/agents/me": agents, "POST /v1/sip/tickets": agents, "POST /v1/agents/me/status": agents,
		"POST /v1/contacts": agents, "POST /v1/contacts/{id}/accept": agents, "POST /v1/contacts/{id}/reject": agents, "POST /v1/contacts/{id}/hold": agents, "POST /v1/contacts/{id}/resume": agents,
		"POST /v1/contacts/{id}/hangup": agents, "POST /v1/contacts/{id}/finish": agents,
		"POST /v1/contacts/{id}/transfer": agents, "POST /v1/contacts/{id}/consult": agents, "POST /v1/contacts/{id}/consult/complete": agents,
		"POST /v1/contacts/{id}/consult/join": agents, "POST /v1/contacts/{id}/consult/cancel": agents, "POST /v1/contacts/{id}/consult/swap": agents,
		"POST /v1/contacts/{id}/parties/{party}/hold": agents, "POST /v1/contacts/{id}/parties/{party}/resume": agents, "POST /v1/contacts/{id}/parties/{party}/drop": agents,
		"POST /v1/contacts/{id}/digits":    agents,
		"POST /v1/contacts/{id}/supervise": {auth.Supervisor}, "POST /v1/contacts/{id}/move": {auth.Supervisor}, "POST /v1/agents/{id}/status": {auth.Supervisor},
		"GET /v1/contacts": everyone, "GET /v1/contacts/{id}": everyone, "GET /v1/contacts/{id}/recordings": everyone,
		"GET /v1/contacts/{id}/recordings/{n}/audio": everyone,
		"POST /v1/contacts/{id}/quality":             agents, "POST /v1/live/tickets": everyone, "GET /v1/targets": agents,
		"GET /v1/floor": {auth.Supervisor, auth.Admin}, "GET /v1/contacts/{id}/why": {auth.Supervisor, auth.Admin}, "POST /v1/broadcasts": {auth.Supervisor},
	}
	for _, op := range []string{"GET /v1/flows", "GET /v1/flows/{id}", "GET /v1/flows/{id}/versions/{version}", "PUT /v1/flows/{id}/draft", "POST /v1/flows/{id}/publish",
		"POST /v1/flows/{id}/rollback", "PUT /v1/flows/{id}/aliases/{alias}", "GET /v1/numbers", "PUT /v1/numbers/{number}", "PUT /v1/bots/{id}", "GET /v1/routing", "PUT /v1/routing", "GET /v1/agents", "PUT /v1/agents/{id}/assignment"} {
		want[op] = []auth.Role{auth.Admin}
	}
	want["GET /v1/flows/{id}/journey"] = []auth.Role{auth.Supervisor, auth.Admin}
	bodies := map[string]string{"/status": `{"status":"offline"}`, "/accept": `{"offerId":"01938d2c-9999-7abc-8def-000000000001"}`, "/reject": `{"offerId":"01938d2c-9999-7abc-8def-000000000001"}`, "/finish": `{"disposition":"x"}`}
	bodies["/quality"] = `{"seconds":1,"received":{"packets":1,"lost":0,"jitterMs":1},"sent":{"packets":1,"lost":0,"jitterMs":1}}`
	bodies["/transfer"], bodies["/consult"], bodies["/digits"] = `{"kind":"queue","target":"loans"}`, `{"kind":"queue","target":"loans"}`, `{"digits":"1"}`
	bodies["/contacts"] = `{"kind":"outbound","to":"+8613800135678"}`
	bodies["/assignment"] = `{"profile":"p","slots":{"voice":1}}`
	bodies["/routing"] = `{"revision":0,"routing":{"queues":[],"profiles":[]}}`
	bodies["/supervise"], bodies["/move"] = `{"mode":"listen"}`, `{"queue":"loans"}`
	own := []string{"/v1/flows", "/v1/numbers", "/v1/contacts", "/v1/floor", "/v1/targets", "/v1/live/tickets", "/v1/broadcasts", "/v1/routing", "/v1/agents"} // of one's own tenant, whichever it is
	open := map[string]int{                                                                                                                                    // whoever asks, with or without a token: the same answer
		"GET /healthz": 200, "POST /v1/auth/login": 401, "POST /v1/auth/refresh": 401, "POST /v1/auth/logout": 204, "POST /v1/call/tickets": 404,
		"POST /v1/call/places": 404,
	}
	bodies["/places"] = `{"contactId":"01938d2c-9999-7abc-8def-000000000001"}`
	bodies["/broadcasts"] = `{"text":"meeting at noon"}`
	bodies["/login"] = `{"tenant":"demo","username":"nobody","password":"x"}`
	who := map[auth.Role]string{auth.Agent: lin, auth.Supervisor: lin, auth.Admin: root}
	var found []string
	for _, op := range operations(newBench(t)) {
		method, path, _ := strings.Cut(op, " ")
		if status, ok := open[op]; ok {
			b, body := newBench(t), bodies[path[strings.LastIndex(path, "/"):]]
			b.want(status, "", method, path, body)
			for _, role := range everyone {
				for _, tenant := range []string{"demo", "other"} {
					b.clock.Advance(time.Hour) // so that failures block nobody
					b.want(status, b.token(tenant, who[role], role), method, path, body)
				}
			}
			delete(open, op)
			continue
		}
		found = append(found, op)
		b := newBench(t)
		id := b.talk(b.token("demo", lin, auth.Agent))
		b.recorded(id, 0, 100)
		path = strings.NewReplacer("{id}", string(id), "{n}", "0", "{party}", "customer").Replace(path)
		body := bodies[path[strings.LastIndex(path, "/"):]]
		if method == "GET" {
			body = ""
		}
		b.want(401, "", method, path, body)
		b.want(401, b.token("demo", lin, auth.Agent)+"x", method, path, body)
		for _, role := range everyone {
			a := b.do(b.token("demo", who[role], role), method, path, body)
			if may := slices.Contains(want[op], role); may == (a.StatusCode == http.StatusForbidden) || a.StatusCode == http.StatusUnauthorized || a.StatusCode >= 500 {
				t.Errorf("%s as %s: %s %s", op, role, a.Status, a.raw)
			}
			// The same person's token of another tenant reaches nothing.
			a = b.do(b.token("other", who[role], role), method, path, body)
			if a.StatusCode < 300 && !slices.Contains(own, path) || strings.Contains(string(a.raw), string(id)) || strings.Contains(string(a.raw), "5678") {
				t.Errorf("%s as %s of another tenant: %s %s", op, role, a.Status, a.raw)
			}
			// Nor does a colleague without contact:read:any.
			a = b.do(b.token("demo", wu, auth.Agent), method, path, body)
			if strings.Contains(path, string(id)) && a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusForbidden {
				t.Errorf("%s as a colleague: %s %s", op, a.Status, a.raw)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("operations %v are gone", open)
	}
	if slices.Sort(found); !slices.Equal(found, slices.Sorted(maps.Keys(want))) {
		t.Errorf("operations %v are not all in the table", found)
	}
}

// operations lists what the description says, as "METHOD path".
func operations(b *bench) []string {
	var all []string
	paths, _ := b.want(200, "", "GET", "/openapi.json", "").body["paths"].(map[string]any)
	for path, methods := range paths {
		m, _ := methods.(map[string]any)
		for method := range m {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	return all
}

func TestBadRequestsNameTheField(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	id := uuid.NewString()
	for _, tt := range []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"POST", "/v1/agents/me/status", `{"status":"asleep"}`, 422, "body.status"},
		{"POST", "/v1/agents/me/status", `{}`, 422, "body"},
		{"POST", "/v1/agents/me/status", `{"status":"custom"}`, 422, "body.name"},
		{"POST", "/v1/agents/me/status", `{"status":"offline","role":"admin"}`, 422, "body.role"},
		{"POST", "/v1/agents/me/status", `{"status":"custom","name":"` + strings.Repeat("x", 65) + `"}`, 422, "body.name"},
		{"POST", "/v1/agents/me/status", `{"status":`, 400, ""},
		{"POST", "/v1/agents/me/status", ``, 400, ""},
		{"POST", "/v1/agents/me/status", `{"status":"offline","name":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
		{"POST", "/v1/contacts/" + id + "/accept", `{"offerId":"x"}`, 422, "body.offerId"},
		{"POST", "/v1/contacts/x/accept", `{"offerId":"` + id + `"}`, 422, "path.id"},
		{"POST", "/v1/contacts/" + id + "/finish", `{"disposition":""}`, 422, "body.disposition"},
		{"POST", "/v1/contacts/" + id + "/finish", `{"disposition":"x","note":5}`, 422, "body.note"},
		{"GET", "/v1/contacts/demo%7CC%23x", "", 422, "path.id"},
		{"GET", "/v1/contacts/" + id, "", 404, ""},
		{"GET", "/v1/contacts?day=yesterday", "", 422, "query.day"},
		{"GET", "/v1/contacts?limit=1000", "", 422, "query.limit"},
		{"GET", "/v1/contacts?agent=a%23b", "", 422, "query.agent"},
		{"GET", "/v1/contacts?tenant=other", "", 422, "query.tenant"},
		{"GET", "/v1/contacts/" + id + "/recordings/-1/audio", "", 422, "path.n"},
		{"GET", "/v1/nothing", "", 404, ""},
		{"DELETE", "/v1/contacts/" + id, "", 405, ""},
		{"GET", "/v1/agents/me/status", "", 405, ""},
	} {
		a := b.want(tt.status, token, tt.method, tt.path, tt.body)
		if int(a.body["status"].(float64)) != tt.status || a.body["title"] == "" {
			t.Errorf("%s %s: problem %s", tt.method, tt.path, a.raw)
		}
		if tt.field != "" && !strings.Contains(string(a.raw), `"location":"`+tt.field+`"`) {
			t.Errorf("%s %s %s: %s does not name %s", tt.method, tt.path, tt.body, a.raw, tt.field)
		}
	}
}

func TestWhenTheCloudIsGoneNothingIsTold(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	b.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpGet {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	a := b.want(503, token, "GET", "/v1/agents/me", "")
	if a.Header.Get("Retry-After") == "" || strings.Contains(string(a.raw), "localcloud") || !strings.Contains(b.log.String(), "request failed") {
		t.Errorf("%v %s\n%s", a.Header, a.raw, b.log)
	}
	b.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpVerify {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	b.want(503, token, "GET", "/v1/agents/me", "")
}

func TestHealthAndHeaders(t *testing.T) {
	b := newBench(t)
	a := b.want(200, "", "GET", "/healthz", "")
	if a.body["status"] != "ok" || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", a.raw, a.Header)
	}
	if a := b.want(401, "", "GET", "/v1/agents/me", ""); a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%v", a.Header)
	}
	b.want(401, "", "GET", "/v1/agents/me", "", "Authorization", "Basic bGluOmxpbg==")
}

func TestTheDescription(t *testing.T) {
	b := newBench(t)
	a := b.want(200, "", "GET", "/openapi.json", "")
	if a.body["openapi"] != "3.1.0" {
		t.Errorf("version %v", a.body["openapi"])
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, a.raw, "", " "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	file := filepath.Join("..", "..", "web", "openapi.json") // the pages' client is made of it
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Error("the description differs; run with -update if that is meant")
	}
}

func FuzzByteRange(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=-5", "bytes=1-2", "bytes=1-2,3-4", "bytes=9223372036854775807-", "bytes=0-9223372036854775807"} {
		f.Add(s, int64(1000))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 44 {
			return
		}
		from, to, _, ok := byteRange(header, size)
		if ok && (from < 0 || to > size || from >= to) {
			t.Fatalf("%q of %d: %d to %d", header, size, from, to)
		}
	})
}

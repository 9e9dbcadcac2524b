package desk

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/live/view"
	"huawu/shared/phone"
)

// staff lets lin, wu and boss log in, so that the floor knows them.
func (b *bench) staff() {
	b.t.Helper()
	b.people()
	hash, err := login.Hash(rand.Reader, password)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, id := range map[string]string{"wu": wu, "zoe": "no-such-agent"} {
		w, err := login.User{Tenant: "demo", Username: name, Agent: id, Role: auth.Agent, Hash: hash, Since: noon}.Put()
		if err != nil {
			b.t.Fatal(err)
		}
		b.write(w)
	}
}

func TestATicketForLiveUpdatesIsNoToken(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	a := b.want(201, token, "POST", "/v1/live/tickets", "")
	ticket, _ := a.body["ticket"].(string)
	at, err := url.Parse(fmt.Sprint(a.body["url"]))
	if err != nil || at.Scheme != "wss" || at.Host != "example.com" || at.Path != "/live" || at.Query().Get("ticket") != ticket {
		t.Errorf("%v, %v", a.body, err)
	}
	b.want(401, ticket, "GET", "/v1/agents/me", "")
	who, id, until, err := auth.New(b.cloud.Keys(), "huawu", "live", b.clock.Now).VerifyOnce(t.Context(), ticket)
	if err != nil || who.Agent != lin || who.Role != auth.Agent || !who.Expires.Equal(noon.Add(time.Minute)) || id == "" || until.Before(who.Expires) {
		t.Errorf("%+v %q %v %v", who, id, until, err)
	}
	if again := b.want(201, token, "POST", "/v1/live/tickets", "").body["ticket"]; again == ticket {
		t.Error("two tickets are one")
	}
	elsewhere := newBenchWith(t, func(c *Config) { c.Live.Sockets = "wss://live.example/live" })
	if got := fmt.Sprint(elsewhere.want(201, elsewhere.token("demo", lin, auth.Agent), "POST", "/v1/live/tickets", "").body["url"]); !strings.HasPrefix(got, "wss://live.example/live?ticket=") {
		t.Errorf("url %s", got)
	}
	none := newBenchWith(t, func(c *Config) { c.Live.Tickets = nil })
	none.want(404, none.token("demo", lin, auth.Agent), "POST", "/v1/live/tickets", "")
}

func TestTheFloorIsTrue(t *testing.T) {
	b := newBench(t)
	b.staff()
	b.write(view.PutDesk("demo", "Asia/Shanghai", map[string]int{"loans": 30}))
	id := b.talk(b.token("demo", lin, auth.Agent))
	if _, err := b.router.Hold(t.Context(), "demo", id, true); err != nil {
		t.Fatal(err)
	}
	b.call()
	b.clock.Advance(time.Minute)
	var f view.Floor
	if err := json.Unmarshal(b.want(200, b.token("demo", boss, auth.Supervisor), "GET", "/v1/floor", "").raw, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Agents) != 3 || f.Agents[0].Username != "user3" || f.Agents[1].ID != lin || f.Agents[2].ID != wu {
		t.Fatalf("agents %+v", f.Agents)
	}
	a := f.Agents[1]
	if a.Status.Status != "available" || a.Device != "softphone" || len(a.Contacts) != 1 || a.Contacts[0].Contact != string(id) || a.Contacts[0].State != "CONNECTED" || !a.Contacts[0].OnHold || a.Contacts[0].Agent != lin {
		t.Errorf("lin %+v", a)
	}
	q := f.Queues[0]
	if len(f.Queues) != 1 || q.Waiting != 1 || q.OldestSince == nil || !q.OldestSince.Equal(noon) || q.Free != 0 || !q.At.Equal(noon.Add(time.Minute)) || q.ServiceLevel.Seconds != 30 || q.ServiceLevel.Percent != nil {
		t.Errorf("queue %+v", q)
	}
	if want := time.Date(2026, 3, 3, 16, 0, 0, 0, time.UTC); !q.ServiceLevel.Since.Equal(want) {
		t.Errorf("the day begins %v, want %v", q.ServiceLevel.Since, want)
	}
	b.want(403, b.token("demo", lin, auth.Agent), "GET", "/v1/floor", "")
}

// Answered in 30 s or later, abandoned soon, in time and late; yesterday's do not count.
func TestTheServiceLevelCountsTheDayOfTheTenant(t *testing.T) {
	b := newBench(t)
	b.write(view.PutDesk("demo", "Asia/Shanghai", map[string]int{view.AnyQueue: 30}))
	tell := event.New(b.cloud.Table(), b.cloud.Queue(), contact.Instance{}, strings.NewReader(strings.Repeat("x", 32)))
	channel := contact.Voice
	put := func(began time.Time, waited time.Duration, handled bool, why contact.Reason, queue string) {
		c := contact.Contact{Tenant: "demo", ID: contact.ID(b.newID()), State: contact.Completed, Since: began.Add(time.Hour), Initiated: began, Enqueued: began, Queue: queue, Channel: channel,
			Customer: phone.MustParse("+8613800135678"), Dequeued: began.Add(waited), Disconnected: began.Add(waited), Reason: why}
		if handled {
			c.OfferAgent, c.AgentJoined, c.Disconnected = lin, began.Add(waited), began.Add(waited+time.Minute)
		}
		r := &contact.Record{Contact: c}
		w := r.Put()
		b.write(w)
		item, err := b.cloud.Table().Get(t.Context(), w.Key, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := tell.HandleChange(t.Context(), event.Change{ID: string(c.ID), At: began, New: item}); err != nil {
			t.Fatal(err)
		}
	}
	today := time.Date(2026, 3, 3, 16, 0, 1, 0, time.UTC) // one second after midnight in Shanghai, on another day in UTC
	put(today, 30*time.Second, true, contact.AgentLeft, "loans")
	put(today, 10*time.Second, true, contact.CustomerLeft, "loans")
	put(noon.Add(-time.Hour), 31*time.Second, true, contact.AgentLeft, "loans")
	put(noon.Add(-time.Hour), 3*time.Second, false, contact.CustomerLeft, "loans")
	put(noon.Add(-time.Hour), 20*time.Second, false, contact.CustomerLeft, "loans")
	put(noon.Add(-time.Hour), 60*time.Second, false, contact.CustomerLeft, "loans")
	put(noon.Add(-time.Hour), 60*time.Second, false, contact.FlowEnded, "loans") // to voicemail
	put(noon.Add(-time.Hour), 60*time.Second, false, contact.CustomerLeft, "other")
	put(today.Add(-2*time.Second), time.Second, true, contact.AgentLeft, "loans")
	channel = contact.Task
	put(noon.Add(-time.Hour), 40*time.Minute, true, contact.AgentLeft, "loans") // a message
	var f view.Floor
	if err := json.Unmarshal(b.want(200, b.token("demo", boss, auth.Supervisor), "GET", "/v1/floor", "").raw, &f); err != nil {
		t.Fatal(err)
	}
	l := f.Queues[0].ServiceLevel
	if l.Answered != 3 || l.Within != 2 || l.Abandoned != 2 || l.AbandonedLate != 1 || l.Percent == nil || *l.Percent != 50 || !l.At.Equal(noon) {
		t.Errorf("service level %+v", l)
	}
}

func TestTargetsAreFoundByIdOrName(t *testing.T) {
	b := newBench(t)
	b.staff()
	token := b.token("demo", lin, auth.Agent)
	b.talk(token)
	if _, err := b.router.SetStatus(t.Context(), "demo", boss, agent.Away, "meal"); err != nil {
		t.Fatal(err)
	}
	names := func(q string) string {
		var out view.Targets
		if err := json.Unmarshal(b.want(200, token, "GET", "/v1/targets?q="+url.QueryEscape(q), "").raw, &out); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, a := range out.Agents {
			all = append(all, fmt.Sprintf("%s/%s/%v", a.ID, a.Status.Status, a.Busy))
		}
		for _, q := range out.Queues {
			all = append(all, fmt.Sprintf("%s/%d/%d", q.ID, q.Waiting, q.Free))
		}
		return strings.Join(all, " ")
	}
	for q, want := range map[string]string{
		"":       boss + "/custom/false " + wu + "/offline/false loans/0/0",
		"LOAN":   "loans/0/0",
		" name ": boss + "/custom/false " + wu + "/offline/false",
		"user3":  boss + "/custom/false",
		"nobody": "",
	} {
		if got := names(q); got != want {
			t.Errorf("targets for %q: %s, want %s", q, got, want)
		}
	}
	b.want(422, token, "GET", "/v1/targets?q="+strings.Repeat("x", 65), "")
}

func TestWhatAnAgentCanChoose(t *testing.T) {
	b := newBench(t)
	for _, w := range []cloud.Write{
		view.PutStatus("demo", "2", view.Choice{Name: "rest", Labels: map[string]string{"en": "Rest"}}),
		view.PutStatus("demo", "1", view.Choice{Name: "meal", Labels: map[string]string{"zh-CN": "用餐"}}),
		view.PutDispositions("demo", "loans", []view.Choice{{Name: "granted"}, {Name: "refused"}}),
		view.PutDispositions("demo", view.AnyQueue, []view.Choice{{Name: "solved"}}),
		view.PutStatus("other", "1", view.Choice{Name: "secret"}),
	} {
		b.write(w)
	}
	var me view.Me
	if err := json.Unmarshal(b.want(200, b.token("demo", lin, auth.Agent), "GET", "/v1/agents/me", "").raw, &me); err != nil {
		t.Fatal(err)
	}
	if len(me.Statuses) != 2 || me.Statuses[0].Name != "meal" || me.Statuses[0].Labels["zh-CN"] != "用餐" || me.Statuses[1].Name != "rest" {
		t.Errorf("statuses %+v", me.Statuses)
	}
	if len(me.Dispositions["loans"]) != 2 || me.Dispositions["loans"][1].Name != "refused" || len(me.Dispositions["*"]) != 1 {
		t.Errorf("dispositions %+v", me.Dispositions)
	}
	if empty := b.want(200, b.token("demo", wu, auth.Agent), "GET", "/v1/agents/me", ""); !strings.Contains(string(empty.raw), `"statuses":[{`) {
		t.Errorf("%s", empty.raw)
	}
}

func TestTheLastMeasureOfATalkStays(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	id, offer := b.offer(token)
	path := "/v1/contacts/" + string(id)
	body := `{"seconds":%d,"mos":4.21,"roundTripMs":31.5,"received":{"packets":3000,"lost":2,"jitterMs":4.125},"sent":{"packets":2999,"lost":0,"jitterMs":0}}`
	b.want(409, token, "POST", path+"/quality", fmt.Sprintf(body, 1)) // nothing was said yet
	b.want(200, token, "POST", path+"/accept", `{"offerId":"`+offer+`"}`)
	if _, err := b.router.Joined(t.Context(), "demo", id, contact.OfferID(offer), ""); err != nil {
		t.Fatal(err)
	}
	b.want(204, token, "POST", path+"/quality", fmt.Sprintf(body, 10))
	b.want(204, token, "POST", path+"/quality", fmt.Sprintf(body, 60))
	b.want(404, b.token("demo", wu, auth.Agent), "POST", path+"/quality", fmt.Sprintf(body, 60))
	b.want(422, token, "POST", path+"/quality", `{"seconds":1,"mos":6,"received":{"packets":-1,"lost":0,"jitterMs":0},"sent":{"packets":0,"lost":0,"jitterMs":0}}`)
	var d Detail
	if err := json.Unmarshal(b.want(200, token, "GET", path, "").raw, &d); err != nil {
		t.Fatal(err)
	}
	want := Quality{lin, noon, Measured{60, 4.21, 31.5, Stream{3000, 2, 4.125}, Stream{2999, 0, 0}}}
	if len(d.Quality) != 1 || d.Quality[0] != want {
		t.Errorf("quality %+v, want %+v", d.Quality, want)
	}
}

func TestThePopSurvivesAReloadAndMasksByRole(t *testing.T) {
	b := newBench(t)
	token := b.token("demo", lin, auth.Agent)
	id := b.talk(token)
	b.write(cloud.Write{Key: contact.FlowKey("demo", id), Put: cloud.Item{"v": int64(2), contact.AttrAttributes: map[string]any{view.AttrCustomerName: "王芳", view.AttrDigits: "123"}}})
	pop := func(role auth.Role) view.Pop {
		var me view.Me
		if err := json.Unmarshal(b.want(200, b.token("demo", lin, role), "GET", "/v1/agents/me", "").raw, &me); err != nil {
			t.Fatal(err)
		}
		if len(me.Contacts) != 1 || me.Contacts[0].Pop == nil {
			t.Fatalf("contacts %+v", me.Contacts)
		}
		return *me.Contacts[0].Pop
	}
	if p := pop(auth.Agent); p.Name != "王芳" || p.Customer != "+86138****5678" || p.Digits != "***" || p.Region != "北京市" || len(p.Path) != 0 || p.Path == nil {
		t.Errorf("pop %+v", p)
	}
	if p := pop(auth.Supervisor); p.Customer != "+8613800135678" {
		t.Errorf("to one who may see it: %+v", p)
	}
}

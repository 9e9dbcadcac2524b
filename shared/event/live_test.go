package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

func TestWhichChangesPagesAreTold(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	of := func(state contact.State, agent string, v int64) cloud.Item {
		c := &contact.Contact{Tenant: "demo", ID: "c1", State: state, OfferAgent: agent, Version: v, Customer: phone.MustParse("+8613800135678"), Queue: "loans",
			Excluded: []contact.Excluded{{Agent: "wu", Until: at}}, Needs: map[string]int{"english": 3}}
		i := c.Item()
		i[cloud.AttrPart], i[cloud.AttrSort] = contact.Key("demo", "c1").Part, contact.Key("demo", "c1").Sort
		return i
	}
	lin := func(state agent.State, v int64) cloud.Item {
		a := &agent.Agent{Tenant: "demo", ID: "lin", State: state, Version: v, Offers: map[contact.OfferID]contact.ID{"o1": "c1"}}
		i := a.Item()
		i[cloud.AttrPart], i[cloud.AttrSort] = agent.Key("demo", "lin").Part, agent.Key("demo", "lin").Sort
		return i
	}
	for _, tt := range []struct {
		name     string
		old, now cloud.Item
		told     bool
		was      string
	}{
		{"a new call", nil, of(contact.InFlow, "", 1), false, ""},
		{"a call in its flow", of(contact.InFlow, "", 1), of(contact.InFlow, "", 2), false, ""},
		{"a call that begins to wait", of(contact.InFlow, "", 1), of(contact.Queued, "", 2), true, ""},
		{"a call that goes on waiting", of(contact.Queued, "", 2), of(contact.Queued, "", 3), false, ""},
		{"an offer", of(contact.Queued, "", 2), of(contact.Offered, "lin", 3), true, ""},
		{"an offer that is over", of(contact.Offered, "lin", 3), of(contact.Queued, "", 4), true, "lin"},
		{"a talk", of(contact.Connecting, "lin", 3), of(contact.Connected, "lin", 4), true, "lin"},
		{"a caller who hangs up while waiting", of(contact.Queued, "", 2), of(contact.Completed, "", 3), true, ""},
		{"an agent", lin(agent.Offline, 1), lin(agent.Available, 2), true, ""},
		{"an agent who gets a contact", lin(agent.Available, 2), lin(agent.Available, 3), false, ""},
		{"an agent who was set up", nil, lin(agent.Offline, 1), true, ""},
		{"another item", nil, cloud.Item{cloud.AttrPart: "demo|X", cloud.AttrSort: "META"}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := localcloud.Open(localcloud.Options{Manual: true, Now: func() time.Time { return at }, Queues: []localcloud.QueueOptions{{Name: LiveQueue}}})
			if err != nil {
				t.Fatal(err)
			}
			p := New(c.Table(), c.Queue(), contact.Instance{}, bytes.NewReader(make([]byte, 32)))
			ch := Change{ID: "x", At: at, Old: tt.old, New: tt.now}
			if err := p.Tell(t.Context(), []Change{ch}); err != nil || c.Depth(LiveQueue) != 0 {
				t.Fatalf("nobody asked, and %d were told, %v", c.Depth(LiveQueue), err)
			}
			if err := p.ToLive().Tell(t.Context(), []Change{ch}); err != nil {
				t.Fatal(err)
			}
			got, err := c.Queue().Receive(t.Context(), LiveQueue, 10, 0, time.Minute)
			if err != nil || (len(got) == 1) != tt.told {
				t.Fatalf("%d messages, %v", len(got), err)
			}
			if !tt.told {
				return
			}
			all, err := ReadLive(got[0].Body)
			if err != nil || len(all) != 1 {
				t.Fatalf("%v, %v", all, err)
			}
			l := all[0]
			if l.Was != tt.was || l.From != tt.old.Int("v") || !l.At.Equal(at) {
				t.Errorf("%+v, %v", l, err)
			}
			want, err := cloud.Value(tt.now)
			if err != nil || !reflect.DeepEqual(map[string]any(l.Item), want) {
				t.Errorf("item %v\nwant %v, %v", l.Item, want, err)
			}
		})
	}
}

func FuzzReadLive(f *testing.F) {
	for _, s := range []string{`{"item":{"PK":"demo|C#c1","v":3,"excl":["a"],"needs":{"x":1},"b":true}}`, `{"item":{"v":1.5}}`, `{"item":{"v":null}}`, `{"item":{"v":1e400}}`, `[`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := ReadLive(body)
		if err != nil {
			return
		}
		for _, l := range all {
			again, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			if two, err := ReadLive(again); err != nil || !reflect.DeepEqual(l.Item, two[0].Item) {
				t.Fatalf("%v, then %v, %v", l.Item, two, err)
			}
			contact.FromItem(l.Item)
			agent.FromItem(l.Item)
		}
	})
}

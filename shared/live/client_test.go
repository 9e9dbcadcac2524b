package live

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// client is what a page does with frames: the rules by which any client shows
// what is true. It is the reference for the pages' own.
type client struct {
	topics map[Topic]*topic
	send   func(Frame)
	gone   func()
	// deliver, if set, gets frames in the place of handle: a network in between.
	deliver func([]byte)
	errors  []string // codes
	pongs   int
	frames  int
	bad     int
}

// topic is what a client knows of a topic.
type topic struct {
	name     Topic
	state    map[string]any
	versions map[string]int64
	present  map[string]bool
	at       time.Time // of the snapshot
	asking   bool      // a snapshot is on its way
	kept     []message // deltas that came meanwhile
	parts    []message
	syncs    int
}

// message is any frame from the server.
type message struct {
	Type     string           `json:"type"`
	Topic    Topic            `json:"topic"`
	TS       time.Time        `json:"ts"`
	Entity   string           `json:"entity"`
	ID       string           `json:"id"`
	From     int64            `json:"from"`
	V        int64            `json:"v"`
	State    map[string]any   `json:"state"`
	Versions map[string]int64 `json:"versions"`
	More     bool             `json:"more"`
	Code     string           `json:"code"`
	Deltas   []message        `json:"deltas"`
}

func (c *client) take(text []byte) {
	if c.frames++; c.deliver != nil {
		c.deliver(text)
		return
	}
	c.handle(text)
}

func (c *client) handle(text []byte) {
	var m message
	if json.Unmarshal(text, &m) != nil {
		c.bad++
		return
	}
	t := c.topics[m.Topic]
	switch {
	case m.Type == "pong":
		c.pongs++
	case m.Type == "error":
		c.errors = append(c.errors, m.Code)
		if t != nil {
			t.asking = false
		}
	case t == nil: // not asked for, or no more
	case m.Type == "resync":
		c.sync(t)
	case m.Type == "snapshot":
		c.snapshot(t, m)
	case m.Type == "delta" && t.asking:
		t.kept = append(t.kept, m)
	case m.Type == "delta":
		c.delta(t, m)
	case m.Type == "deltas":
		for _, d := range m.Deltas {
			if t.asking { // one before has shown a gap
				t.kept = append(t.kept, d)
				continue
			}
			c.delta(t, d)
		}
	}
}

func (c *client) subscribe(name Topic) *topic {
	t := &topic{name: name, asking: true}
	c.topics[name] = t
	c.send(Frame{Type: typeSubscribe, Topic: name})
	return t
}

func (c *client) sync(t *topic) {
	if t.asking {
		return
	}
	t.asking, t.kept, t.parts = true, nil, nil
	t.syncs++
	c.send(Frame{Type: typeSync, Topic: t.name})
}

// snapshot begins anew. What came since it was asked for is applied on top.
func (c *client) snapshot(t *topic, m message) {
	if !t.asking { // of an earlier question
		return
	}
	if t.parts = append(t.parts, m); m.More {
		return
	}
	first := t.parts[0]
	t.state, t.at, t.present = first.State, first.TS, map[string]bool{}
	if t.versions == nil {
		t.versions = map[string]int64{}
	}
	for n, p := range t.parts {
		for k, v := range p.Versions {
			t.versions[k], t.present[k] = v, true
		}
		if n > 0 {
			t.state["agents"] = append(list(t.state["agents"]), list(p.State["agents"])...)
		}
	}
	kept := t.kept
	t.asking, t.kept, t.parts = false, nil, nil
	for _, d := range kept {
		if t.asking {
			t.kept = append(t.kept, d)
			continue
		}
		c.delta(t, d)
	}
}

// delta applies a change, or asks for a snapshot where one is missing.
func (c *client) delta(t *topic, m message) {
	key := m.Entity + "/" + m.ID
	if m.Entity == entityOffer {
		key = "contact/" + m.ID
	}
	known, ok := t.versions[key]
	switch {
	case ok && m.V <= known:
		return
	case t.present[key] && m.From > known:
		c.sync(t)
		return
	case !t.present[key] && m.State != nil && !m.TS.After(t.at): // gone already, or not yet seen
		c.sync(t)
		return
	case !t.present[key] && m.State != nil && t.name == Me && m.Entity == "contact": // its offer, with the screen pop, is missing
		c.sync(t)
		return
	}
	t.versions[key], t.present[key] = m.V, m.State != nil
	if t.name == Me {
		applyMe(t.state, m)
	} else {
		applyFloor(t.state, m)
	}
}

func applyMe(state map[string]any, m message) {
	switch m.Entity {
	case "agent":
		delete(state, "next")
		for k, v := range m.State {
			state[k] = v
		}
	case "left":
		state["contacts"] = without(list(state["contacts"]), func(e map[string]any) bool { return e["leftOffer"] == m.ID })
		put(state, "contacts", m.State)
	case "notice":
		state["notices"] = without(list(state["notices"]), func(e map[string]any) bool { return e["id"] == m.ID })
		put(state, "notices", m.State)
	default:
		var pop any
		mine := func(e map[string]any) bool {
			if e["contactId"] != m.ID || e["leftOffer"] != nil {
				return false
			}
			pop = e["pop"]
			return true
		}
		state["offers"] = without(list(state["offers"]), mine)
		state["contacts"] = without(list(state["contacts"]), mine)
		if m.State == nil {
			return
		}
		if m.Entity == entityOffer {
			put(state, "offers", m.State)
			return
		}
		if m.State["pop"] == nil && pop != nil {
			m.State["pop"] = pop
		}
		put(state, "contacts", m.State)
	}
}

func applyFloor(state map[string]any, m message) {
	agents := list(state["agents"])
	at := func(id any) map[string]any {
		for _, a := range agents {
			if a["id"] == id {
				return a
			}
		}
		return nil
	}
	switch m.Entity {
	case "agent":
		a := at(m.ID)
		if a == nil {
			put(state, "agents", m.State)
			return
		}
		contacts := a["contacts"]
		clear(a)
		for k, v := range m.State {
			a[k] = v
		}
		a["contacts"] = contacts
	case "queue":
		state["queues"] = append(without(list(state["queues"]), func(q map[string]any) bool { return q["id"] == m.ID }), m.State)
	default:
		for _, a := range agents {
			a["contacts"] = without(list(a["contacts"]), func(e map[string]any) bool {
				if m.Entity == "left" {
					return e["leftOffer"] == m.ID
				}
				return e["contactId"] == m.ID && e["leftOffer"] == nil
			})
		}
		if a := at(m.State["agentId"]); m.State != nil && a != nil {
			put(a, "contacts", m.State)
		}
	}
}

// list is a list of objects, as JSON holds it.
func list(v any) []map[string]any {
	switch v := v.(type) {
	case []map[string]any:
		return v
	case []any:
		out := make([]map[string]any, 0, len(v))
		for _, e := range v {
			if m, ok := e.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

func without(all []map[string]any, drop func(map[string]any) bool) []map[string]any {
	return slices.DeleteFunc(all, drop)
}

func put(state map[string]any, name string, e map[string]any) {
	if e != nil {
		state[name] = append(list(state[name]), e)
	}
}

// shown is a state without what passes with time alone, in one order.
func shown(state any) string {
	raw, err := json.Marshal(state)
	if err != nil {
		return err.Error()
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err.Error()
	}
	raw, err = json.MarshalIndent(plain(v), "", " ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"waitedSeconds", "ts", "at", "serviceLevel", "last", "asOf", "staffed", "staffedAt", "wait"} {
			delete(v, name)
		}
		for name := range v {
			v[name] = plain(v[name])
		}
	case []any:
		for n := range v {
			v[n] = plain(v[n])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	}
	return v
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

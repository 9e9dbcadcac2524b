package setup

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"huawu/shared/acd"
	"huawu/shared/hours"
	"huawu/shared/phone"
)

// Finding is one thing that is wrong with a document, or worth to know of it.
type Finding struct {
	Where string `json:"where"` // such as queues.loans.overflow
	What  string `json:"what"`  // and what to do about it
}

// String is a finding as one line.
func (f Finding) String() string { return f.Where + ": " + f.What }

// Bounds of a document.
const (
	maxRing    = 60
	minRing    = 5
	maxACW     = 3600
	maxDelay   = 9999
	maxLevel   = 5
	maxShards  = 20
	maxNumbers = 1_000_000
)

// names is what ids look like: they stand in keys of the table.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Check returns what is wrong with a document: every fault at once, in the order
// of the document. A document with a fault is not taken.
func Check(d Document) []Finding {
	c := &checker{queues: map[string]Queue{}, hours: map[string]bool{}}
	for _, q := range d.Queues {
		c.queues[q.ID] = q
	}
	for _, h := range d.Hours {
		c.hours[h.ID] = true
	}
	c.ids("groups", idsOf(d.Groups, func(g Group) string { return g.ID }))
	for _, g := range d.Groups {
		c.within("groups."+g.ID+".shards", g.Shards, 0, maxShards)
	}
	c.ids("queues", idsOf(d.Queues, func(q Queue) string { return q.ID }))
	for _, q := range d.Queues {
		c.queue("queues."+q.ID, q)
	}
	c.ids("profiles", idsOf(d.Profiles, func(p Profile) string { return p.ID }))
	for _, p := range d.Profiles {
		c.profile("profiles."+p.ID, p)
	}
	c.ids("hours", idsOf(d.Hours, func(h Hours) string { return h.ID }))
	for _, h := range d.Hours {
		if _, err := hours.New(h.Hours); err != nil {
			c.say("hours."+h.ID, "%s", err)
		}
	}
	return c.found
}

func idsOf[T any](all []T, id func(T) string) (out []string) {
	for _, x := range all {
		out = append(out, id(x))
	}
	return out
}

type checker struct {
	queues map[string]Queue
	hours  map[string]bool
	found  []Finding
}

func (c *checker) say(where, what string, args ...any) {
	c.found = append(c.found, Finding{where, fmt.Sprintf(what, args...)})
}

func (c *checker) ids(where string, all []string) {
	seen := map[string]bool{}
	for _, id := range all {
		switch {
		case !names.MatchString(id):
			c.say(where, "%.70q is no id: want 1 to 64 of A-Z a-z 0-9 . _ - and a letter or digit first", id)
		case seen[id]:
			c.say(where+"."+id, "is there twice: give one of them another id")
		}
		seen[id] = true
	}
}

func (c *checker) within(where string, n, from, to int) {
	if n < from || n > to {
		c.say(where, "is %d, want %d to %d", n, from, to)
	}
}

func (c *checker) oneOf(where, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.say(where, "is %.40q, want %s", value, strings.Join(allowed, " or "))
	}
}

func (c *checker) queue(where string, q Queue) {
	if q.RingSeconds != 0 {
		c.within(where+".ringSeconds", q.RingSeconds, minRing, maxRing)
	}
	c.within(where+".afterContactSeconds", q.AfterContactSeconds, 0, maxACW)
	c.oneOf(where+".wrapUp", q.WrapUp, string(acd.WrapManual))
	for _, f := range q.Required {
		c.oneOf(where+".required", f, acd.FieldDisposition, acd.FieldNote)
	}
	c.oneOf(where+".mode", q.Mode, string(acd.Strict), string(acd.Credit))
	if q.Mode == string(acd.Credit) && q.CreditSeconds <= 0 {
		c.say(where+".creditSeconds", "is missing: with credit a step of priority is worth some seconds")
	}
	for _, skill := range slices.Sorted(maps.Keys(q.Needs)) {
		c.within(where+".needs."+skill, q.Needs[skill], 1, maxLevel)
	}
	c.within(where+".creditSeconds", q.CreditSeconds, 0, maxNumbers)
	c.within(where+".maxWaiting", q.MaxWaiting, 0, maxNumbers)
	c.within(where+".maxWaitSeconds", q.MaxWaitSeconds, 0, maxNumbers)
	c.within(where+".overflowSeconds", q.OverflowSeconds, 0, maxNumbers)
	c.within(where+".overflowDepth", q.OverflowDepth, 0, maxNumbers)
	c.overflow(where, q)
	c.afterHours(where, q)
	c.calls(where, q)
}

func (c *checker) overflow(where string, q Queue) {
	if q.Overflow == "" {
		if q.OverflowSeconds > 0 || q.OverflowDepth > 0 {
			c.say(where+".overflow", "names no queue: say which one helps")
		}
		return
	}
	c.queueThere(where+".overflow", q.ID, q.Overflow)
	if q.OverflowSeconds == 0 && q.OverflowDepth == 0 {
		c.say(where+".overflow", "never happens: set overflowSeconds or overflowDepth")
	}
}

func (c *checker) afterHours(where string, q Queue) {
	if q.Hours != "" && !c.hours[q.Hours] {
		c.say(where+".hours", "there are no hours %q: add them, or name others", q.Hours)
	}
	if q.AfterHours == "" {
		return
	}
	if q.Hours == "" {
		c.say(where+".afterHours", "has no meaning without hours")
	}
	if q.AfterHours != acd.Refuse {
		c.queueThere(where+".afterHours", q.ID, q.AfterHours)
	}
}

func (c *checker) queueThere(where, own, id string) {
	if _, ok := c.queues[id]; !ok {
		c.say(where, "there is no queue %q", id)
	} else if id == own {
		c.say(where, "is the queue itself: name another one")
	}
}

func (c *checker) calls(where string, q Queue) {
	c.oneOf(where+".callFirst", q.CallFirst, acd.FirstAgent, acd.FirstCustomer)
	if n, err := phone.Parse(q.CallerID); q.CallerID != "" && (err != nil || !n.E164() && strings.Trim(n.Full(), "0123456789") != "") {
		c.say(where+".callerId", "is no number: want + with country code, or a local number")
	}
	for _, d := range q.Dials {
		if strings.Trim(strings.TrimSuffix(strings.TrimPrefix(d, "+"), "*"), "0123456789") != "" || d == "" || d == "+" {
			c.say(where+".dials", "%.30q is neither a prefix with +, nor a local number, nor digits and *", d)
		}
	}
}

func (c *checker) profile(where string, p Profile) {
	seen := map[string]bool{}
	for _, s := range p.Queues {
		at := where + ".queues." + s.Queue
		q, ok := c.queues[s.Queue]
		switch {
		case !ok:
			c.say(at, "there is no such queue")
		case seen[s.Queue]:
			c.say(at, "is there twice")
		case cmp.Or(q.Group, MainGroup) != cmp.Or(p.Group, MainGroup):
			c.say(at, "is of group %s and the profile of %s: agents serve one group", cmp.Or(q.Group, MainGroup), cmp.Or(p.Group, MainGroup))
		}
		seen[s.Queue] = true
		if s.Priority != 0 {
			c.within(at+".priority", s.Priority, 1, 99)
		}
		c.within(at+".delaySeconds", s.DelaySeconds, 0, maxDelay)
	}
}

// Warn returns what is not wrong with a document, but probably not meant. skills
// are the levels that agents have, by profile; a profile without agents may be
// absent.
func Warn(d Document, skills map[string][]map[string]int) (all []Finding) {
	for _, q := range d.Queues {
		where := "queues." + q.ID
		served, able := false, false
		for _, p := range d.Profiles {
			if !slices.ContainsFunc(p.Queues, func(s ProfileQueue) bool { return s.Queue == q.ID }) {
				continue
			}
			served = true
			able = able || slices.ContainsFunc(skills[p.ID], func(has map[string]int) bool { return acd.Skilled(has, q.Needs) })
		}
		switch {
		case !served && q.Overflow == "":
			all = append(all, Finding{where, "no profile serves it: who waits there waits for ever"})
		case served && !able && len(q.Needs) > 0:
			all = append(all, Finding{where + ".needs", "no agent of the profiles that serve it has these skills"})
		}
		if loop := d.cycle(q); loop != "" {
			all = append(all, Finding{where + ".overflow", "comes back to itself: " + loop + "; a contact goes round once"})
		}
	}
	return all
}

// cycle returns the way by which a queue's overflow by depth leads back to it, told
// by the first of its queues alone; "" if it does not.
func (d Document) cycle(q Queue) string {
	next := map[string]string{}
	for _, x := range d.Queues {
		if x.OverflowDepth > 0 {
			next[x.ID] = x.Overflow
		}
	}
	way := []string{q.ID}
	for at := next[q.ID]; at != ""; at = next[at] {
		way = append(way, at)
		switch {
		case at == q.ID && slices.Min(way) == q.ID:
			return strings.Join(way, " → ")
		case slices.Index(way, at) < len(way)-1:
			return ""
		}
	}
	return ""
}

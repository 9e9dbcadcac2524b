package contact

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/phone"
)

// Names of attributes that conditions and blind writes of other rooms use.
const (
	AttrState       = "state"
	AttrSince       = "since"
	AttrEpoch       = "epoch"
	AttrChannel     = "channel"
	AttrOffer       = "offer"
	AttrOfferAgent  = "offerAgent"
	AttrRingSeconds = "ringSeconds"
	AttrAttempts    = "attempts"
	AttrVersion     = "v"
	AttrAttributes  = "attributes" // in the flow item
	AttrPath        = "path"       // in the flow item and the day's list: see flow/journey
)

// Micros returns t as the table keeps it, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// writer fills an item and leaves out what is empty: an absent attribute costs nothing.
type writer cloud.Item

func (w writer) str(name, s string) {
	if s != "" {
		w[name] = s
	}
}

func (w writer) num(name string, n int64) {
	if n != 0 {
		w[name] = n
	}
}

func (w writer) time(name string, t time.Time) { w.num(name, Micros(t)) }

func (w writer) flag(name string, b bool) {
	if b {
		w[name] = true
	}
}

// Item returns c as the table keeps it, without its key.
func (c *Contact) Item() cloud.Item {
	w := writer{AttrState: string(c.State), AttrEpoch: c.Epoch, AttrVersion: max(1, c.Version)}
	w.time(AttrSince, c.Since)
	w.str(AttrChannel, string(c.Channel))
	w.str("method", string(c.Method))
	w.str("customer", c.Customer.Full())
	w.str("system", c.System.Full())
	w.str("relay", c.Relay)
	w.str("lang", c.Language)
	w.str("queue", c.Queue)
	w.str("group", c.Group)
	w.num("prio", int64(c.Priority))
	w.str("rank", c.Rank)
	w.time("enq", c.Enqueued)
	w.time("deq", c.Dequeued)
	if len(c.Needs) > 0 {
		w["needs"] = LevelsItem(c.Needs)
	}
	if len(c.Excluded) > 0 {
		w["excl"] = ExcludedItem(c.Excluded)
	}
	if len(c.Steps) > 0 {
		w["steps"] = StepsItem(c.Steps)
	}
	w.time("notBefore", c.NotBefore)
	w.time("came", c.Came)
	w.str(AttrOffer, string(c.Offer))
	w.str(AttrOfferAgent, c.OfferAgent)
	w.str("leg", c.AgentLeg)
	w.num(AttrRingSeconds, int64(c.RingSeconds))
	w.num(AttrAttempts, int64(c.Attempts))
	w.flag("record", c.Record)
	w.flag("whispers", c.Whispers)
	w.str("recording", c.Recording)
	c.endItem(w)
	c.whyItem(w)
	return cloud.Item(w)
}

func (c *Contact) endItem(w writer) {
	w.time("initiated", c.Initiated)
	w.time("toSystem", c.ToSystem)
	w.time("joined", c.AgentJoined)
	w.time("holdSince", c.Hold.Since)
	w.num("holds", int64(c.Hold.Count))
	w.num("heldUs", c.Hold.Total.Microseconds())
	w.num("longestHoldUs", c.Hold.Longest.Microseconds())
	w.time("disconnected", c.Disconnected)
	w.num("acwSeconds", int64(c.ACWSeconds))
	w.flag("acwManual", c.ACWManual)
	w.time("acwUntil", c.ACWUntil)
	w.str("reason", string(c.Reason))
	w.str("disposition", c.Disposition)
	w.num("segment", int64(c.Segment))
	c.segmentItem(w)
}

// FromItem reads a contact back; nil for an absent item or one of another thing.
func FromItem(i cloud.Item) *Contact {
	tenant, id, ok := ParseKey(i.Key())
	if !ok || i.Str(cloud.AttrSort) != SortMeta {
		return nil
	}
	c := decode(i)
	c.Tenant, c.ID = tenant, id
	return c
}

func decode(i cloud.Item) *Contact {
	at := func(name string) time.Time { return FromMicros(i.Int(name)) }
	us := func(name string) time.Duration { return time.Duration(i.Int(name)) * time.Microsecond }
	c := &Contact{
		Version: i.Int(AttrVersion), State: State(i.Str(AttrState)), Since: at(AttrSince), Epoch: i.Int(AttrEpoch),
		Channel: Channel(i.Str(AttrChannel)), Method: Method(i.Str("method")),
		Customer: number(i.Str("customer")), System: number(i.Str("system")),
		Relay: i.Str("relay"), Language: i.Str("lang"),
		Queue: i.Str("queue"), Group: i.Str("group"), Priority: int(i.Int("prio")), Rank: i.Str("rank"),
		Needs: LevelsFrom(i["needs"]), Excluded: ExcludedFrom(i["excl"]), Steps: StepsFrom(i["steps"]), NotBefore: at("notBefore"), Came: at("came"), Enqueued: at("enq"), Dequeued: at("deq"),
		Offer: OfferID(i.Str(AttrOffer)), OfferAgent: i.Str(AttrOfferAgent), AgentLeg: i.Str("leg"), RingSeconds: int(i.Int(AttrRingSeconds)),
		Attempts: int(i.Int(AttrAttempts)), Record: i.Bool("record"), Whispers: i.Bool("whispers"), Recording: i.Str("recording"),
		Initiated: at("initiated"), ToSystem: at("toSystem"), AgentJoined: at("joined"),
		Hold:         Hold{Since: at("holdSince"), Count: int(i.Int("holds")), Total: us("heldUs"), Longest: us("longestHoldUs")},
		Disconnected: at("disconnected"), ACWSeconds: int(i.Int("acwSeconds")), ACWManual: i.Bool("acwManual"), ACWUntil: at("acwUntil"),
		Reason: Reason(i.Str("reason")), Disposition: i.Str("disposition"), Segment: int(i.Int("segment")),
	}
	c.readSegment(i)
	c.readWhy(i)
	return c
}

// number reads a stored number; what was stored was parsed before.
func number(s string) phone.Number {
	n, err := phone.Parse(s)
	if err != nil {
		return phone.Number{}
	}
	return n
}

// LevelsItem returns skills and levels as an attribute.
func LevelsItem(m map[string]int) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = int64(v)
	}
	return out
}

// LevelsFrom reads an attribute that LevelsItem made; nil for anything else.
func LevelsFrom(v any) map[string]int {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 {
		return nil
	}
	out := make(map[string]int, len(m))
	for k, v := range m {
		n, _ := v.(int64)
		out[k] = int(n)
	}
	return out
}

// ExcludedItem returns exclusions as an attribute.
func ExcludedItem(all []Excluded) []string {
	out := make([]string, len(all))
	for n, e := range all {
		out[n] = fmt.Sprintf("%d %s", e.Until.UnixMicro(), e.Agent)
	}
	return out
}

// ExcludedFrom reads an attribute that ExcludedItem made.
func ExcludedFrom(v any) []Excluded {
	list, _ := v.([]string)
	var out []Excluded
	for _, s := range list {
		until, agent, _ := strings.Cut(s, " ")
		us, err := strconv.ParseInt(until, 10, 64)
		if err != nil || agent == "" {
			continue
		}
		out = append(out, Excluded{agent, FromMicros(us)})
	}
	return out
}

// Put returns the write that stores a new contact; one that is there stays.
func (c *Contact) Put() cloud.Write {
	return cloud.Write{Key: c.key(), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: c.Item()}
}

// Update returns the write that takes the stored contact from old to c. It
// relies on the state, the epoch and the offer that old was read with: an
// attribute that was written meanwhile does not matter and is not overwritten.
func (c *Contact) Update(old *Contact) cloud.Write {
	w := Diff(old.Item(), c.Item())
	w.Key = c.key()
	w.If = []cloud.Cond{{Attr: AttrState, Op: "=", Value: string(old.State)}, {Attr: AttrEpoch, Op: "=", Value: old.Epoch}, OfferIs(old.Offer)}
	return w
}

// OfferIs is the condition that a contact has this offer, or none if it is "".
func OfferIs(o OfferID) cloud.Cond {
	if o == "" {
		return cloud.Cond{Attr: AttrOffer, Op: "absent"}
	}
	return cloud.Cond{Attr: AttrOffer, Op: "=", Value: string(o)}
}

// Diff returns the update that makes an item with the attributes of old one
// with those of now, and counts its version up.
func Diff(old, now cloud.Item) cloud.Write {
	w := cloud.Write{Set: cloud.Item{}, Add: map[string]int64{AttrVersion: 1}}
	for name, v := range now {
		if name != AttrVersion && !reflect.DeepEqual(old[name], v) {
			w.Set[name] = v
		}
	}
	for name := range old {
		if _, kept := now[name]; !kept && name != AttrVersion {
			w.Remove = append(w.Remove, name)
		}
	}
	return w
}

// Path reads the way through the flows out of a flow item or a record.
func Path(i cloud.Item) []byte {
	path, _ := i[AttrPath].([]byte)
	return path
}

// Attributes reads the contact attributes out of a flow item.
func Attributes(flow cloud.Item) map[string]string {
	m, _ := flow[AttrAttributes].(map[string]any)
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k], _ = v.(string)
	}
	return out
}

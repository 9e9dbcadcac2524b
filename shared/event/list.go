package event

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

// DayShards is how many partitions the list of a tenant's day is spread over.
const DayShards = 4

// Row is one line of a list of contacts: enough to show it without a read of
// the record.
type Row struct {
	Contact     contact.ID
	Segment     int
	Began       time.Time
	Ended       time.Time
	Customer    phone.Number
	Queue       string
	Agent       string
	Reason      contact.Reason
	Disposition string
	Handled     bool
	Message     bool          // what a caller has left: nobody waited on the line
	Seconds     int           // of talk, holds included
	Waited      int           // seconds in the queue
	Bound       int           // seconds that the agent was bound: ringing, talk and after-contact work
	Told        contact.Told  // the wait that was told first, if while it waited here
	After       time.Duration // from when that was told until the agent was joined, or the customer left
	Path        []byte        // way through flows, of the day's list only: see flow/journey
	Left        time.Time     // when that way ended: an agent was joined, else the call ended
}

// list puts a record's rows: the agent's day, the customer, the tenant's day.
// A row that is there is the same one.
func (p *Publisher) list(ctx context.Context, r *contact.Record) error {
	secret, err := p.secret(ctx, r.Tenant)
	if err != nil {
		return err
	}
	parts := []string{DayPart(r.Tenant, r.Initiated, shardOf(r.ID))}
	if r.OfferAgent != "" && r.Handled() {
		parts = append(parts, AgentPart(r.Tenant, r.OfferAgent, r.Initiated))
	}
	if !r.Customer.IsZero() {
		parts = append(parts, customerPart(r.Tenant, r.Customer, secret))
	}
	var errs []error
	for n, part := range parts {
		row := rowItem(r)
		if n == 0 {
			addWay(r, row)
		}
		_, err := p.table.Write(ctx, cloud.Write{
			Key: cloud.Key{Part: part, Sort: rowSort(r)}, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: row,
		})
		if lost(err) {
			continue
		}
		errs = append(errs, fault.Wrap(fault.KindOf(err), err, "event: put list row"))
	}
	return errors.Join(errs...)
}

// lost reports whether a write was refused because the item is there.
func lost(err error) bool {
	var refused *cloud.Refused
	return errors.As(err, &refused) && refused.Lost()
}

// day is how days stand in keys: UTC.
const day = "2006-01-02"

// AgentPart is the partition of the contacts of an agent that began on a day.
func AgentPart(tenant, agent string, at time.Time) string {
	return tenant + "|L#agent#" + agent + "#" + at.UTC().Format(day)
}

// DayPart is one of the DayShards partitions of the contacts that began on a day.
func DayPart(tenant string, at time.Time, shard int) string {
	return tenant + "|L#day#" + at.UTC().Format(day) + "#" + strconv.Itoa(shard)
}

func shardOf(id contact.ID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % DayShards)
}

// rowSort is <ts>#<contactId>, and #<segment> behind it from the second on.
func rowSort(r *contact.Record) string {
	s := sortTime(r.Initiated) + "#" + string(r.ID)
	if r.Segment > 0 {
		s += "#" + strconv.Itoa(r.Segment)
	}
	return s
}

// sortTime is how times stand in sort keys.
func sortTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func rowItem(r *contact.Record) cloud.Item {
	i := cloud.Item{"v": int64(1), "contact": string(r.ID), "segment": int64(r.Segment), "began": contact.Micros(r.Initiated),
		"ended": contact.Micros(r.Completed()), "handled": r.Handled()}
	for name, s := range map[string]string{"customer": r.Customer.Full(), "queue": r.Queue, "agent": r.OfferAgent, "reason": string(r.Reason), "disposition": r.Disposition} {
		if s != "" {
			i[name] = s
		}
	}
	if r.Channel == contact.Task {
		i["message"] = true
	}
	if r.Handled() {
		i["seconds"] = max(0, int64(r.Disconnected.Sub(r.AgentJoined)/time.Second))
		i["bound"] = max(0, int64(r.Completed().Sub(boundFrom(r))/time.Second))
	}
	if left := r.Dequeued; !r.Enqueued.IsZero() {
		if left.IsZero() {
			left = r.Disconnected
		}
		i["waited"] = max(0, int64(left.Sub(r.Enqueued)/time.Second))
		if at := r.Told.At; !r.Told.IsZero() && !at.Before(r.Enqueued) && !at.After(left) { // else it was of another queue
			i[contact.AttrTold], i["afterMs"] = r.Told.String(), left.Sub(at).Milliseconds()
		}
	}
	return i
}

// boundFrom is when a contact began to bind its agent: with the offer, if that is
// still known.
func boundFrom(r *contact.Record) time.Time {
	for _, c := range slices.Backward(r.Choices()) {
		if c.Agent == r.OfferAgent && c.At.After(r.Enqueued) && c.At.Before(r.AgentJoined) {
			return c.At
		}
	}
	return r.AgentJoined
}

func rowFrom(i cloud.Item) Row {
	customer, err := phone.Parse(i.Str("customer"))
	if err != nil { // what is stored was parsed before
		customer = phone.Number{}
	}
	path, _ := i[contact.AttrPath].([]byte)
	return Row{
		Path: path, Left: contact.FromMicros(i.Int("left")),
		Contact: contact.ID(i.Str("contact")), Segment: int(i.Int("segment")), Began: contact.FromMicros(i.Int("began")), Ended: contact.FromMicros(i.Int("ended")),
		Customer: customer, Queue: i.Str("queue"), Agent: i.Str("agent"), Reason: contact.Reason(i.Str("reason")), Disposition: i.Str("disposition"),
		Handled: i.Bool("handled"), Message: i.Bool("message"), Seconds: int(i.Int("seconds")), Waited: int(i.Int("waited")), Bound: int(i.Int("bound")),
		Told: contact.ToldFrom(i), After: time.Duration(i.Int("afterMs")) * time.Millisecond,
	}
}

// Lists reads lists of contacts.
type Lists struct{ Table cloud.Table }

// Page is a part of a list, the latest contact first.
type Page struct {
	Rows []Row
	Next string // pass it as before to go on; "" at the end
}

// OfAgent returns the contacts of an agent that began on a day (UTC), at most
// limit, from before on ("" = from the latest).
func (l Lists) OfAgent(ctx context.Context, tenant, agent string, at time.Time, before string, limit int) (Page, error) {
	return l.page(ctx, AgentPart(tenant, agent, at), before, limit)
}

// OfDay returns the contacts of a tenant that began on a day (UTC), as OfAgent
// does: the shards of the day are read and merged.
func (l Lists) OfDay(ctx context.Context, tenant string, at time.Time, before string, limit int) (Page, error) {
	var all []cloud.Item
	for shard := range DayShards {
		items, err := l.read(ctx, DayPart(tenant, at, shard), before, limit)
		if err != nil {
			return Page{}, err
		}
		all = append(all, items...)
	}
	slices.SortFunc(all, func(a, b cloud.Item) int { return strings.Compare(b.Str(cloud.AttrSort), a.Str(cloud.AttrSort)) })
	return cut(all, limit), nil
}

func (l Lists) page(ctx context.Context, part, before string, limit int) (Page, error) {
	items, err := l.read(ctx, part, before, limit)
	return cut(items, limit), err
}

// read reads on from a sort key and not from a cursor: whatever a client sends
// for it, it stays in the partition.
func (l Lists) read(ctx context.Context, part, before string, limit int) ([]cloud.Item, error) {
	items, _, err := l.Table.Query(ctx, cloud.Query{Part: part, To: before, Descending: true, Limit: limit + 1})
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "event: read list")
	}
	if len(items) > 0 && before != "" && items[0].Str(cloud.AttrSort) == before {
		items = items[1:] // the last of the page before
	}
	return items, nil
}

// cut makes a page of the first items.
func cut(items []cloud.Item, limit int) Page {
	var p Page
	for n, i := range items[:min(limit, len(items))] {
		p.Rows = append(p.Rows, rowFrom(i))
		if n == limit-1 {
			p.Next = i.Str(cloud.AttrSort)
		}
	}
	return p
}

// secret returns the tenant's secret for hashes in keys. It is made by whoever
// needs it first. It keeps numbers out of keys, which are seen in logs and
// metrics; it hides nothing from one who reads the table.
func (p *Publisher) secret(ctx context.Context, tenant string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.secrets[tenant]; s != nil {
		return s, nil
	}
	key := secretKey(tenant)
	item, err := p.table.Get(ctx, key, true)
	if err == nil && item == nil {
		fresh := make([]byte, 32)
		if _, err := io.ReadFull(p.random, fresh); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "event: make secret")
		}
		item, err = p.table.Write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"v": int64(1), "secret": fresh}})
		if lost(err) {
			item, err = p.table.Get(ctx, key, true)
		}
	}
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "event: tenant's secret")
	}
	s, _ := item["secret"].([]byte)
	if len(s) == 0 {
		return nil, fault.New(fault.Internal, "event: tenant's secret is empty")
	}
	p.secrets[tenant] = s
	return s, nil
}

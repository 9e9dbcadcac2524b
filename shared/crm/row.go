package crm

import (
	"encoding/json"
	"fmt"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// state is where a delivery stands.
type state string

const (
	pending state = "pending"
	done    state = "done"   // the receiver took it; kept a while, so that a repeated event is not sent again
	failed  state = "failed" // given up after the last attempt, or the receiver is gone
)

// row is one event on its way to one endpoint. It is put once, and is the truth
// about the delivery; queue messages only point at it.
type row struct {
	tenant   string
	endpoint string
	entity   string
	seq      int64

	id       string // webhook-id
	kind     event.Type
	at       time.Time
	before   []event.Place
	record   *cloud.Key // or
	detail   string
	state    state
	attempts int       // made so far
	due      time.Time // of the next
	last     time.Time // when the latest attempt began
	lease    time.Time // an attempt may be under way until then
	created  time.Time
}

func newRow(m event.Message, endpoint string, now time.Time) row {
	return row{tenant: m.Tenant, endpoint: endpoint, entity: m.Entity, seq: m.Seq, id: m.ID, kind: m.Type, at: m.At, before: m.Before,
		record: m.Record, detail: string(m.Detail), state: pending, due: now, created: now}
}

// rowKey is where the delivery of an entity's event seq stands: in the order of
// seq among those of the entity.
func rowKey(tenant, endpoint, entity string, seq int64) cloud.Key {
	return cloud.Key{Part: tenant + "|H#" + endpoint + "#" + entity, Sort: fmt.Sprintf("%020d", seq)}
}

func (r row) key() cloud.Key { return rowKey(r.tenant, r.endpoint, r.entity, r.seq) }

// Attributes that updates and conditions use.
const (
	attrState    = "state"
	attrAttempts = "attempts"
	attrDue      = "due"
	attrLast     = "last"
	attrLease    = "lease"
	attrStatus   = "status"
	attrDetail   = "detail"
	attrVersion  = "v"
)

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func (r row) item() (cloud.Item, error) {
	i := cloud.Item{attrVersion: int64(1), "id": r.id, "type": string(r.kind), "at": r.at.UnixMicro(), attrState: string(r.state),
		attrDue: millis(r.due), attrLease: millis(r.lease), "created": millis(r.created)}
	if r.record != nil {
		i["recordPart"], i["recordSort"] = r.record.Part, r.record.Sort
	} else {
		i[attrDetail] = r.detail
	}
	if len(r.before) > 0 {
		b, err := json.Marshal(r.before)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "crm: row")
		}
		i["before"] = string(b)
	}
	return i, nil
}

func rowFrom(i cloud.Item, tenant, endpoint, entity string, seq int64) (row, error) {
	r := row{tenant: tenant, endpoint: endpoint, entity: entity, seq: seq, id: i.Str("id"), kind: event.Type(i.Str("type")),
		at: time.UnixMicro(i.Int("at")).UTC(), detail: i.Str(attrDetail), state: state(i.Str(attrState)), attempts: int(i.Int(attrAttempts)),
		due: fromMillis(i.Int(attrDue)), last: fromMillis(i.Int(attrLast)), lease: fromMillis(i.Int(attrLease)), created: fromMillis(i.Int("created"))}
	if part := i.Str("recordPart"); part != "" {
		r.record = &cloud.Key{Part: part, Sort: i.Str("recordSort")}
	}
	if b := i.Str("before"); b != "" {
		if err := json.Unmarshal([]byte(b), &r.before); err != nil {
			return r, fault.Wrap(fault.Internal, err, "crm: row")
		}
	}
	return r, nil
}

// schedule returns how long after the attempt before it attempt n (0 is the
// first) is made, and false after the last one.
func schedule(n int) (time.Duration, bool) {
	pauses := [...]time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour}
	if n >= len(pauses) {
		return 0, false
	}
	return pauses[n], true
}

// How long rows are kept after the end.
const (
	keepDone   = 72 * time.Hour
	keepFailed = 30 * 24 * time.Hour
)

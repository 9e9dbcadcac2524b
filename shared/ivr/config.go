package ivr

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/phone"
)

// configAge is how old configuration in memory may be.
const configAge = 30 * time.Second

// Number is what a dialled number leads to.
type Number struct {
	Number   phone.Number
	Flow     string // id
	Language string // BCP 47, until the flow says otherwise
}

// AnyNumber is the sort key of the number that stands for all that are not
// configured.
const AnyNumber = "NUMBER#*"

// Put returns the write that stores n, replacing an older one. A Number without
// a number stands for all that are not configured.
func (n Number) Put(tenant string) cloud.Write {
	sort := "NUMBER#" + n.Number.Full()
	if n.Number.IsZero() {
		sort = AnyNumber
	}
	return cloud.Write{Key: acd.ConfigKey(tenant, sort), Put: cloud.Item{contact.AttrVersion: int64(1), "flow": n.Flow, "lang": n.Language}}
}

// PutFlow returns the writes that store a flow document under an id, replacing
// an older one; version must differ from the older one's.
func PutFlow(tenant, id, name string, document []byte, version int64) cloud.Write {
	return cloud.Write{Key: flowKey(tenant, id), Put: cloud.Item{contact.AttrVersion: version, "name": name, "document": string(document)}}
}

func flowKey(tenant, id string) cloud.Key { return acd.ConfigKey(tenant, "FLOW#"+id) }

// flowMemory keeps numbers and compiled flows for configAge. A flow is compiled
// anew only when its version changed.
type flowMemory struct {
	table cloud.Table
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	flows   map[cloud.Key]heldFlow
	numbers map[cloud.Key]heldNumber
}

type heldFlow struct {
	at      time.Time
	version int64
	program *interp.Program // nil: there is no such flow, or it is invalid
}

type heldNumber struct {
	at     time.Time
	number Number
	known  bool
}

func (m *flowMemory) fresh(at time.Time) bool {
	age := m.now().Sub(at)
	return age >= 0 && age < configAge
}

// program returns a flow ready to run, nil if there is none or it is invalid:
// then the log says what is wrong with it.
func (m *flowMemory) program(ctx context.Context, tenant, ref string) (*interp.Program, error) {
	key := flowKey(tenant, flow.ResourceID(ref))
	m.mu.Lock()
	held, ok := m.flows[key]
	m.mu.Unlock()
	if ok && m.fresh(held.at) {
		return held.program, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err != nil {
		if ok {
			return held.program, nil // better an old flow than none
		}
		return nil, fault.Wrap(fault.KindOf(err), err, "ivr: read flow")
	}
	if version := i.Int(contact.AttrVersion); !ok || version != held.version {
		held = heldFlow{version: version, program: m.compile(ctx, tenant, ref, i)}
	}
	held.at = m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flows == nil {
		m.flows = map[cloud.Key]heldFlow{}
	}
	m.flows[key] = held
	return held.program, nil
}

func (m *flowMemory) compile(ctx context.Context, tenant, ref string, i cloud.Item) *interp.Program {
	if i == nil {
		m.log.ErrorContext(ctx, "flow not found", "tenant", tenant, "flow", ref)
		return nil
	}
	f, err := flow.Parse([]byte(i.Str("document")))
	if err == nil {
		var p *interp.Program
		if p, err = interp.Compile(flow.ResourceID(ref), f); err == nil {
			return p
		}
	}
	m.log.ErrorContext(ctx, "flow cannot run", "tenant", tenant, "flow", ref, "error", err.Error())
	return nil
}

// number returns what a dialled number leads to; known is false if nothing does.
func (m *flowMemory) number(ctx context.Context, tenant string, n phone.Number) (Number, bool, error) {
	for _, sort := range []string{"NUMBER#" + n.Full(), AnyNumber} {
		held, err := m.oneNumber(ctx, acd.ConfigKey(tenant, sort), n)
		if err != nil || held.known {
			return held.number, held.known, err
		}
	}
	return Number{}, false, nil
}

func (m *flowMemory) oneNumber(ctx context.Context, key cloud.Key, n phone.Number) (heldNumber, error) {
	m.mu.Lock()
	held, ok := m.numbers[key]
	m.mu.Unlock()
	if ok && m.fresh(held.at) {
		return held, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err != nil {
		if ok {
			return held, nil
		}
		return heldNumber{}, fault.Wrap(fault.KindOf(err), err, "ivr: read number")
	}
	held = heldNumber{at: m.now(), known: i != nil, number: Number{Number: n, Flow: i.Str("flow"), Language: i.Str("lang")}}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.numbers == nil || len(m.numbers) >= maxNumbers { // callers choose what they dial
		m.numbers = map[cloud.Key]heldNumber{}
	}
	m.numbers[key] = held
	return held, nil
}

const maxNumbers = 10000

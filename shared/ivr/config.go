package ivr

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/ivr/release"
	"huawu/shared/phone"
)

// configAge is how old configuration in memory may be.
const configAge = 30 * time.Second

// Number is what a dialled number leads to.
type Number struct {
	Number   phone.Number
	Flow     string // id, or id:version, id:alias, id:$SAVED
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

// PutFlow returns the write that seeds a flow as its only, published version,
// replacing an older one; version must differ from the older one's. What changes
// a flow that callers use is shared/ivr/release.
func PutFlow(tenant, id, name string, document []byte, version int64) cloud.Write {
	return cloud.Write{Key: release.HeadKey(tenant, id), Put: cloud.Item{contact.AttrVersion: version, "name": name, "document": string(document)}}
}

// flowMemory keeps numbers, and which versions of flows are run, for configAge;
// compiled versions never change and are kept for good. A call's reader looks at
// one small item per flow every configAge, not at documents.
type flowMemory struct {
	table cloud.Table
	now   func() time.Time
	log   *slog.Logger

	mu       sync.Mutex
	heads    map[cloud.Key]heldHead
	programs map[cloud.Key]heldProgram
	numbers  map[cloud.Key]heldNumber
}

type heldHead struct {
	at    time.Time
	head  release.Head
	known bool
}

// heldProgram is a compiled version, or a draft at a revision.
type heldProgram struct {
	revision int64
	program  *interp.Program // nil: it is invalid
}

type heldNumber struct {
	at     time.Time
	number Number
	known  bool
}

// Most flows and numbers in memory: a tenant's designers and callers choose them.
const (
	maxPrograms = 2000
	maxNumbers  = 10000
)

func (m *flowMemory) fresh(at time.Time) bool {
	age := m.now().Sub(at)
	return age >= 0 && age < configAge
}

// program returns the version of a flow that a reference means for a contact,
// nil if there is none or it is invalid: then the log says what is wrong with
// it. Its id names the version, so that the contact stays on it.
func (m *flowMemory) program(ctx context.Context, tenant, text, contactID string) (*interp.Program, error) {
	ref := release.ParseRef(text)
	if n, numbered := ref.Number(); numbered {
		if p, ok := m.held(release.VersionKey(tenant, ref.ID, n), 0); ok {
			return p, nil
		}
	}
	h, known, err := m.head(ctx, tenant, ref.ID)
	if err != nil {
		return nil, err
	}
	n, draft, ok := h.Resolve(ref.Qualifier, contactID)
	if !known || !ok {
		m.log.ErrorContext(ctx, "flow not found", "tenant", tenant, "flow", text)
		return nil, nil
	}
	if draft {
		return m.document(ctx, tenant, ref.String(), release.DraftKey(tenant, ref.ID), h.Draft)
	}
	ref.Qualifier = strconv.Itoa(n)
	key := release.VersionKey(tenant, ref.ID, n)
	if document := h.Inline(); document != nil { // seeded: it has no other version
		ref.Qualifier = strconv.Itoa(h.Published)
		key = release.VersionKey(tenant, ref.ID, h.Published)
		if p, ok := m.held(key, 0); ok {
			return p, nil
		}
		return m.hold(key, 0, m.compile(ctx, tenant, ref.String(), document)), nil
	}
	return m.document(ctx, tenant, ref.String(), key, 0)
}

// head returns a flow's head, at most configAge old.
func (m *flowMemory) head(ctx context.Context, tenant, id string) (release.Head, bool, error) {
	key := release.HeadKey(tenant, id)
	m.mu.Lock()
	held, ok := m.heads[key]
	m.mu.Unlock()
	if ok && m.fresh(held.at) {
		return held.head, held.known, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err != nil {
		if ok {
			return held.head, held.known, nil // better an old flow than none
		}
		return release.Head{}, false, fault.Wrap(fault.KindOf(err), err, "ivr: read flow")
	}
	held = heldHead{at: m.now()}
	held.head, held.known = release.ReadHead(id, i)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heads == nil || len(m.heads) >= maxPrograms {
		m.heads = map[cloud.Key]heldHead{}
	}
	m.heads[key] = held
	return held.head, held.known, nil
}

// document reads and compiles what lies under a key, once for each revision.
func (m *flowMemory) document(ctx context.Context, tenant, id string, key cloud.Key, revision int64) (*interp.Program, error) {
	if p, ok := m.held(key, revision); ok {
		return p, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err == nil && i == nil { // published this moment: the copy that was read does not have it yet
		i, err = m.table.Get(ctx, key, true)
	}
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "ivr: read flow")
	}
	v, err := release.ReadVersion(i)
	if err != nil {
		m.log.ErrorContext(ctx, "flow not found", "tenant", tenant, "flow", id, "error", err.Error())
		return nil, nil
	}
	return m.hold(key, revision, m.compile(ctx, tenant, id, v.Document)), nil
}

func (m *flowMemory) held(key cloud.Key, revision int64) (*interp.Program, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	held, ok := m.programs[key]
	return held.program, ok && held.revision == revision
}

func (m *flowMemory) hold(key cloud.Key, revision int64, p *interp.Program) *interp.Program {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.programs == nil || len(m.programs) >= maxPrograms {
		m.programs = map[cloud.Key]heldProgram{}
	}
	m.programs[key] = heldProgram{revision, p}
	return p
}

func (m *flowMemory) compile(ctx context.Context, tenant, id string, document []byte) *interp.Program {
	f, err := flow.Parse(document)
	if err == nil {
		var p *interp.Program
		if p, err = interp.Compile(id, f); err == nil {
			return p
		}
	}
	m.log.ErrorContext(ctx, "flow cannot run", "tenant", tenant, "flow", id, "error", err.Error())
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

package crm

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// Endpoint is where a tenant wants events sent. Its secrets are data keys: the
// table holds them wrapped, and nobody has chosen them.
type Endpoint struct {
	Tenant  string
	ID      string
	URL     string
	Types   []event.Type // events it wants
	Enabled bool
	Since   time.Time // it was told of nothing that happened before
	Secrets [][]byte  // wrapped; the first is the newest, a second one lives on during a rotation

	failing bool     // the latest delivery failed
	open    [][]byte // Secrets, unwrapped
}

// Wants reports whether an event of type t is to be sent to e.
func (e Endpoint) Wants(t event.Type) bool { return e.Enabled && slices.Contains(e.Types, t) }

// Sort key and attributes of an endpoint's item.
const (
	sortEndpoint = "ENDPOINT#"
	attrEnabled  = "enabled"
)

// maxURL bounds an endpoint's URL in bytes.
const maxURL = 2048

// EndpointKey is where an endpoint is configured.
func EndpointKey(tenant, id string) cloud.Key {
	return cloud.Key{Part: tenant + "|CFG", Sort: sortEndpoint + id}
}

// secretContext is the encryption context of an endpoint's secrets.
func secretContext(tenant, id string) cloud.Context {
	return cloud.Context{"tenant": tenant, "purpose": "webhook", "endpoint": id}
}

// secretPrefix begins a secret as it is shown to the receiver (Standard Webhooks).
const secretPrefix = "whsec_"

// NewEndpoint makes an endpoint with a new secret, and the secret in the form
// that the receiver is given, once.
func NewEndpoint(ctx context.Context, keys cloud.Keys, g Guard, now time.Time, tenant, id, url string, types ...event.Type) (Endpoint, string, error) {
	if _, err := g.CheckURL(url); err != nil {
		return Endpoint{}, "", err
	}
	if id == "" || strings.ContainsAny(id, "|#") {
		return Endpoint{}, "", fault.New(fault.Invalid, "crm: endpoint id")
	}
	for _, t := range types {
		if !slices.Contains(event.Types(), t) {
			return Endpoint{}, "", fault.New(fault.Invalid, "crm: no event is called %q", t)
		}
	}
	plain, wrapped, err := keys.DataKey(ctx, secretContext(tenant, id))
	if err != nil {
		return Endpoint{}, "", fault.Wrap(fault.KindOf(err), err, "crm: make secret")
	}
	e := Endpoint{Tenant: tenant, ID: id, URL: url, Types: types, Enabled: true, Since: now.UTC(), Secrets: [][]byte{wrapped}}
	return e, secretPrefix + base64.StdEncoding.EncodeToString(plain), nil
}

// Put returns the write that stores e, replacing an older one.
func (e Endpoint) Put() cloud.Write {
	types := make([]string, len(e.Types))
	for n, t := range e.Types {
		types[n] = string(t)
	}
	secrets := make([]any, len(e.Secrets))
	for n, s := range e.Secrets {
		secrets[n] = s
	}
	return cloud.Write{Key: EndpointKey(e.Tenant, e.ID), Put: cloud.Item{"v": int64(1), "url": e.URL, "types": types, attrEnabled: e.Enabled, "since": millis(e.Since), "secrets": secrets}}
}

func endpointFrom(tenant string, i cloud.Item) Endpoint {
	e := Endpoint{Tenant: tenant, ID: strings.TrimPrefix(i.Str(cloud.AttrSort), sortEndpoint), URL: i.Str("url"), Enabled: i.Bool(attrEnabled), Since: fromMillis(i.Int("since"))}
	types, _ := i["types"].([]string)
	for _, t := range types {
		e.Types = append(e.Types, event.Type(t))
	}
	secrets, _ := i["secrets"].([]any)
	for _, s := range secrets {
		if b, ok := s.([]byte); ok {
			e.Secrets = append(e.Secrets, b)
		}
	}
	return e
}

// healthKey is where it is noted whether an endpoint's deliveries fail.
func healthKey(tenant, id string) cloud.Key {
	return cloud.Key{Part: tenant + "|H#" + id, Sort: "META"}
}

// endpointAge is how old configuration in memory may be.
const endpointAge = 30 * time.Second

// Endpoints knows the endpoints of tenants.
type Endpoints struct {
	table cloud.Table
	now   func() time.Time

	mu   sync.Mutex
	held map[string]held
}

type held struct {
	at  time.Time
	all []Endpoint
}

// NewEndpoints returns the endpoints that a table holds.
func NewEndpoints(t cloud.Table, now func() time.Time) *Endpoints {
	return &Endpoints{table: t, now: now, held: map[string]held{}}
}

// Wants reports whether any endpoint of a tenant wants events of a type. It is
// what event asks before it sends.
func (es *Endpoints) Wants(ctx context.Context, tenant string, t event.Type) (bool, error) {
	all, err := es.list(ctx, tenant)
	return slices.ContainsFunc(all, func(e Endpoint) bool { return e.Wants(t) }), err
}

// list returns a tenant's endpoints, at most endpointAge old. If they cannot be
// read, older ones go on being used.
func (es *Endpoints) list(ctx context.Context, tenant string) ([]Endpoint, error) {
	es.mu.Lock()
	h, ok := es.held[tenant]
	es.mu.Unlock()
	if age := es.now().Sub(h.at); ok && age >= 0 && age < endpointAge {
		return h.all, nil
	}
	all, err := es.read(ctx, tenant)
	if err != nil {
		if ok {
			return h.all, nil
		}
		return nil, err
	}
	es.mu.Lock()
	defer es.mu.Unlock()
	es.held[tenant] = held{es.now(), all}
	return all, nil
}

// keep replaces what is known of one endpoint in memory.
func (es *Endpoints) keep(e Endpoint) {
	es.mu.Lock()
	defer es.mu.Unlock()
	h := es.held[e.Tenant]
	h.all = slices.Clone(h.all) // others may be reading it
	for n := range h.all {
		if h.all[n].ID == e.ID {
			h.all[n] = e
		}
	}
	es.held[e.Tenant] = h
}

// forget makes the next list read again.
func (es *Endpoints) forget(tenant string) {
	es.mu.Lock()
	defer es.mu.Unlock()
	delete(es.held, tenant)
}

func (es *Endpoints) read(ctx context.Context, tenant string) ([]Endpoint, error) {
	q := cloud.Query{Part: tenant + "|CFG", From: sortEndpoint, To: sortEndpoint + "\uffff"}
	var all []Endpoint
	for {
		page, next, err := es.table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "crm: read endpoints")
		}
		for _, i := range page {
			e := endpointFrom(tenant, i)
			health, err := es.table.Get(ctx, healthKey(tenant, e.ID), false)
			if err != nil {
				return nil, fault.Wrap(fault.KindOf(err), err, "crm: read health")
			}
			e.failing = health.Bool("failing")
			all = append(all, e)
		}
		if next == nil {
			slices.SortFunc(all, func(a, b Endpoint) int { return cmp.Compare(a.ID, b.ID) })
			return all, nil
		}
		q.After = next
	}
}

// find returns one endpoint; false if it is gone.
func (es *Endpoints) find(ctx context.Context, tenant, id string) (Endpoint, bool, error) {
	all, err := es.list(ctx, tenant)
	if err != nil {
		return Endpoint{}, false, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, true, nil
		}
	}
	return Endpoint{}, false, nil
}

// Package trunk says which carriers and gateways the relay talks to. It decides
// whose packet a source address is, where a call out is sent and in which order,
// which number is shown, and whether a trunk has room for another call. It
// leaves SIP to sipleg and the dialled number's meaning to the flow.
package trunk

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"huawu/shared/fault"
)

// ErrUnknown is returned by Match for a peer that no trunk lists.
var ErrUnknown = fault.New(fault.Forbidden, "trunk: peer not listed")

// Trunk is one carrier or gateway of one tenant. Values of it are never changed
// after they were given to a Table.
type Trunk struct {
	ID     string `json:"id"`
	Tenant string `json:"tenant"`
	// Peers are the addresses its requests come from. No two trunks share one.
	Peers []netip.Prefix `json:"peers"`
	// Address is where calls out are sent: "host:port", or a bare host, which is
	// looked up by SRV. Empty: the trunk takes calls in only.
	Address string `json:"address,omitempty"`
	// Backups are tried in this order when Address does not answer.
	Backups []string `json:"backups,omitempty"`
	// Transport is "udp" (also when empty) or "tcp".
	Transport string `json:"transport,omitempty"`
	// Username and Password answer the carrier's digest challenge. Realm, if set,
	// is the only realm that is answered, so that nobody else can ask for a digest.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	Realm    string `json:"realm,omitempty"`
	// CallerIDs are the numbers that may be shown; the first stands in for others.
	// Empty: any.
	CallerIDs []string `json:"callerIds,omitempty"`
	// Codecs is the order of our offers, of "PCMA" and "PCMU". Empty: both, PCMA first.
	Codecs []string `json:"codecs,omitempty"`
	// MaxCalls is how many calls may be up at once, both ways; 0 sets no limit.
	MaxCalls int `json:"maxCalls,omitempty"`
	// CPS is how many new calls per second it takes, both ways; 0 sets no limit.
	CPS float64 `json:"cps,omitempty"`
}

// Addresses returns where calls out are sent, in order.
func (t Trunk) Addresses() []string {
	if t.Address == "" {
		return t.Backups
	}
	return append([]string{t.Address}, t.Backups...)
}

// CallerID returns the number that a call may show: the wanted one if the trunk
// allows it, else the trunk's first.
func (t Trunk) CallerID(want string) string {
	if len(t.CallerIDs) == 0 || slices.Contains(t.CallerIDs, want) {
		return want
	}
	return t.CallerIDs[0]
}

// check returns every fault of a trunk's settings.
func (t Trunk) check() []error {
	var faults []error
	bad := func(what string) {
		faults = append(faults, fault.New(fault.Invalid, "trunk %q: %s", t.ID, what))
	}
	if t.ID == "" || t.Tenant == "" {
		bad("id and tenant are needed")
	}
	for _, p := range t.Peers {
		if !p.IsValid() {
			bad("a peer is no address range")
		}
	}
	if t.Transport != "" && t.Transport != "udp" && t.Transport != "tcp" {
		bad("transport is neither udp nor tcp")
	}
	for _, c := range t.Codecs {
		if c != "PCMA" && c != "PCMU" {
			bad("codecs are PCMA and PCMU")
		}
	}
	for _, s := range slices.Concat([]string{t.ID, t.Username, t.Password, t.Realm}, t.CallerIDs, t.Addresses()) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			bad("a setting holds a control character")
		}
	}
	if t.MaxCalls < 0 || t.CPS < 0 {
		bad("maxCalls and cps are not negative")
	}
	return faults
}

// Table holds the trunks of all tenants. It is safe for concurrent use.
type Table struct{ p atomic.Pointer[index] }

type index struct {
	byID   map[string]Trunk // tenant|id
	order  []Trunk          // as given
	ranges []peerRange      // longest prefix first
}

type peerRange struct {
	prefix netip.Prefix
	trunk  int
}

// NewTable returns a table of these trunks, or every fault in them.
func NewTable(trunks ...Trunk) (*Table, error) {
	t := &Table{}
	t.p.Store(&index{})
	return t, t.Replace(trunks...)
}

// Replace puts these trunks in place of all others. With a fault in any of them
// nothing changes and every fault is returned.
func (t *Table) Replace(trunks ...Trunk) error {
	ix := &index{byID: map[string]Trunk{}, order: slices.Clone(trunks)}
	var faults []error
	seen := map[netip.Prefix]bool{}
	for i, tr := range trunks {
		faults = append(faults, tr.check()...)
		key := tr.Tenant + "|" + tr.ID
		if _, twice := ix.byID[key]; twice {
			faults = append(faults, fault.New(fault.Invalid, "trunk %q: listed twice", tr.ID))
		}
		ix.byID[key] = tr
		for _, p := range tr.Peers {
			p = p.Masked()
			if seen[p] {
				faults = append(faults, fault.New(fault.Invalid, "trunk %q: peer range %s belongs to another trunk", tr.ID, p))
			}
			seen[p] = true
			ix.ranges = append(ix.ranges, peerRange{p, i})
		}
	}
	if len(faults) > 0 {
		return fault.Wrap(fault.Invalid, errors.Join(faults...), "trunk: settings")
	}
	slices.SortStableFunc(ix.ranges, func(a, b peerRange) int { return b.prefix.Bits() - a.prefix.Bits() })
	t.p.Store(ix)
	return nil
}

// Match returns the trunk that an address belongs to; of several the one with
// the narrowest range.
func (t *Table) Match(from netip.Addr) (Trunk, error) {
	from = from.Unmap()
	ix := t.p.Load()
	for _, r := range ix.ranges {
		if r.prefix.Contains(from) {
			return ix.order[r.trunk], nil
		}
	}
	return Trunk{}, ErrUnknown
}

// Pick returns a tenant's trunk for a call out: the named one, or with id ""
// the first that takes calls out.
func (t *Table) Pick(tenant, id string) (Trunk, error) {
	ix := t.p.Load()
	if id != "" {
		if tr, ok := ix.byID[tenant+"|"+id]; ok && len(tr.Addresses()) > 0 {
			return tr, nil
		}
		return Trunk{}, fault.New(fault.NotFound, "trunk: no such trunk for calls out")
	}
	for _, tr := range ix.order {
		if tr.Tenant == tenant && len(tr.Addresses()) > 0 {
			return tr, nil
		}
	}
	return Trunk{}, fault.New(fault.NotFound, "trunk: the tenant has none for calls out")
}

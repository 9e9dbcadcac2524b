// Package release keeps the flows of a tenant: the draft somebody works on,
// numbered versions that never change, and aliases that share calls out among
// versions.
//
// It decides which version a reference means for a contact, and what a change of
// a flow writes. Whether a flow is good enough to be published is said by who
// publishes (Check); running it is ivr's.
//
// A flow is one small head item, which is all that a call's reader looks at
// every 30 s; the documents lie beside it, one item a version, and are read once.
package release

import (
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
)

// Saved is the qualifier of a flow's draft, as Amazon Connect writes it: the
// reference "hotline:$SAVED" lets a test number hear it before it is published.
const Saved = "$SAVED"

// Ref names a flow, and which of its versions.
type Ref struct {
	ID        string
	Qualifier string // "" = the published version, a number, an alias, or Saved
}

// ParseRef reads "hotline", "hotline:3", "hotline:live" and ARNs that end in one
// of them.
func ParseRef(text string) Ref {
	id, qualifier, _ := strings.Cut(flow.ResourceID(text), ":")
	return Ref{ID: id, Qualifier: qualifier}
}

// String writes the reference.
func (r Ref) String() string {
	if r.Qualifier == "" {
		return r.ID
	}
	return r.ID + ":" + r.Qualifier
}

// Number returns the version of a reference to one.
func (r Ref) Number() (n int, ok bool) {
	n, err := strconv.Atoi(r.Qualifier)
	return n, err == nil && n > 0
}

// ids and aliases are what flows and aliases may be called.
var (
	ids     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	aliases = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
)

// Faults of references and changes.
var (
	ErrNoFlow    = fault.New(fault.NotFound, "release: no such flow")
	ErrNoVersion = fault.New(fault.NotFound, "release: no such version")
	ErrNoAlias   = fault.New(fault.NotFound, "release: no such alias")
	ErrNoDraft   = fault.New(fault.NotFound, "release: nothing is saved; save a draft first")
	ErrChanged   = fault.New(fault.Conflict, "release: somebody else has changed the flow; read it again")
)

// Share is the part of an alias's calls that a version gets.
type Share struct {
	Version int
	Percent int
}

// Alias is a name for versions, so that numbers need not be bound anew.
type Alias struct {
	Shares []Share // their percents add up to 100
	Before []Share // what the alias stood for until it was last set; nil at first
}

// Head is what is known of a flow without its documents.
type Head struct {
	ID        string
	Name      string
	Type      flow.Type
	Published int   // the version that references without a qualifier run; 0 = none
	Last      int   // the highest version
	Draft     int64 // revision of the draft; 0 = nothing is saved
	Clean     bool  // the draft is the version Last
	Aliases   map[string]Alias

	written int64  // the item's v; 0 = there is none
	inline  []byte // document of Published, of a head that was put as one item
}

// Status is SAVED for a flow whose draft is not published, else PUBLISHED.
func (h Head) Status() string {
	if h.Published == 0 || h.Draft > 0 && !h.Clean {
		return "SAVED"
	}
	return "PUBLISHED"
}

// Resolve returns the version that a qualifier means for a contact: draft is
// true for Saved, ok is false if there is no such version. An alias's calls are
// shared out by the contact's id, so a contact comes to the same version
// whenever it is asked.
func (h Head) Resolve(qualifier, contactID string) (version int, draft, ok bool) {
	switch {
	case qualifier == "":
		return h.Published, false, h.Published > 0
	case qualifier == Saved:
		return 0, true, h.Draft > 0
	}
	if n, number := (Ref{Qualifier: qualifier}).Number(); number {
		return n, false, n <= h.Last
	}
	alias, ok := h.Aliases[qualifier]
	if !ok {
		return 0, false, false
	}
	at := lot(contactID, h.ID)
	for _, s := range alias.Shares {
		if at < s.Percent {
			return s.Version, false, true
		}
		at -= s.Percent
	}
	return 0, false, false // shares add up to 100: see Store.SetAlias
}

// lot is a contact's place from 0 to 99 among all that a flow's alias shares out.
func lot(contactID, flowID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(contactID + "|" + flowID))
	n := h.Sum32()
	n ^= n >> 16 // the low bits of FNV alone depend on the last letters too much
	n *= 0x45d9f3b
	n ^= n >> 16
	return int(n % 100)
}

// HeadKey is the key of a flow's head.
func HeadKey(tenant, id string) cloud.Key { return configKey(tenant, "FLOW#"+id) }

// VersionKey is the key of a version's document.
func VersionKey(tenant, id string, n int) cloud.Key {
	return configKey(tenant, "FLOWDOC#"+id+"#"+versionText(n))
}

// DraftKey is the key of a flow's draft.
func DraftKey(tenant, id string) cloud.Key { return configKey(tenant, "FLOWDOC#"+id+"#draft") }

// versionText keeps versions in order in sort keys.
func versionText(n int) string {
	text := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 6-len(text))) + text
}

func configKey(tenant, sort string) cloud.Key {
	return cloud.Key{Part: tenant + "|CFG", Sort: sort}
}

// Attributes of heads and documents.
const (
	attrName      = "name"
	attrType      = "type"
	attrDocument  = "document"
	attrPublished = "published"
	attrLast      = "last"
	attrDraft     = "draft"
	attrClean     = "clean"
	attrAliases   = "aliases"
)

// ReadHead decodes a head. One that holds a document itself, as configuration
// is seeded, is the flow's only version.
func ReadHead(id string, i cloud.Item) (Head, bool) {
	if i == nil {
		return Head{}, false
	}
	h := Head{ID: id, Name: i.Str(attrName), Type: flow.Type(i.Str(attrType)), Published: int(i.Int(attrPublished)), Last: int(i.Int(attrLast)),
		Draft: i.Int(attrDraft), Clean: i.Bool(attrClean), written: i.Int(contact.AttrVersion)}
	if document := i.Str(attrDocument); document != "" {
		h.inline, h.Published, h.Last = []byte(document), int(h.written), int(h.written)
	}
	all, _ := i[attrAliases].(map[string]any)
	for name, v := range all {
		m, _ := v.(map[string]any)
		if h.Aliases == nil {
			h.Aliases = map[string]Alias{}
		}
		h.Aliases[name] = Alias{Shares: readShares(m["now"]), Before: readShares(m["before"])}
	}
	return h, true
}

// Inline returns the document that the head holds itself, nil if none.
func (h Head) Inline() []byte { return h.inline }

// readShares and shareList keep shares as a flat list: version, percent, version, ….
func readShares(v any) []Share {
	list, _ := v.([]any)
	var shares []Share
	for pair := range slices.Chunk(list, 2) {
		if len(pair) < 2 {
			break
		}
		version, _ := pair[0].(int64)
		percent, _ := pair[1].(int64)
		shares = append(shares, Share{Version: int(version), Percent: int(percent)})
	}
	return shares
}

func shareList(shares []Share) []any {
	list := make([]any, 0, 2*len(shares))
	for _, s := range shares {
		list = append(list, int64(s.Version), int64(s.Percent))
	}
	return list
}

// write returns the write that replaces a head if it is still as it was read.
func (h Head) write(tenant string) cloud.Write {
	item := cloud.Item{contact.AttrVersion: h.written + 1, attrName: h.Name, attrType: string(h.Type), attrPublished: int64(h.Published), attrLast: int64(h.Last),
		attrDraft: h.Draft, attrClean: h.Clean}
	if len(h.Aliases) > 0 {
		all := make(map[string]any, len(h.Aliases))
		for name, a := range h.Aliases {
			m := map[string]any{"now": shareList(a.Shares)}
			if a.Before != nil {
				m["before"] = shareList(a.Before)
			}
			all[name] = m
		}
		item[attrAliases] = all
	}
	w := cloud.Write{Key: HeadKey(tenant, h.ID), Put: item, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}
	if h.written > 0 {
		w.If = []cloud.Cond{{Attr: contact.AttrVersion, Op: "=", Value: h.written}}
	}
	return w
}

package release

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/flow"
)

// Store changes flows.
type Store struct {
	Table cloud.Table
	Now   func() time.Time
	NewID func() string // tokens of transactions
}

// Check says whether a flow may be published; its error is told to who asked.
type Check func(f *flow.Flow) error

// Head returns a flow without its documents.
func (s Store) Head(ctx context.Context, tenant, id string) (Head, error) {
	if !ids.MatchString(id) {
		return Head{}, ErrNoFlow
	}
	i, err := s.Table.Get(ctx, HeadKey(tenant, id), true)
	if err != nil {
		return Head{}, fault.Wrap(fault.KindOf(err), err, "release: read flow")
	}
	h, ok := ReadHead(id, i)
	if !ok {
		return Head{}, ErrNoFlow
	}
	return h, nil
}

// List returns every flow, by id.
func (s Store) List(ctx context.Context, tenant string) ([]Head, error) {
	var heads []Head
	err := s.each(ctx, HeadKey(tenant, ""), func(i cloud.Item) {
		if h, ok := ReadHead(strings.TrimPrefix(i.Key().Sort, "FLOW#"), i); ok {
			h.inline = nil
			heads = append(heads, h)
		}
	})
	return heads, err
}

// each reads every item whose sort key begins with prefix's.
func (s Store) each(ctx context.Context, prefix cloud.Key, do func(cloud.Item)) error {
	q := cloud.Query{Part: prefix.Part, From: prefix.Sort, To: prefix.Sort + "\uffff", Strong: true}
	for {
		page, next, err := s.Table.Query(ctx, q)
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "release: list flows")
		}
		for _, i := range page {
			do(i)
		}
		if next == nil {
			return nil
		}
		q.After = next
	}
}

// Versions returns a flow's versions without their documents, the latest first.
func (s Store) Versions(ctx context.Context, tenant, id string) (Head, []Version, error) {
	h, err := s.Head(ctx, tenant, id)
	if err != nil {
		return Head{}, nil, err
	}
	var list []Version
	var broken error
	prefix := DraftKey(tenant, id)
	prefix.Sort = strings.TrimSuffix(prefix.Sort, sortDraft)
	err = s.each(ctx, prefix, func(i cloud.Item) {
		v, err := ReadVersion(i)
		broken = errors.Join(broken, err)
		if v.Document = nil; v.Number > 0 {
			list = append(list, v)
		}
	})
	if h.inline != nil {
		list = append(list, Version{Number: h.Published, Name: h.Name, Type: h.Type, Sum: sum(h.inline)})
	}
	slices.SortFunc(list, func(a, b Version) int { return b.Number - a.Number })
	return h, list, errors.Join(err, broken)
}

// Document returns the document that a qualifier of a flow means.
func (s Store) Document(ctx context.Context, tenant, id, qualifier string) (Version, error) {
	h, err := s.Head(ctx, tenant, id)
	if err != nil {
		return Version{}, err
	}
	n, draft, ok := h.Resolve(qualifier, "")
	switch {
	case !ok && qualifier == Saved:
		return Version{}, ErrNoDraft
	case !ok:
		return Version{}, ErrNoVersion
	case draft:
		return s.read(ctx, DraftKey(tenant, id))
	case h.inline != nil && n == h.Published:
		return Version{Number: n, Name: h.Name, Type: h.Type, Sum: sum(h.inline), Document: h.inline}, nil
	}
	return s.read(ctx, VersionKey(tenant, id, n))
}

func (s Store) read(ctx context.Context, k cloud.Key) (Version, error) {
	i, err := s.Table.Get(ctx, k, true)
	if err != nil {
		return Version{}, fault.Wrap(fault.KindOf(err), err, "release: read document")
	}
	return ReadVersion(i)
}

// Change is who changes a flow, and what they had seen.
type Change struct {
	By       string
	Note     string
	Revision int64 // of the draft that was seen; 0 = any
}

// Save keeps a document as the flow's draft, byte for byte; a flow that does not
// exist begins with it. The document has to be a flow, but need not be a good one.
func (s Store) Save(ctx context.Context, tenant, id string, document []byte, c Change) (Head, error) {
	if !ids.MatchString(id) {
		return Head{}, fault.New(fault.Invalid, "release: %.60q is no id for a flow: letters, digits, . _ and -, at most 128", id)
	}
	f, err := flow.Parse(document)
	if err != nil {
		return Head{}, err
	}
	h, err := s.Head(ctx, tenant, id)
	if err != nil && !errors.Is(err, ErrNoFlow) {
		return Head{}, err
	}
	if c.Revision != 0 && c.Revision != h.Draft {
		return Head{}, ErrChanged
	}
	h.ID, h.Type, h.Draft, h.Clean = id, f.Type, h.Draft+1, false
	if f.Name != "" || h.Name == "" {
		h.Name = f.Name
	}
	draft := Version{Revision: h.Draft, Name: h.Name, Type: f.Type, At: s.Now(), By: c.By, Note: c.Note, Document: document}
	item, err := draft.item()
	if err != nil {
		return Head{}, err
	}
	return s.change(ctx, tenant, h, cloud.Write{Key: DraftKey(tenant, id), Put: item})
}

// Publish makes the draft the next version and lets it be run, if check does not
// refuse it. A draft that is published already is no change.
func (s Store) Publish(ctx context.Context, tenant, id string, c Change, check Check) (Head, error) {
	h, err := s.Head(ctx, tenant, id)
	switch {
	case err != nil:
		return Head{}, err
	case h.Draft == 0:
		return Head{}, ErrNoDraft
	case c.Revision != 0 && c.Revision != h.Draft:
		return Head{}, ErrChanged
	case h.Clean && h.Published == h.Last:
		return h, nil
	}
	draft, err := s.read(ctx, DraftKey(tenant, id))
	if err != nil {
		return Head{}, err
	}
	if draft.Revision != h.Draft {
		return Head{}, ErrChanged
	}
	f, err := flow.Parse(draft.Document)
	if err == nil {
		err = check(f)
	}
	if err != nil {
		return Head{}, err
	}
	if h.Clean { // rolled back, and forward again
		h.Published = h.Last
		return s.change(ctx, tenant, h)
	}
	h.Last++
	h.Published, h.Clean = h.Last, true
	draft.Number, draft.Revision, draft.At, draft.By, draft.Note = h.Last, 0, s.Now(), c.By, c.Note
	item, err := draft.item()
	if err != nil {
		return Head{}, err
	}
	return s.change(ctx, tenant, h, cloud.Write{Key: VersionKey(tenant, id, h.Last), Put: item, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}})
}

// Rollback lets references without a qualifier run an older version, or a newer
// one again; to 0 is the version before. Contacts stay on the version they
// began with.
func (s Store) Rollback(ctx context.Context, tenant, id string, to int) (Head, error) {
	h, err := s.Head(ctx, tenant, id)
	if err != nil {
		return Head{}, err
	}
	if to == 0 {
		to = h.Published - 1
	}
	if err := s.exists(ctx, tenant, h, to); err != nil {
		return Head{}, err
	}
	if h.Published == to {
		return h, nil
	}
	h.Published = to
	return s.change(ctx, tenant, h)
}

// SetAlias lets a name stand for versions. A name that is new begins; without
// shares it ends.
func (s Store) SetAlias(ctx context.Context, tenant, id, name string, shares []Share) (Head, error) {
	h, err := s.Head(ctx, tenant, id)
	if err != nil {
		return Head{}, err
	}
	if !aliases.MatchString(name) {
		return Head{}, fault.New(fault.Invalid, "release: %.60q is no name for an alias: a letter, then letters, digits, _ and -, at most 64", name)
	}
	old, known := h.Aliases[name]
	if len(shares) == 0 {
		if !known {
			return Head{}, ErrNoAlias
		}
		h.Aliases = maps.Clone(h.Aliases)
		delete(h.Aliases, name)
		return s.change(ctx, tenant, h)
	}
	total := 0
	for n, share := range shares {
		if err := s.exists(ctx, tenant, h, share.Version); err != nil {
			return Head{}, err
		}
		if share.Percent < 1 || slices.ContainsFunc(shares[:n], func(o Share) bool { return o.Version == share.Version }) {
			return Head{}, fault.New(fault.Invalid, "release: each version has one share of at least 1 percent")
		}
		total += share.Percent
	}
	if total != 100 {
		return Head{}, fault.New(fault.Invalid, "release: the shares add up to %d percent, want 100", total)
	}
	h.Aliases = maps.Clone(h.Aliases)
	if h.Aliases == nil {
		h.Aliases = map[string]Alias{}
	}
	h.Aliases[name] = Alias{Shares: shares, Before: old.Shares}
	return s.change(ctx, tenant, h)
}

// RestoreAlias lets a name stand for what it stood for before it was last set.
func (s Store) RestoreAlias(ctx context.Context, tenant, id, name string) (Head, error) {
	h, err := s.Head(ctx, tenant, id)
	if err != nil {
		return Head{}, err
	}
	a, ok := h.Aliases[name]
	switch {
	case !ok:
		return Head{}, ErrNoAlias
	case len(a.Before) == 0:
		return Head{}, fault.New(fault.Conflict, "release: the alias has never stood for anything else")
	}
	return s.SetAlias(ctx, tenant, id, name, a.Before)
}

// exists returns nil if a flow has a version. One that was seeded begins with
// whatever number it was given.
func (s Store) exists(ctx context.Context, tenant string, h Head, n int) error {
	if h.inline != nil && n == h.Published {
		return nil
	}
	err := ErrNoVersion
	if n > 0 && n <= h.Last {
		_, err = s.read(ctx, VersionKey(tenant, h.ID, n))
	}
	if errors.Is(err, ErrNoVersion) {
		return fault.Wrap(fault.NotFound, ErrNoVersion, "version %d", n)
	}
	return err
}

// change writes a head with what belongs to it, or nothing. The document of a
// head that held it itself becomes a version of its own.
func (s Store) change(ctx context.Context, tenant string, h Head, with ...cloud.Write) (Head, error) {
	writes := append([]cloud.Write{h.write(tenant)}, with...)
	if h.inline != nil {
		f, err := flow.Parse(h.inline)
		if err != nil {
			return Head{}, err
		}
		first := Version{Number: int(h.written), Name: h.Name, Type: f.Type, At: s.Now(), Document: h.inline}
		item, err := first.item()
		if err != nil {
			return Head{}, err
		}
		writes = append(writes, cloud.Write{Key: VersionKey(tenant, h.ID, first.Number), Put: item})
	}
	err := s.Table.Transact(ctx, s.NewID(), writes...)
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() {
		return Head{}, ErrChanged
	}
	if err != nil {
		return Head{}, fault.Wrap(fault.KindOf(err), err, "release: write flow")
	}
	h.written++
	h.inline = nil
	return h, nil
}

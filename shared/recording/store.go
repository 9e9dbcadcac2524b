package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Store finds, opens, checks and erases recordings.
type Store struct {
	Table cloud.Table
	Blobs cloud.Blobs
	Keys  cloud.Keys // nil where nothing is opened
}

// Put writes the index item of a recording whose object is stored. An item of
// the same object that stands there is a success: it is our own. Another one is
// fault.Conflict.
func (st Store) Put(ctx context.Context, x Index) error {
	_, err := st.Table.Write(ctx, cloud.Write{
		Key: IndexKey(x.Subject), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: x.Item(),
	})
	var refused *cloud.Refused
	if errors.As(err, &refused) && !refused.Lost() {
		return fault.Wrap(fault.Unavailable, err, "recording: put index %s", x.Subject)
	}
	if refused != nil && len(refused.Each) == 1 {
		if old := refused.Each[0].Old; old != nil && old.Str("object") == x.Object {
			if tail, _ := old["tail"].([]byte); bytes.Equal(tail, x.Tail) {
				return nil
			}
		}
	}
	return fault.Wrap(fault.KindOf(err), err, "recording: put index %s", x.Subject)
}

// List returns the recordings of a contact in order.
func (st Store) List(ctx context.Context, tenant, contact string) ([]Index, error) {
	q := cloud.Query{Part: IndexKey(Subject{Tenant: tenant, Contact: contact}).Part, From: sortPrefix, To: sortPrefix + "\uffff"}
	var found []Index
	for {
		page, next, err := st.Table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "recording: list")
		}
		for _, item := range page {
			x, err := FromItem(item)
			if err != nil {
				return nil, err
			}
			found = append(found, x)
		}
		if next == nil {
			slices.SortFunc(found, func(a, b Index) int { return a.Subject.Segment - b.Subject.Segment }) // #10 sorts before #2
			return found, nil
		}
		q.After = next
	}
}

// Get returns one recording's index.
func (st Store) Get(ctx context.Context, s Subject) (Index, error) {
	item, err := st.Table.Get(ctx, IndexKey(s), true)
	if err != nil {
		return Index{}, fault.Wrap(fault.KindOf(err), err, "recording: get index")
	}
	if item == nil {
		return Index{}, fault.New(fault.NotFound, "recording: %s is not known", s)
	}
	return FromItem(item)
}

// Open returns a recording as sealed segments opened one by one. Close it.
func (st Store) Open(ctx context.Context, x Index) (*Reader, io.Closer, error) {
	dataKey, err := st.Keys.Unwrap(ctx, x.DataKey, KeyContext(x.Subject.Tenant))
	if err != nil {
		return nil, nil, fault.Wrap(fault.KindOf(err), err, "recording: data key")
	}
	defer clear(dataKey)
	k, err := UnwrapKey(dataKey, x.Wrapped, x.Subject)
	if err != nil {
		return nil, nil, err
	}
	body, info, err := st.Blobs.Get(ctx, x.Object, 0, -1)
	if err != nil {
		return nil, nil, fault.Wrap(fault.KindOf(err), err, "recording: get object")
	}
	r, err := NewReader(body, k, x.Subject)
	if err == nil && info.Size != x.Bytes {
		err = fault.Wrap(fault.Invalid, ErrTampered, "object has %d bytes, index says %d", info.Size, x.Bytes)
	}
	if err != nil {
		return nil, nil, errors.Join(err, body.Close())
	}
	return r, body, nil
}

// Check reports whether the object at key is whole and has its index item. It
// needs no key: it compares size, header and the final frame's tag with what
// the item says. Anything missing is fault.Unavailable, as the item follows the
// object; what differs is fault.Invalid.
func (st Store) Check(ctx context.Context, key string) (Index, error) {
	s, err := ParseObjectKey(key)
	if err != nil {
		return Index{}, err
	}
	item, err := st.Table.Get(ctx, IndexKey(s), true)
	if err != nil {
		return Index{}, fault.Wrap(fault.KindOf(err), err, "recording: get index")
	}
	if item == nil {
		return Index{}, fault.New(fault.Unavailable, "recording: %s has an object but no index item", s)
	}
	x, err := FromItem(item)
	if err != nil {
		return Index{}, err
	}
	if x.Object != key {
		return x, fault.New(fault.Invalid, "recording: index of %s names another object", s)
	}
	head, size, err := st.part(ctx, key, 0, HeaderSize)
	if err != nil {
		return x, err
	}
	if size != x.Bytes {
		return x, fault.New(fault.Invalid, "recording: %s has %d bytes, index says %d", s, size, x.Bytes)
	}
	if _, err := ParseHeader(head); err != nil {
		return x, err
	}
	tail, _, err := st.part(ctx, key, size-TailSize, size)
	if err != nil {
		return x, err
	}
	if !bytes.Equal(tail, x.Tail) {
		return x, fault.New(fault.Invalid, "recording: %s does not end as its index says", s)
	}
	return x, nil
}

func (st Store) part(ctx context.Context, key string, from, to int64) ([]byte, int64, error) {
	body, info, err := st.Blobs.Get(ctx, key, from, to)
	if err != nil {
		kind := fault.KindOf(err)
		if kind == fault.NotFound { // a notification may overtake the object in another region's copy
			kind = fault.Unavailable
		}
		return nil, 0, fault.Wrap(kind, err, "recording: get object")
	}
	b, err := io.ReadAll(io.LimitReader(body, to-from))
	return b, info.Size, fault.Wrap(fault.Unavailable, errors.Join(err, body.Close()), "recording: read object")
}

// Erase makes a recording unreadable for ever: it deletes the index item with
// the only copy of the key, then the object. An absent one is no error.
func (st Store) Erase(ctx context.Context, x Index) error {
	if _, err := st.Table.Write(ctx, cloud.Write{Key: IndexKey(x.Subject), Delete: true}); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "recording: erase %s", x.Subject)
	}
	err := st.Blobs.Delete(ctx, x.Object)
	return fault.Wrap(fault.KindOf(err), err, "recording: delete object of %s", x.Subject)
}

// Package cloud is the six ports through which the contact centre uses a cloud:
// Table, Blobs, Keys, Queue, Push and Invoker. It has two sides, awscloud and
// localcloud, which pass one conformance suite (cloudtest). It decides nothing:
// it stores, seals, carries and calls.
//
// Errors have a kind of package fault. A refused table write is a *Refused, a
// failed function a *FunctionError.
package cloud

import (
	"context"
	"fmt"
	"strings"

	"huawu/shared/fault"
)

// Table is one table of items under a partition and a sort key, with one sparse
// index. Changes leave it as DynamoDB stream records (old and new image, in
// order per item only, at least once, none for a write that changes nothing);
// they are events, not a method.
type Table interface {
	// Get returns nil for an absent item. An item past its TTL may still be
	// returned. A read that is not strong may be stale.
	Get(ctx context.Context, k Key, strong bool) (Item, error)
	// Query returns one page (at most 1 MB) of a partition in sort-key order;
	// next is nil at the end. It is no snapshot across pages. On the index it is
	// always eventual.
	Query(ctx context.Context, q Query) (page []Item, next Cursor, err error)
	// Write does one write and returns the item as it stands after it (nil once
	// deleted; the stored item for a check).
	Write(ctx context.Context, w Write) (Item, error)
	// Transact does up to 100 writes (4 MB) to distinct items, all or none. The
	// same token within 10 min repeats nothing; with other writes it is an error
	// (fault.Invalid). An empty token is new with each call.
	Transact(ctx context.Context, token string, w ...Write) error
}

// Names of the attributes that every side reserves.
const (
	AttrPart      = "PK"     // partition key, string
	AttrSort      = "SK"     // sort key, string
	AttrIndexPart = "GSI1PK" // partition key of the sparse index, string; absent = not indexed
	AttrIndexSort = "GSI1SK" // sort key of the sparse index, string
	AttrTTL       = "ttl"    // int64, epoch seconds; deleted some time after, up to days late
)

// Key names an item. The first segment of Part, up to "|", is the tenant.
type Key struct{ Part, Sort string }

// Tenant returns the tenant that the key belongs to.
func (k Key) Tenant() string {
	tenant, _, _ := strings.Cut(k.Part, "|")
	return tenant
}

// Item holds attributes: string, int64, []byte, bool, []string, []any or
// map[string]any (of the same). Its key, TTL and index attributes are included.
// Numbers are integers: money and ratios are stored scaled. Named types and
// other integers may be written and come back as these (see Value); a list of
// strings only comes back as []string, also an empty one.
type Item map[string]any

// Key returns the item's key.
func (i Item) Key() Key { return Key{Part: i.Str(AttrPart), Sort: i.Str(AttrSort)} }

// Str returns a string attribute, "" if absent or of another type.
func (i Item) Str(name string) string { s, _ := i[name].(string); return s }

// Int returns a number attribute, 0 if absent or of another type.
func (i Item) Int(name string) int64 { n, _ := i[name].(int64); return n }

// Bool returns a boolean attribute, false if absent or of another type.
func (i Item) Bool(name string) bool { b, _ := i[name].(bool); return b }

// Cursor is where a query goes on. It is opaque and serialisable as JSON.
type Cursor map[string]any

// Query reads a range of one partition.
type Query struct {
	Index      bool   // the one sparse index instead of the table
	Part       string // exact
	From, To   string // sort key, both inclusive, "" open; a prefix is From=p, To=p+"\uffff"; From behind To is fault.Invalid
	Descending bool
	Strong     bool // fault.Invalid with Index
	Limit      int  // items read; 0 = as many as the page holds; a page that ends by it has a cursor even if nothing follows
	After      Cursor
}

// Write is one of: Put (whole item), Update (Set, Remove, Add), Delete, or none
// of them: a check, which needs a condition. The key attributes are added to Put
// by the table. An update or delete of an absent item is done: the one makes it,
// the other is no error.
type Write struct {
	Key    Key
	If     []Cond // all must hold, on the stored item
	Put    Item
	Set    Item             // top-level attributes
	Add    map[string]int64 // atomic; absent counts as 0
	Remove []string
	Delete bool
}

// Cond compares one top-level attribute. Op is "absent", "present", "=", "!=",
// "<", "<=", ">", ">=". An absent attribute satisfies only "absent" and "!=".
// "absent" on AttrPart means: no such item. "<" and its kin compare two numbers
// or two strings (byte order); a stored value of another type does not satisfy
// them, and a Value of another type is fault.Invalid.
type Cond struct {
	Attr, Op string
	Value    any
}

// Why says why one write of a request was not done.
type Why string

// The reasons. Retry WhyConflict and WhyThrottled, never WhyCondition.
const (
	WhyNone      Why = ""          // nothing is wrong with this one
	WhyCondition Why = "condition" // a condition did not hold
	WhyConflict  Why = "conflict"  // another request works on the item
	WhyThrottled Why = "throttled" // the partition has too many requests
	WhyInvalid   Why = "invalid"   // the write itself is wrong
)

// Refused is the error of Write and Transact when nothing was written.
type Refused struct {
	Each []Reason // one per write, in order
}

// Reason is why one write was refused.
type Reason struct {
	Why Why
	Old Item // the stored item where Why is WhyCondition (nil: no item): tells a lost race from one's own lost response
}

// Error names the reasons in order.
func (r *Refused) Error() string {
	why := make([]string, len(r.Each))
	for i, e := range r.Each {
		why[i] = string(e.Why)
		if why[i] == "" {
			why[i] = "none"
		}
	}
	return fmt.Sprintf("table: write refused (%s)", strings.Join(why, ", "))
}

// As lets fault.KindOf see the kind that Kind returns.
func (r *Refused) As(target any) bool {
	if e, ok := target.(**fault.Error); ok {
		*e = &fault.Error{Kind: r.Kind(), Step: r.Error()}
		return true
	}
	return false
}

// Kind returns Invalid if any write is wrong, else Conflict if any condition
// failed, else Throttled if any was throttled, else Conflict.
func (r *Refused) Kind() fault.Kind {
	seen := map[Why]bool{}
	for _, e := range r.Each {
		seen[e.Why] = true
	}
	switch {
	case seen[WhyInvalid]:
		return fault.Invalid
	case seen[WhyCondition]:
		return fault.Conflict
	case seen[WhyThrottled]:
		return fault.Throttled
	}
	return fault.Conflict
}

// Lost reports whether a condition failed, so that a retry is in vain, and
// false where only contention or throttling stood in the way.
func (r *Refused) Lost() bool {
	for _, e := range r.Each {
		if e.Why == WhyCondition || e.Why == WhyInvalid {
			return true
		}
	}
	return false
}

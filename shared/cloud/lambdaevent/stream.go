package lambdaevent

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// AttrVersion is the attribute that every write of an item raises by one.
const AttrVersion = "v"

// Change is one change of one item.
type Change struct {
	// ID is the same for each delivery of one change: the item's key and the
	// version it had after it ("PK/SK/v"; "PK/SK/v-" for its removal), or the
	// record's own id for an item that carries no version.
	ID      string
	Key     cloud.Key
	Old     cloud.Item // before; nil for a new item
	New     cloud.Item // after; nil for a removed one
	At      time.Time  // when the table took it, to the second
	Expired bool       // the table removed it because its TTL had passed
}

// StreamBatch hands each record of a stream event to do, in order, and reports
// the records that must come again.
//
// A record that fails is logged and reported; records of other items behind it
// go on at once, so that one poisonous item holds up nobody else. Later records
// of the same item are not handed over in this pass, because an item's changes
// come in order. Lambda takes the lowest reported record as its checkpoint and
// delivers everything from there again, also what has succeeded: do must bear
// to see a change twice, and an older change after a newer one of the same
// item, and tells them by Change.ID or by the item's version. After its last
// retry the record goes to the on-failure queue and the stream moves on.
//
// Once 80 % of the time of ctx is over no further record is taken; the rest is
// reported unlogged and comes again (one record is always taken, else nothing
// would ever move).
func StreamBatch(ctx context.Context, e events.DynamoDBEvent, do func(context.Context, Change) error) (events.DynamoDBEventResponse, error) {
	var failed []events.DynamoDBBatchItemFailure
	held := map[cloud.Key]bool{} // items with a failed record in this batch
	inTime := guard(ctx)
	for i, r := range e.Records {
		if i > 0 && !inTime() {
			failed = append(failed, events.DynamoDBBatchItemFailure{ItemIdentifier: r.Change.SequenceNumber})
			break // the lowest is the checkpoint: the others follow from it
		}
		key := keyOf(r.Change.Keys)
		if held[key] {
			continue
		}
		if err := change(ctx, r, do); err != nil {
			logFailed(ctx, "stream", r.Change.SequenceNumber, key.Tenant(), err)
			held[key] = true
			failed = append(failed, events.DynamoDBBatchItemFailure{ItemIdentifier: r.Change.SequenceNumber})
		}
	}
	return events.DynamoDBEventResponse{BatchItemFailures: failed}, nil
}

// Changes reads the records of a batch, for what is done of all of them at once
// before StreamBatch. Those that cannot be read are left out: StreamBatch reports
// them.
func Changes(e events.DynamoDBEvent) (all []Change) {
	for _, r := range e.Records {
		if c, err := ToChange(r); err == nil {
			all = append(all, c)
		}
	}
	return all
}

func change(ctx context.Context, r events.DynamoDBEventRecord, do func(context.Context, Change) error) error {
	c, err := ToChange(r)
	if err != nil {
		return err
	}
	return guarded(func() error { return do(ctx, c) })
}

// ToChange reads one stream record. A record without key or with values that an
// item cannot hold is fault.Invalid.
func ToChange(r events.DynamoDBEventRecord) (Change, error) {
	c := Change{
		Key:     keyOf(r.Change.Keys),
		At:      r.Change.ApproximateCreationDateTime.UTC(),
		Expired: r.UserIdentity != nil && r.UserIdentity.PrincipalID == "dynamodb.amazonaws.com",
	}
	if c.Key.Part == "" {
		return Change{}, fault.New(fault.Invalid, "stream record without %s", cloud.AttrPart)
	}
	var err error
	if c.Old, err = ToItem(r.Change.OldImage); err != nil {
		return Change{}, fault.Wrap(fault.Invalid, err, "old image")
	}
	if c.New, err = ToItem(r.Change.NewImage); err != nil {
		return Change{}, fault.Wrap(fault.Invalid, err, "new image")
	}
	c.ID = changeID(c, r.EventID)
	return c, nil
}

func changeID(c Change, eventID string) string {
	at := c.Key.Part + "/" + c.Key.Sort + "/"
	if v, ok := c.New[AttrVersion].(int64); ok {
		return at + strconv.FormatInt(v, 10)
	}
	if v, ok := c.Old[AttrVersion].(int64); ok && c.New == nil {
		return at + strconv.FormatInt(v, 10) + "-"
	}
	return eventID
}

func keyOf(keys Image) cloud.Key {
	return cloud.Key{Part: text(keys, cloud.AttrPart), Sort: text(keys, cloud.AttrSort)}
}

// text returns a string attribute; a hostile record may hold any type there.
func text(image Image, name string) string {
	if av, ok := image[name]; ok && av.DataType() == events.DataTypeString {
		return av.String()
	}
	return ""
}

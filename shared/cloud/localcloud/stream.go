package localcloud

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
)

// streamLife is how long a stream keeps a record that not all have consumed.
const streamLife = 24 * time.Hour

const metaShards = "shards"

// record appends a change to the stream, in the commit of the change itself:
// there is no record without its change and no change without its record.
func (c *Cloud) record(tx kv.Tx, at time.Time, key []byte, ch change) mark {
	shard, seq := c.shardOf(key), tx.Next()
	r := cloud.Item{"part": ch.key.Part, "sort": ch.key.Sort, "at": at.UnixNano()}
	if ch.was != nil {
		r["old"] = ch.was
	}
	if ch.is != nil {
		r["new"] = ch.is
	}
	if ch.expired {
		r["expired"] = true
	}
	tx.Put(spaceStream, streamKey(shard, seq), attr.Encode(r))
	return mark{shard, seq}
}

// mark is where a record is in the stream.
type mark struct {
	shard int
	seq   uint64
}

// publish tells the consumers of records that are now committed.
func (c *Cloud) publish(marks []mark) {
	if len(marks) == 0 {
		return
	}
	c.mu.Lock()
	for _, m := range marks {
		c.lastSeq[m.shard] = max(c.lastSeq[m.shard], m.seq)
	}
	c.mu.Unlock()
	c.changed.raise()
}

// loadShards reads how many shards the stream has, and their ends.
func (c *Cloud) loadShards() error {
	err := c.store.View(func(tx kv.Tx) error {
		c.shards = int(number(tx.Get(spaceMeta, []byte(metaShards))))
		c.lastSeq = make([]uint64, max(c.shards, c.opt.Shards))
		for shard := range c.lastSeq {
			tx.Descend(spaceStream, streamKey(shard, 1<<64-1), func(k, _ []byte) bool {
				if k[0] == byte(shard>>8) && k[1] == byte(shard) {
					c.lastSeq[shard] = number(k[2:])
				}
				return false
			})
		}
		return nil
	})
	if err != nil || c.shards > 0 {
		return err
	}
	c.shards = c.opt.Shards
	return c.store.Update(func(tx kv.Tx) error {
		tx.Put(spaceMeta, []byte(metaShards), bytes8(uint64(c.shards)))
		return nil
	})
}

// entry is a stream record as it is delivered.
type entry struct {
	seq   uint64
	at    time.Time
	event events.DynamoDBEventRecord
}

// readStream reads up to limit records of a shard after a sequence number, and
// returns those that a filter takes, and the last that was read.
func (c *Cloud) readStream(shard int, after uint64, limit int, only filter) (out []entry, last uint64, err error) {
	last = after
	err = c.store.View(func(tx kv.Tx) error {
		var bad error
		read := 0
		tx.Ascend(spaceStream, streamKey(shard, after+1), func(k, v []byte) bool {
			if k[0] != byte(shard>>8) || k[1] != byte(shard) || read == limit {
				return false
			}
			seq := number(k[2:])
			e, taken, err := entryOf(seq, v, only)
			if err != nil {
				bad = err
				return false
			}
			if taken {
				out = append(out, e)
			}
			read, last = read+1, seq
			return true
		})
		return bad
	})
	return out, last, storeError(err)
}

// entryOf makes the event of a record, in the shape that Lambda gets, if a filter
// takes it: that sees no image.
func entryOf(seq uint64, b []byte, only filter) (e entry, taken bool, err error) {
	r, err := attr.Decode(b)
	if err != nil {
		return e, false, err
	}
	old, _ := r["old"].([]byte)
	next, _ := r["new"].([]byte)
	e = entry{seq: seq, at: time.Unix(0, r.Int("at")).UTC()}
	e.event = events.DynamoDBEventRecord{
		AWSRegion:      Region,
		EventID:        eventID(seq),
		EventName:      eventName(old, next),
		EventSource:    "aws:dynamodb",
		EventVersion:   "1.1",
		EventSourceArn: StreamARN,
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: e.at.Truncate(time.Second)},
			SequenceNumber:              sequenceNumber(seq),
			SizeBytes:                   int64(len(old) + len(next)),
			StreamViewType:              "NEW_AND_OLD_IMAGES",
		},
	}
	if r.Bool("expired") {
		e.event.UserIdentity = &events.DynamoDBUserIdentity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"}
	}
	d := &e.event.Change
	if d.Keys, err = lambdaevent.FromItem(cloud.Item{cloud.AttrPart: r.Str("part"), cloud.AttrSort: r.Str("sort")}); err != nil {
		return e, false, err
	}
	if !only.takes(e.event) {
		return e, false, nil
	}
	if d.OldImage, err = image(old); err != nil {
		return e, false, err
	}
	d.NewImage, err = image(next)
	return e, true, err
}

func image(b []byte) (lambdaevent.Image, error) {
	item, err := decode(b)
	if err != nil {
		return nil, err
	}
	return lambdaevent.FromItem(item)
}

func eventName(old, next []byte) string {
	switch {
	case old == nil:
		return string(events.DynamoDBOperationTypeInsert)
	case next == nil:
		return string(events.DynamoDBOperationTypeRemove)
	}
	return string(events.DynamoDBOperationTypeModify)
}

// eventID is the same for each delivery of a record.
func eventID(seq uint64) string {
	sum := sha256.Sum256(bytes8(seq))
	return hex.EncodeToString(sum[:16])
}

// sequenceNumber is a decimal of 21 digits, as the shortest of DynamoDB's are,
// so that it sorts as text and as number.
func sequenceNumber(seq uint64) string { return fmt.Sprintf("1%020d", seq) }

func shardID(shard int) string { return "shardId-" + strconv.Itoa(shard) }

// checkpoint is where a consumer is in a shard.
func checkpointKey(consumer string, shard int) []byte {
	return fmt.Appendf(nil, "checkpoint|%05d|%s", shard, consumer)
}

// position reads a consumer's checkpoint.
func (c *Cloud) position(consumer string, shard int) (at uint64, known bool, err error) {
	err = c.store.View(func(tx kv.Tx) error {
		b := tx.Get(spaceMeta, checkpointKey(consumer, shard))
		at, known = number(b), b != nil
		return nil
	})
	return at, known, storeError(err)
}

// advance stores a consumer's checkpoint and trims what all consumers have.
func (c *Cloud) advance(consumer string, shard int, to uint64) error {
	return storeError(c.store.Update(func(tx kv.Tx) error {
		tx.Put(spaceMeta, checkpointKey(consumer, shard), bytes8(to))
		c.trim(tx, shard, false)
		return nil
	}))
}

// trim deletes the records of a shard that all consumers have and, if aged, those
// beyond streamLife.
func (c *Cloud) trim(tx kv.Tx, shard int, aged bool) {
	done, known := uint64(1<<64-1), false
	prefix := checkpointKey("", shard)
	tx.Ascend(spaceMeta, prefix, func(k, v []byte) bool {
		if len(k) < len(prefix) || string(k[:len(prefix)]) != string(prefix) {
			return false
		}
		done, known = min(done, number(v)), true
		return true
	})
	if !known {
		done = 0
	}
	var drop [][]byte
	tx.Ascend(spaceStream, streamKey(shard, 0), func(k, v []byte) bool {
		if k[0] != byte(shard>>8) || k[1] != byte(shard) || len(drop) == 1000 {
			return false
		}
		if number(k[2:]) > done {
			if !aged {
				return false
			}
			r, err := attr.Decode(v)
			if err == nil && c.age(time.Unix(0, r.Int("at"))) < streamLife {
				return false
			}
		}
		drop = append(drop, append([]byte{}, k...))
		return true
	})
	for _, k := range drop {
		tx.Delete(spaceStream, k)
	}
}

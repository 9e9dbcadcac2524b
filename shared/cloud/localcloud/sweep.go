package localcloud

import (
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
)

// tooOld is how far back a TTL may lie: DynamoDB takes older ones for a mistake.
const tooOld = 5 * 365 * 24 * time.Hour

// sweepIfTime sweeps once per sweepEvery of the clock.
func (c *Cloud) sweepIfTime() error {
	now := c.now()
	c.mu.Lock()
	due := now.Sub(c.swept) >= sweepEvery
	if due {
		c.swept = now
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	_, err := c.Sweep()
	return err
}

// Sweep trims the stream and deletes items whose TTL passed Options.TTLDelay ago or more, as
// DynamoDB does some time within days, and returns how many. Their stream
// records name DynamoDB itself as who did it.
func (c *Cloud) Sweep() (int, error) {
	now := c.now()
	before := now.Add(-c.opt.TTLDelay)
	var marks []mark
	err := c.store.Update(func(tx kv.Tx) error {
		var expired []change
		tx.Ascend(spaceTTL, bytes8(uint64(now.Add(-tooOld).Unix())), func(k, _ []byte) bool {
			if int64(number(k)) > before.Unix() || len(expired) == 1000 {
				return false
			}
			if ch, ok := removal(tx, k[8:]); ok {
				expired = append(expired, ch)
			}
			return true
		})
		marks = c.apply(tx, now, expired)
		for shard := range c.shards {
			c.trim(tx, shard, true)
		}
		return nil
	})
	if err != nil {
		return 0, storeError(err)
	}
	c.publish(marks)
	return len(marks), nil
}

func removal(tx kv.Tx, key []byte) (change, bool) {
	was := tx.Get(spaceItem, key)
	old, err := attr.Decode(was)
	if was == nil || err != nil {
		return change{}, false
	}
	return change{key: cloud.Key{Part: old.Str(cloud.AttrPart), Sort: old.Str(cloud.AttrSort)}, old: old, was: was, expired: true}, true
}

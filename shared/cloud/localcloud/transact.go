package localcloud

import (
	"context"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// tokenLife is how long a transaction's token is remembered.
const tokenLife = 10 * time.Minute

// tokenAge says when a token was used; the list of them is in that order.
type tokenAge struct {
	token string
	used  time.Time
}

// Transact implements cloud.Table.
func (t *table) Transact(ctx context.Context, token string, writes ...cloud.Write) error {
	writes, err := normalAll(token, writes)
	if err != nil {
		return err
	}
	c := (*Cloud)(t)
	v, err := c.begin(ctx, Call{Op: OpTransact, Key: writes[0].Key})
	if err != nil {
		return err
	}
	if err := c.hinderedAny(v, writes); err != nil {
		return err
	}
	var marks []mark
	err = c.store.Update(func(tx kv.Tx) error {
		now := c.now()
		again, err := c.repeated(tx, now, token, writes)
		if err != nil || again {
			return err
		}
		changes, err := c.decideAll(tx, writes)
		if err != nil {
			return err
		}
		marks = c.apply(tx, now, changes)
		c.remembered(tx, now, token, writes)
		return nil
	})
	if err != nil {
		return storeError(err)
	}
	c.publish(marks)
	keys := make([]cloud.Key, len(writes))
	for n, w := range writes {
		keys[n] = w.Key
	}
	return c.ack(OpTransact, v, keys...)
}

// normalAll checks what no transaction may be.
func normalAll(token string, writes []cloud.Write) ([]cloud.Write, error) {
	if len(writes) == 0 || len(writes) > cloud.MaxTransact {
		return nil, fault.New(fault.Invalid, "transaction of %d writes", len(writes))
	}
	if len(token) > cloud.MaxTokenBytes {
		return nil, fault.New(fault.Invalid, "transaction token longer than %d bytes", cloud.MaxTokenBytes)
	}
	normal := make([]cloud.Write, len(writes))
	seen := make(map[cloud.Key]bool, len(writes))
	size := 0
	for i, w := range writes {
		n, err := w.Normal()
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "write %d", i)
		}
		if seen[w.Key] {
			return nil, fault.New(fault.Invalid, "write %d: the item is in the transaction twice", i)
		}
		seen[w.Key] = true
		size += attr.Size(n.Put) + attr.Size(n.Set)
		normal[i] = n
	}
	if size > cloud.MaxTransactBytes {
		return nil, fault.New(fault.Invalid, "transaction of %d bytes", size)
	}
	return normal, nil
}

// hinderedAny refuses a transaction one of whose items is in conflict or in a
// throttled partition.
func (c *Cloud) hinderedAny(v Verdict, writes []cloud.Write) error {
	r := &cloud.Refused{Each: make([]cloud.Reason, len(writes))}
	refused := false
	if v == Conflict || v == Throttle {
		r.Each[c.intn(len(writes))].Why = c.hindered(v, "")
		refused = true
	}
	for i, w := range writes {
		if why := c.hindered(Pass, w.Key.Part); why != cloud.WhyNone {
			r.Each[i].Why = why
			refused = true
		}
	}
	if refused {
		return r
	}
	return nil
}

// decideAll checks all conditions before anything is written.
func (c *Cloud) decideAll(tx kv.Tx, writes []cloud.Write) ([]change, error) {
	changes := make([]change, len(writes))
	r := &cloud.Refused{Each: make([]cloud.Reason, len(writes))}
	refused := false
	size := 0
	for i, w := range writes {
		var err error
		if changes[i], r.Each[i], err = c.decide(tx, w, true); err != nil {
			return nil, err
		}
		refused = refused || r.Each[i].Why != cloud.WhyNone
		size += attr.Size(changes[i].next)
	}
	c.bill(changes...)
	if refused {
		return nil, r
	}
	if size > cloud.MaxTransactBytes {
		return nil, fault.New(fault.Invalid, "transaction of %d bytes", size)
	}
	return changes, nil
}

// repeated reports whether the token was used within tokenLife for the same
// writes; for others it is an error.
func (c *Cloud) repeated(tx kv.Tx, now time.Time, token string, writes []cloud.Write) (bool, error) {
	if token == "" {
		return false, nil
	}
	b := tx.Get(spaceToken, []byte(token))
	if len(b) < 8 || now.Sub(unixTime(b)) >= tokenLife {
		return false, nil
	}
	if string(b[8:]) != string(digest(writes)) {
		return false, fault.New(fault.Invalid, "transaction token used for other writes")
	}
	return true, nil
}

// remembered keeps the token and forgets what is older than tokenLife.
func (c *Cloud) remembered(tx kv.Tx, now time.Time, token string, writes []cloud.Write) {
	if token == "" {
		return
	}
	tx.Put(spaceToken, []byte(token), append(bytes8(uint64(now.UnixNano())), digest(writes)...))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens = append(c.tokens, tokenAge{token, now})
	for len(c.tokens) > 0 && now.Sub(c.tokens[0].used) >= tokenLife {
		old := c.tokens[0]
		c.tokens = c.tokens[1:]
		if b := tx.Get(spaceToken, []byte(old.token)); len(b) >= 8 && now.Sub(unixTime(b)) >= tokenLife {
			tx.Delete(spaceToken, []byte(old.token))
		}
	}
}

func unixTime(b []byte) time.Time { return time.Unix(0, int64(number(b))).UTC() }

// loadTokens lists the tokens of the store, to forget them in time.
func (c *Cloud) loadTokens() error {
	return c.store.View(func(tx kv.Tx) error {
		tx.Ascend(spaceToken, nil, func(k, v []byte) bool {
			c.tokens = append(c.tokens, tokenAge{string(k), unixTime(v)})
			return true
		})
		sortByAge(c.tokens)
		return nil
	})
}

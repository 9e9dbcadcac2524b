package localcloud

import (
	"context"
	"slices"
	"syscall"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Op names a request to a port.
type Op string

// The requests.
const (
	OpGet       Op = "Table.Get"
	OpQuery     Op = "Table.Query"
	OpWrite     Op = "Table.Write"
	OpTransact  Op = "Table.Transact"
	OpBlobPut   Op = "Blobs.Put"
	OpBlobGet   Op = "Blobs.Get"
	OpBlobList  Op = "Blobs.List"
	OpBlobDel   Op = "Blobs.Delete"
	OpDataKey   Op = "Keys.DataKey"
	OpUnwrap    Op = "Keys.Unwrap"
	OpSign      Op = "Keys.Sign"
	OpVerify    Op = "Keys.Verify"
	OpSend      Op = "Queue.Send"
	OpReceive   Op = "Queue.Receive"
	OpDelete    Op = "Queue.Delete"
	OpExtend    Op = "Queue.Extend"
	OpPush      Op = "Push.Send"
	OpInvoke    Op = "Invoker.Invoke"
	opDelivered Op = "" // localcloud's own deliveries: never at fault
)

// Call is one request, as Faults.Each sees it.
type Call struct {
	Op   Op
	Key  cloud.Key // of a table request: the item's or the first item's; Sort is "" for a query
	Name string    // queue, blob key, connection or function
}

// Verdict is what becomes of a request.
type Verdict int

// The verdicts. One that a port does not know is Pass there.
const (
	Pass     Verdict = iota
	Conflict         // table writes: refused, another request works on the item
	Throttle         // refused, too much at once
	Down             // nothing happens; fault.Unavailable
	Lost             // it happens, but the answer is lost; fault.Timeout
)

// Faults are what goes wrong. The zero value is fair weather.
type Faults struct {
	// Chances, 0 to 1, that a request meets the verdict of that name.
	Conflict, Throttle, Down, Lost float64
	// Each, if set, gives the verdict on each request; on Pass the chances decide.
	Each func(Call) Verdict

	// ReadDelay and IndexDelay are how far behind an eventual read and a read of
	// the index may be; each read is behind by chance between 0 and that. They
	// hold for what is written after SetFaults.
	ReadDelay, IndexDelay time.Duration

	// StreamDelay is how long after its write a record reaches consumers at the
	// earliest. DynamoDB's streams are polled four times a second, so there what
	// did the write has nearly always done what belongs to it by then.
	StreamDelay time.Duration

	// RepeatEvents is the chance that a stream batch that was handled comes
	// again; RepeatMessages that a message that was deleted comes once more.
	RepeatEvents, RepeatMessages float64
	// Reorder lets the records of one transaction, and messages, come in any
	// order; each item's own records stay in order.
	Reorder bool

	// PartitionWrites and PartitionReads throttle a partition beyond so many
	// units a second (DynamoDB: 1000 and 3000); 0 = no limit.
	PartitionWrites, PartitionReads float64

	// DieAfter is the death of the process: the write of any port that is the
	// DieAfter-th acknowledged one since SetFaults still returns, then every
	// call returns ErrDead. Dead, if set, is called in between; KillSelf makes
	// the death real. 0 = live on.
	DieAfter int64
	DieOf    string // if set, only writes of items of this kind count, as KindOf names it
	Dead     func()
}

// SetFaults replaces the faults, counts acknowledged writes from zero and
// revives a dead cloud, as if only the functions had died.
func (c *Cloud) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
	c.acked, c.fatal = 0, 0
	c.dead = false
	c.history.keep = max(f.ReadDelay, f.IndexDelay)
}

// Acked returns how many writes were acknowledged since SetFaults or Open: a
// simulation that kills after the k-th runs k from 1 to this.
func (c *Cloud) Acked() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acked
}

// KillSelf ends this process by SIGKILL: no deferred call and no flush runs.
func KillSelf() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {} // the signal may take a moment
}

// begin counts a request and decides what becomes of it. An error is Down or
// death; the caller handles the other verdicts.
func (c *Cloud) begin(ctx context.Context, call Call) (Verdict, error) {
	if ctx.Err() != nil {
		return Pass, contextError(ctx)
	}
	c.mu.Lock()
	dead, each := c.dead, c.faults.Each
	c.counters.Requests[string(call.Op)]++
	c.mu.Unlock()
	if dead {
		return Pass, ErrDead
	}
	v := Pass
	if each != nil {
		v = each(call)
	}
	if v == Pass {
		v = c.draw()
	}
	if v == Down {
		return v, fault.New(fault.Unavailable, "%s: not reachable", call.Op)
	}
	return v, nil
}

// draw lets the chances decide.
func (c *Cloud) draw() Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.faults
	if f.Conflict+f.Throttle+f.Down+f.Lost == 0 {
		return Pass
	}
	p := c.rand.Float64()
	for _, o := range [...]struct {
		chance float64
		v      Verdict
	}{{f.Conflict, Conflict}, {f.Throttle, Throttle}, {f.Down, Down}, {f.Lost, Lost}} {
		if p < o.chance {
			return o.v
		}
		p -= o.chance
	}
	return Pass
}

// ack counts an acknowledged write, dies if it is the one to die after, and
// gives the answer or, by verdict, loses it. A write that was committed in the
// moment of death is not acknowledged.
func (c *Cloud) ack(op Op, v Verdict, items ...cloud.Key) error {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return ErrDead
	}
	c.acked++
	last := false
	if kind := c.faults.DieOf; kind == "" || slices.ContainsFunc(items, func(k cloud.Key) bool { return KindOf(k) == kind }) {
		c.fatal++
		last = c.fatal == c.faults.DieAfter
	}
	c.dead = last
	hook := c.faults.Dead
	c.mu.Unlock()
	if last && hook != nil {
		hook()
	}
	return lost(op, v)
}

func lost(op Op, v Verdict) error {
	if v == Lost {
		return fault.New(fault.Timeout, "%s: no answer", op)
	}
	return nil
}

// throttled is the error of a throttled request that is no table write.
func throttled(op Op) error { return fault.New(fault.Throttled, "%s: too many requests", op) }

// alive returns ErrDead once the process is dead.
func (c *Cloud) alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return ErrDead
	}
	return nil
}

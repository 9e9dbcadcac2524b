package hook

import (
	"context"
	"sync"

	"huawu/shared/sma"
)

// Ordered asks one event of a call at a time, whoever asks: the call itself, or
// the report of a call that an earlier process left behind. Events of different
// calls do not wait for each other.
type Ordered struct {
	next Handler
	mu   sync.Mutex
	busy map[string]*turn // by TransactionId
}

// turn is the right to ask about one call; it is a channel so that waiting for
// it ends with the context.
type turn struct {
	token chan struct{}
	users int // waiting or asking
}

// NewOrdered puts events of one call in order before next.
func NewOrdered(next Handler) *Ordered {
	return &Ordered{next: next, busy: map[string]*turn{}}
}

// Handle waits for the call's turn, then asks.
func (o *Ordered) Handle(ctx context.Context, e sma.Event) (sma.Response, error) {
	id := e.CallDetails.TransactionID
	t := o.join(id)
	defer o.leave(id, t)
	select {
	case t.token <- struct{}{}:
	case <-ctx.Done():
		return sma.Response{}, context.Cause(ctx)
	}
	defer func() { <-t.token }()
	return o.next.Handle(ctx, e)
}

func (o *Ordered) join(id string) *turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.busy[id]
	if t == nil {
		t = &turn{token: make(chan struct{}, 1)}
		o.busy[id] = t
	}
	t.users++
	return t
}

func (o *Ordered) leave(id string, t *turn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(o.busy, id)
	}
}

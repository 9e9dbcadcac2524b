package call

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"huawu/mediarelay/hook"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Config is what the calls of a relay work with. Handler, Dialer and Prompts
// are needed; other zero fields take the value in their comment.
type Config struct {
	RelayID   string
	Handler   hook.Handler
	Dialer    Dialer
	Mixer     Mixer // Ports
	Prompts   Prompts
	Recorders Recorders           // nil: recording actions fail
	Journal   Journal             // nil: none is kept
	Route     func(Inbound) Route // nil: the core contract

	MaxCalls       int           // calls at once; 0 sets no limit
	CallsPerSecond float64       // new calls; 0 sets no limit
	MaxDuration    time.Duration // a call is ended after this; 12 h
	AnswerWait     time.Duration // a caller without any action is refused after this; 30 s
	AskWait        time.Duration // hard limit of one question; 20 s
	EndWait        time.Duration // a leg that was hung up counts as ended after this; 10 s
	Log            *slog.Logger  // nil discards
}

// Calls holds the calls of a relay. Its methods may be called from any goroutine.
type Calls struct {
	cfg     Config
	kinds   map[sma.ActionType]kind
	gate    gate
	tones   tones
	count   counters
	work    sync.WaitGroup
	base    context.Context // ends with Close: nothing waits for a function longer
	cancel  context.CancelFunc
	drained atomic.Bool

	mu   sync.Mutex
	live map[string]*call
}

// New makes an empty set of calls.
func New(cfg Config) *Calls {
	if cfg.Mixer == nil {
		cfg.Mixer = Ports{}
	}
	if cfg.Route == nil {
		cfg.Route = func(Inbound) Route { return Route{} }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&cfg.MaxDuration, 12 * time.Hour}, {&cfg.AnswerWait, sma.AnswerTimeoutSeconds * time.Second},
		{&cfg.AskWait, 20 * time.Second}, {&cfg.EndWait, 10 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	c := &Calls{cfg: cfg, kinds: catalogue(), tones: makeTones(), live: map[string]*call{}}
	c.gate.rate = cfg.CallsPerSecond
	c.base, c.cancel = context.WithCancel(context.Background())
	return c
}

// Start takes a new call, or refuses it with ErrBusy. The call runs from then
// on; its leg's events are to be given to the returned Notify.
func (c *Calls) Start(in Inbound) (Notify, error) {
	if in.Leg == nil || in.Tenant == "" {
		return nil, fault.New(fault.Invalid, "call: leg and tenant are needed")
	}
	if in.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "call: make an id")
		}
		in.ID = id.String()
	}
	one := newCall(c, in)
	if err := c.launch(one); err != nil {
		return nil, err
	}
	return one.notify, nil
}

// launch lets a call run, if there is room for it.
func (c *Calls) launch(one *call) error {
	if err := c.admit(one); err != nil {
		c.count.refused.Add(1)
		return err
	}
	c.count.started.Add(1)
	c.work.Go(func() {
		one.safely()
		c.mu.Lock()
		delete(c.live, one.id)
		c.mu.Unlock()
		c.count.ended.Add(1)
	})
	return nil
}

func (c *Calls) admit(one *call) error {
	if c.drained.Load() {
		return ErrBusy
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live[one.id] != nil {
		return fault.New(fault.Conflict, "call: %s is up already", one.id)
	}
	if c.cfg.MaxCalls > 0 && len(c.live) >= c.cfg.MaxCalls || !c.gate.enter(time.Now()) {
		return ErrBusy
	}
	c.live[one.id] = one
	return nil
}

// Refuse makes Start refuse every new call from now on.
func (c *Calls) Refuse() { c.drained.Store(true) }

// Accepting reports whether Start would take a call as far as draining and the
// number of calls go.
func (c *Calls) Accepting() bool {
	return !c.drained.Load() && (c.cfg.MaxCalls <= 0 || c.Len() < c.cfg.MaxCalls)
}

// Len is how many calls are up.
func (c *Calls) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.live)
}

// Live returns the TransactionIds of the calls that are up, in no order.
func (c *Calls) Live() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make([]string, 0, len(c.live))
	for id := range c.live {
		ids = append(ids, id)
	}
	return ids
}

// Has reports whether a call is up.
func (c *Calls) Has(transactionID string) bool { return c.find(transactionID) != nil }

func (c *Calls) find(id string) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live[id]
}

// Update gives a command that waited in a queue for a time to its call, which asks
// the function about it (CALL_UPDATE_REQUESTED). It returns NotFound if no such call is up and Gone if
// the command came too late; both are no reason to send it again. A duplicate
// is dropped in silence.
func (c *Calls) Update(u sma.Update, waited time.Duration) error {
	if len(u.Arguments) > sma.MaxArguments {
		c.count.dropped.Add(1)
		return fault.New(fault.Invalid, "call: update has %d arguments, at most %d are allowed", len(u.Arguments), sma.MaxArguments)
	}
	if u.Late(waited) {
		c.count.dropped.Add(1)
		return fault.New(fault.Gone, "call: update is too late")
	}
	until := time.Time{}
	if u.ValidSeconds > 0 {
		until = time.Now().Add(time.Duration(u.ValidSeconds)*time.Second - waited)
	}
	one := c.find(u.TransactionID)
	if one == nil || !one.box.post(func() { one.update(u, until) }) {
		c.count.dropped.Add(1)
		return fault.New(fault.NotFound, "call: no such call")
	}
	c.count.updates.Add(1)
	return nil
}

// HangUpAll ends every call; reason goes into the Reason header and into the
// HANGUP events.
func (c *Calls) HangUpAll(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.live {
		one.box.post(func() { one.hangUpAll(reason) })
	}
}

// Wait waits until no call is up, or ctx ends.
func (c *Calls) Wait(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for c.Len() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Timeout, "call: %d calls are still up", c.Len())
		}
	}
	return nil
}

// Close ends every call that is left, gives up questions that are open, and
// waits for the goroutines.
func (c *Calls) Close() {
	c.Refuse()
	c.HangUpAll("shutdown")
	c.cancel()
	c.work.Wait()
}

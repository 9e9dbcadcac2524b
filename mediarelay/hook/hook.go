// Package hook asks the function of a call what to do about an event. It
// decides how long to wait, when to ask again and what counts as an answer. It
// leaves what an answer means to mediarelay/call.
package hook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Handler answers the events of calls. The same Sequence of a TransactionId may
// be asked twice and must then get the same answer.
type Handler interface {
	Handle(ctx context.Context, e sma.Event) (sma.Response, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(context.Context, sma.Event) (sma.Response, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, e sma.Event) (sma.Response, error) { return f(ctx, e) }

// ErrAnswer is in the chain of an error when the function answered with
// something that is not JSON of the contract: the call reports
// INVALID_LAMBDA_RESPONSE, and asking again is in vain.
var ErrAnswer = fault.New(fault.Invalid, "hook: unreadable answer")

// maxAnswer bounds what is decoded of an answer: the limit of the managed service.
const maxAnswer = 6 << 20

// Config says whom to ask and how patiently. Zero fields take the value in their comment.
type Config struct {
	Function string        // "ivr"
	Timeout  time.Duration // of one try; 5 s
	Pause    time.Duration // before the second try; 100 ms
	Log      *slog.Logger  // nil discards
}

// Hook asks a function through a cloud.Invoker. It is safe for use by all calls.
type Hook struct {
	invoker cloud.Invoker
	cfg     Config
	count   counters
}

// New makes a Hook.
func New(i cloud.Invoker, cfg Config) *Hook {
	if cfg.Function == "" {
		cfg.Function = "ivr"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Pause <= 0 {
		cfg.Pause = 100 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Hook{invoker: i, cfg: cfg}
}

// Handle asks the function, and once more if that failed: with the same
// Sequence, so that a step whose answer was lost is not done twice. An
// unreadable answer (ErrAnswer) is not asked again.
func (h *Hook) Handle(ctx context.Context, e sma.Event) (sma.Response, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return sma.Response{}, fault.Wrap(fault.Internal, err, "hook: write event")
	}
	answer, err := h.try(ctx, payload)
	if err != nil && ctx.Err() == nil {
		h.count.retries.Add(1)
		h.cfg.Log.WarnContext(ctx, "function failed, asking again", "function", h.cfg.Function,
			"transactionId", e.CallDetails.TransactionID, "sequence", int(e.Sequence), "kind", string(fault.KindOf(err)), "error", err)
		if wait(ctx, h.cfg.Pause) == nil {
			answer, err = h.try(ctx, payload)
		}
	}
	if err != nil {
		h.count.failures.Add(1)
		return sma.Response{}, fault.Wrap(fault.KindOf(err), err, "hook: ask %s", h.cfg.Function)
	}
	return h.read(answer)
}

// try invokes once, within the time-out.
func (h *Hook) try(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Timeout)
	defer cancel()
	start := time.Now()
	answer, err := h.invoker.Invoke(ctx, h.cfg.Function, payload)
	h.count.observe(time.Since(start))
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		h.count.timeouts.Add(1)
		return nil, fault.Wrap(fault.Timeout, err, "no answer within %s", h.cfg.Timeout)
	}
	return answer, err
}

func (h *Hook) read(answer []byte) (sma.Response, error) {
	if len(answer) > maxAnswer {
		h.count.invalid.Add(1)
		return sma.Response{}, fault.Wrap(fault.Invalid, ErrAnswer, "%d bytes", len(answer))
	}
	r, err := sma.ReadResponse(answer)
	if err != nil {
		h.count.invalid.Add(1)
		return sma.Response{}, fault.Wrap(fault.Invalid, errors.Join(ErrAnswer, err), "answer of %s", h.cfg.Function)
	}
	return r, nil
}

// wait waits for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// counters are a Hook's, updated by many calls.
type counters struct {
	tries, retries, failures, timeouts, invalid atomic.Uint64
	nanos                                       atomic.Uint64
	slow                                        [classes + 1]atomic.Uint64
}

// classes is how many classes of answer times have an upper bound.
const classes = 7

func bounds() [classes]time.Duration {
	return [classes]time.Duration{
		10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond,
		800 * time.Millisecond, 2 * time.Second, 5 * time.Second,
	}
}

func (c *counters) observe(d time.Duration) {
	c.tries.Add(1)
	c.nanos.Add(uint64(d))
	class := classes
	for i, b := range bounds() {
		if d <= b {
			class = i
			break
		}
	}
	c.slow[class].Add(1)
}

// Class is how many invocations took at most AtMost (and longer than the class before).
type Class struct {
	AtMost time.Duration // 0: longer than all others
	Count  uint64
}

// Counters is what a Hook has counted since it was made.
type Counters struct {
	Invocations uint64 // tries included
	Retries     uint64
	Failures    uint64 // events that got no answer
	Timeouts    uint64 // tries
	Invalid     uint64 // unreadable answers
	Total       time.Duration
	Classes     []Class
}

// Count returns the counters.
func (h *Hook) Count() Counters {
	c := Counters{
		Invocations: h.count.tries.Load(), Retries: h.count.retries.Load(), Failures: h.count.failures.Load(),
		Timeouts: h.count.timeouts.Load(), Invalid: h.count.invalid.Load(), Total: time.Duration(h.count.nanos.Load()),
	}
	limits := bounds()
	for i := range h.count.slow {
		class := Class{Count: h.count.slow[i].Load()}
		if i < len(limits) {
			class.AtMost = limits[i]
		}
		c.Classes = append(c.Classes, class)
	}
	return c
}

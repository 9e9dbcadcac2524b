// Package media moves the relay's audio: RTP in and out, prompts, digits,
// bridging and copies for recording. Its worker threads own all ports (one
// party's audio each) and wake every millisecond; everyone else sends them
// commands and hears back by events.
//
// It decides which packets to believe (source, SSRC, payload type, sequence)
// and how one outgoing stream stays continuous whatever plays in it. It leaves
// to others which law and address were agreed (sipleg), what plays and who is
// joined (call), and what becomes of the copies (recorder).
package media

import (
	"hash/maphash"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"huawu/shared/fault"
)

// Config says where an engine opens sockets and how patient it is. Zero fields
// take the value in their comment.
type Config struct {
	Bind             netip.Addr // 127.0.0.1
	PortMin, PortMax uint16     // range of ports for RTP (even) and RTCP (odd), inclusive; 20000 to 39999
	Shared           int        // shared sockets of each worker, opened when first used; 8, negative for none
	// Workers is the number of threads; half of GOMAXPROCS, at least 1 and at most
	// 4. One carries 2,000 calls and more. With GOMAXPROCS of Workers+2 or more
	// they keep their processors while they sleep, which halves what a tick costs.
	Workers int

	FirstPacketWait time.Duration // MediaLost if none came this long after the party may send; 30 s
	PacketWait      time.Duration // MediaLost if none came this long after the last; 15 s
	QuarantineIdle  time.Duration // a freed port is used again after this long without a packet; 30 s
	QuarantineMax   time.Duration // … or after this long in any case; 10 min

	Log *slog.Logger // nil discards; never used per packet
}

// Engine owns the worker threads and the range of ports.
type Engine struct {
	cfg     Config
	workers []*worker
	pool    *pool
	seed    maphash.Seed
	next    atomic.Uint32 // round robin for ports without a call
	stopped atomic.Bool
	done    sync.WaitGroup
}

// New starts the worker threads. They sleep until the first port opens.
func New(cfg Config) (*Engine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, pool: newPool(cfg), seed: maphash.MakeSeed()}
	for range cfg.Workers {
		w, err := newWorker(cfg, e.pool)
		if err != nil {
			for _, w := range e.workers {
				w.release()
			}
			return nil, err
		}
		e.workers = append(e.workers, w)
	}
	for _, w := range e.workers {
		e.done.Go(w.run)
	}
	return e, nil
}

func (c Config) withDefaults() (Config, error) {
	if !c.Bind.IsValid() {
		c.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	c.Bind = c.Bind.Unmap()
	if c.PortMin == 0 && c.PortMax == 0 {
		c.PortMin, c.PortMax = 20000, 39999
	}
	if c.PortMin == 0 || uint32(c.PortMin)+c.pairOffset()+1 > uint32(c.PortMax) {
		return c, fault.New(fault.Invalid, "media: range %d–%d holds no even port and the odd one above it", c.PortMin, c.PortMax)
	}
	if c.Shared == 0 {
		c.Shared = 8
	}
	if c.Workers <= 0 {
		c.Workers = max(1, min(4, runtime.GOMAXPROCS(0)/2))
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.FirstPacketWait, 30 * time.Second}, {&c.PacketWait, 15 * time.Second},
		{&c.QuarantineIdle, 30 * time.Second}, {&c.QuarantineMax, 10 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// pairOffset is 1 if the range begins with an odd port, which is not used.
func (c Config) pairOffset() uint32 { return uint32(c.PortMin & 1) }

// Open makes a port on an even RTP port of the range; RTCP is on the odd one
// above it. It fails as Unavailable when the range is used up (the caller
// answers 503) and when the engine is closed.
func (e *Engine) Open(o PortOptions) (*Port, error) {
	if e.stopped.Load() {
		return nil, fault.New(fault.Unavailable, "media: engine is closed")
	}
	n := e.next.Add(1)
	if o.CallID != "" {
		n = uint32(maphash.String(e.seed, o.CallID))
	}
	return e.workers[n%uint32(len(e.workers))].open(o)
}

// Count adds up what the workers counted since the engine started.
func (e *Engine) Count() Counters {
	var sum Counters
	for _, w := range e.workers {
		w.do(func() { sum.add(w.counters()) })
	}
	sum.PortsQuarantined = e.pool.quarantined()
	return sum
}

// Close stops the workers, waits for them and closes every socket. Ports that
// were still open are silent from then on; their methods do nothing.
func (e *Engine) Close() error {
	if e.stopped.Swap(true) {
		return nil
	}
	for _, w := range e.workers {
		w.stop()
	}
	e.done.Wait()
	return nil
}

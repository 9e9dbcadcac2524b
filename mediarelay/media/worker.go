package media

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// worker is one thread of the engine. It wakes every millisecond, handles all
// packets that have come, and sends what is due. Everything it holds but the
// queues is its own; others post commands, which run at the start of a tick.
type worker struct {
	cfg    Config
	pool   *pool
	clock  clock
	now    int64 // start of this tick
	woke   int64 // the deadline of the next one counts from here
	ticks  int
	hidden bool // keep the processor while asleep; see settle

	legs []*Port
	due  []int64 // when legs[i] must send by itself; apart from legs, to be read fast

	poll   *poller
	inputs []*input // by poller id; nil where free
	spares []int32  // free ids
	in     *batch
	out    [headLen + maxPayload]byte
	sum    [maxPayload]int32 // of a mix
	shared []*input          // trunks' sockets
	links  []*Port           // whose packets go by a Link
	turn   int
	rest   []*input // quarantine: sockets of closed ports

	noise [2][]byte // comfort noise, μ-law and A-law
	count Counters

	wake chan struct{} // 1 when commands wait, for a worker without ports

	mu      sync.Mutex
	queue   []func()
	spent   []func() // the other of two buffers
	stopped bool
	crossed []crossing // packets from ports of other workers
	taken   []crossing
	quit    bool // the worker's: stop was asked for
}

// input is a socket and whose packets come in on it.
type input struct {
	c     *conn
	id    int32
	port  uint16
	owner *Port                    // own socket: the leg
	legs  map[netip.AddrPort]*Port // shared socket: the leg of each remote address
	pair  *input                   // RTP's RTCP
	freed int64                    // in quarantine since
	heard int64                    // last packet
}

func newWorker(cfg Config, p *pool) (*worker, error) {
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	w := &worker{cfg: cfg, pool: p, clock: newClock(), poll: poll, in: newBatch(), wake: make(chan struct{}, 1)}
	w.noise[0], w.noise[1] = comfortNoise()
	w.now = w.clock.now()
	return w, nil
}

// run is the worker's thread.
func (w *worker) run() {
	runtime.LockOSThread() // not unlocked: the thread ends with the worker
	defer w.release()
	w.woke = w.clock.now()
	for !w.quit {
		w.step(w.clock.now())
		if len(w.legs) > 0 {
			w.pause()
		} else if !w.quit {
			w.idle()
		}
	}
}

// step is one tick.
func (w *worker) step(now int64) {
	w.now = now
	w.count.Ticks++
	w.commands()
	w.receive()
	w.drainLinks()
	w.takeCrossed()
	for i, at := range w.due {
		if at <= now {
			w.legs[i].frame()
		}
	}
	for _, in := range w.shared {
		w.count.SendErrors += uint64(in.c.flush())
	}
	w.keepHouse()
	w.announceLinks()
}

// keepHouse looks at each leg ten times a second, and at freed ports once.
func (w *worker) keepHouse() {
	w.ticks++
	for i := w.ticks % 100; i < len(w.legs); i += 100 {
		w.legs[i].keepHouse()
	}
	if w.ticks%1000 == 0 {
		w.expire()
		w.settle()
	}
}

// settle decides how to sleep: with many legs, or processors to spare, the
// thread keeps its processor. A laptop's one call does not take a core from the
// rest of the program.
func (w *worker) settle() {
	n := runtime.GOMAXPROCS(0) - w.cfg.Workers
	w.hidden = n >= 2 || n == 1 && len(w.legs) >= 64
}

// pause sleeps until a tick after the last pause ended, not for a tick: under
// load the work takes the tick up and nothing is left to sleep, so a backlog
// cannot build.
func (w *worker) pause() {
	if at := w.woke + tick; at-w.clock.now() > spare {
		sleepUntil(at, w.clock, w.hidden)
	}
	w.woke = w.clock.now()
}

// idle sleeps until a command comes: a worker without ports costs nothing. Only
// while freed ports rest does it look once a second whether they are quiet.
func (w *worker) idle() {
	if len(w.rest) > 0 {
		t := time.NewTimer(time.Second)
		defer t.Stop()
		select {
		case <-w.wake:
		case <-t.C:
		}
	} else {
		<-w.wake
		w.clock = newClock() // nothing depends on the old one
	}
	w.now = w.clock.now()
	w.woke = w.now
	w.settle()
	w.receive() // what came meanwhile belongs to no call of the future
	w.expire()
}

// post runs f on the worker at its next tick, unless it has stopped.
func (w *worker) post(f func()) bool {
	w.mu.Lock()
	if w.stopped {
		w.mu.Unlock()
		return false
	}
	w.queue = append(w.queue, f)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// do runs f on the worker and waits for it; false if the worker has stopped.
func (w *worker) do(f func()) bool {
	done := make(chan struct{})
	if !w.post(func() { f(); close(done) }) {
		return false
	}
	<-done
	return true
}

func (w *worker) stop() { w.post(func() { w.quit = true }) }

func (w *worker) commands() {
	w.mu.Lock()
	q := w.queue
	w.queue, w.spent = w.spent[:0], nil
	w.mu.Unlock()
	for i, f := range q {
		f()
		q[i] = nil
	}
	w.spent = q[:0]
}

// release closes everything. Commands that came too late still run, so that
// nobody waits for ever.
func (w *worker) release() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.commands()
	for _, p := range w.legs {
		s := p.statistics(w.now)
		p.final.Store(&s)
		p.closed = true
	}
	w.legs, w.due, w.links = nil, nil, nil
	for _, in := range w.inputs {
		if in != nil {
			w.drop(in)
		}
	}
	w.poll.close()
}

func (w *worker) counters() Counters {
	c := w.count
	c.Ports = len(w.legs)
	return c
}

// receive takes every waiting packet of every socket.
func (w *worker) receive() {
	for range 8 { // level-triggered: the rest waits for the next tick
		n, more := w.poll.ready()
		for i := range n {
			if in := w.inputs[w.poll.id(i)]; in != nil {
				w.drain(in)
			}
		}
		if !more {
			return
		}
	}
}

// drain takes the packets of one socket, but no more than some batches: a flood
// on one socket must not hold up the others.
func (w *worker) drain(in *input) {
	rounds := 2
	if in.legs != nil {
		rounds = 32
	}
	for range rounds {
		n := in.c.receive(w.in)
		w.count.Received += uint64(n)
		for i := range n {
			b, from := w.in.packet(i)
			in.heard = w.now
			p := in.owner
			if in.legs != nil {
				p = in.legs[from]
			}
			switch {
			case p == nil:
				w.count.UnknownSource++
			case in.pair == nil || isRTCP(b):
				p.onRTCP(b, from)
			default:
				p.onRTP(b, from)
			}
		}
		if n < batchSize {
			return
		}
	}
}

// random is for SSRC, first sequence number and timestamp, which RFC 3550 §5.1
// wants unpredictable; the generator is seeded by the system.
func random() uint32 { return rand.Uint32() }

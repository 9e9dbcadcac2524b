// Package localcloud is the side of the cloud ports that needs no cloud: one
// process, on disk or in memory. It keeps what is written, carries what is sent
// and calls what is registered. What a function does with an event is its own
// business.
//
// It is never stronger than AWS where code could lean on it: limits, conditions,
// time-outs and at-least-once delivery are DynamoDB's, SQS's, S3's, KMS's and
// Lambda's, and Faults make it as weak as they can be. It is as durable: no
// acknowledged write is lost when the process is killed, and by default none
// when the power fails.
//
// There are two ways to run it. Run gives each stream consumer and queue
// poller its goroutines, for real time. With Options.Manual there is no
// goroutine at all: Step, Drain and Settle deliver events one after the other in
// an order that Options.Seed decides, on the clock of Options.Now, so that a
// simulation repeats exactly.
package localcloud

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// Names that appear in ARNs and events.
const (
	Region  = "local"
	Account = "000000000000"
	tableID = "arn:aws:dynamodb:" + Region + ":" + Account + ":table/huawu"
	// StreamARN is the source of the table's stream events.
	StreamARN = tableID + "/stream/2026-01-01T00:00:00.000"
)

// ErrDead is what every call returns after the death that Faults.DieAfter asked
// for.
var ErrDead = fault.New(fault.Unavailable, "localcloud: the process is dead")

// Durability says what an acknowledged write outlives.
type Durability int

// The durabilities.
const (
	Synced  Durability = iota // a loss of power: each group of commits is synced
	Process                   // the end of the process, kill -9 too; about five times faster alone
)

// Options say how a Cloud is opened.
type Options struct {
	Dir        string           // where it is kept; "" = in memory
	Durability Durability       // of Dir
	Now        func() time.Time // nil = time.Now
	Seed       uint64           // of every chance; 0 = by chance itself, unless Manual
	Manual     bool             // no goroutines: Step, Drain and Settle deliver
	Shards     int              // of the table's stream, when Dir is new; 0 = 4
	Queues     []QueueOptions
	TTLDelay   time.Duration          // how long after its TTL an item is still there, at least
	Kind       func(cloud.Key) string // names a kind of item in Counters; nil = by key prefix
	Created    []BlobNotice           // which new blobs are told to which queues
	Log        *slog.Logger           // nil = slog.Default
}

// Cloud holds all six ports over one store.
type Cloud struct {
	opt       Options
	store     kv.Store
	shards    int
	bodies    bodies
	keyring   *keyring
	opened    time.Time // the time before does not count for any age
	hub       *Hub
	functions *Functions

	mu       sync.Mutex // guards what follows; held only for short, never during a commit
	rand     *rand.Rand
	faults   Faults
	dead     bool
	acked    int64 // acknowledged writes since SetFaults
	fatal    int64 // … those that Faults.DieAfter counts
	counters Counters
	history  history
	tokens   []tokenAge
	queues   map[string]QueueOptions
	lastSeq  []uint64 // newest stream record of each shard
	spent    spent
	lanes    []*lane
	pollers  []*poller

	swept time.Time

	changed signal // the stream has new records
	sent    signal // a queue has new messages
}

// Open opens what is kept in o.Dir, or a new memory.
func Open(o Options) (*Cloud, error) {
	if o.Dir == "" {
		return open(o, kv.NewMemory())
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "open cloud")
	}
	store, err := kv.OpenDisk(filepath.Join(o.Dir, "cloud.db"), o.Durability == Synced)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "open cloud")
	}
	return open(o, store)
}

// Reopen returns a new Cloud over the memory of c, as Open does over a folder:
// what was acknowledged is there, consumers and registrations are not. Use it
// for a restart in a simulation, after which c must not be used.
func (c *Cloud) Reopen(o Options) (*Cloud, error) {
	m, ok := c.store.(*kv.Memory)
	if !ok {
		return nil, fault.New(fault.Invalid, "reopen: the cloud is on disk, use Open")
	}
	return open(o, m)
}

func open(o Options, store kv.Store) (*Cloud, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 && !o.Manual {
		o.Seed = rand.Uint64()
	}
	if o.Kind == nil {
		o.Kind = KindOf
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Shards == 0 {
		o.Shards = 4
	}
	c := &Cloud{opt: o, store: store, rand: rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15))}
	c.opened = c.now()
	c.counters = newCounters()
	c.queues = map[string]QueueOptions{}
	for _, q := range o.Queues {
		c.AddQueue(q)
	}
	c.hub = &Hub{cloud: c, open: map[string]func(context.Context, []byte) error{}}
	c.functions = &Functions{cloud: c, known: map[string]*registered{}}
	if err := c.load(); err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(fault.Unavailable, err, "open cloud")
		}
		return nil, errors.Join(err, store.Close())
	}
	return c, nil
}

// load reads what is kept in memory beside the store.
func (c *Cloud) load() error {
	if err := c.loadShards(); err != nil {
		return err
	}
	if err := c.loadTokens(); err != nil {
		return err
	}
	if err := c.loadKeys(); err != nil {
		return err
	}
	c.bodies = memoryBodies{c.store}
	if c.opt.Dir != "" {
		b, err := openBodies(filepath.Join(c.opt.Dir, "blobs"), c.opt.Durability == Synced, c.store)
		if err != nil {
			return err
		}
		c.bodies = b
	}
	return c.release()
}

// Close ends the store. End Run first.
func (c *Cloud) Close() error { return c.store.Close() }

// Table returns the table.
func (c *Cloud) Table() cloud.Table { return (*table)(c) }

func (c *Cloud) now() time.Time { return c.opt.Now().UTC() }

// age returns how old something is, without the time in which the cloud was not
// open: AWS is never switched off, so what waited through a night on a laptop
// must not have grown too old for delivery.
func (c *Cloud) age(since time.Time) time.Duration {
	if since.Before(c.opened) {
		since = c.opened
	}
	return c.now().Sub(since)
}

// chance reports true with probability p.
func (c *Cloud) chance(p float64) bool {
	if p <= 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.Float64() < p
}

// intn returns a number from 0 to n-1.
func (c *Cloud) intn(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.IntN(n)
}

// contextError gives a context's end the kind that a cut connection has.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Timeout, err, "localcloud")
	}
	return fault.Wrap(fault.Unavailable, err, "localcloud")
}

// signal wakes all who wait for something to have changed.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that the next raise closes. Take it before looking at
// what may have changed.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// Package recorder records calls: it takes what media taps, puts both parties
// in time, seals it in memory before a byte is written, spools the ciphertext
// and uploads it. It decides nothing about when to record, which is the call's
// business, and the sealed form is shared/recording's.
//
// It never stands in the way of a call: while the disk is full, the key service
// or the store gone, it keeps what it can, says what is missing, and tries again.
package recorder

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// uploads is how many recordings are uploaded at the same time, so that the end
// of an outage is no herd.
const uploads = 4

// Config is what a recorder works with.
type Config struct {
	Dir     string   // spool folder; made if absent
	Tenants []string // data keys are fetched for these before the first call
	Table   cloud.Table
	Blobs   cloud.Blobs
	Keys    cloud.Keys
	Log     *slog.Logger
	Rand    io.Reader        // crypto/rand.Reader if nil
	Now     func() time.Time // time.Now if nil
}

type options = Config

// Recorder records the calls of one relay. One process owns a spool folder.
type Recorder struct {
	options
	store  recording.Store
	ring   *keyring
	slots  chan struct{}
	open   func(path string) (*os.File, error)
	stop   context.CancelFunc
	ctx    context.Context // ends with Close: background work only
	work   sync.WaitGroup  // everything that runs
	active sync.WaitGroup  // recordings that were not stopped

	mu     sync.Mutex
	live   map[*Recording]bool
	closed bool
}

var (
	_ call.Recorders = (*Recorder)(nil)
	_ call.Recording = (*Recording)(nil)
)

// New opens the spool, takes up what an earlier process left in it, and begins
// to fetch keys.
func New(c Config) (*Recorder, error) {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "recorder: make spool")
	}
	found, bad, err := leftOvers(c.Dir)
	if err != nil {
		return nil, err
	}
	for _, err := range bad {
		c.Log.Error("recording lost", "error", err)
	}
	r := &Recorder{
		options: c, store: recording.Store{Table: c.Table, Blobs: c.Blobs, Keys: c.Keys},
		ring: newKeyring(c.Keys, c.Tenants, c.Now, c.Log), slots: make(chan struct{}, uploads), open: openSpool, live: map[*Recording]bool{},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.work.Go(func() { r.ring.run(r.ctx) })
	for _, l := range found {
		c.Log.Info("recording taken over from an earlier process", "recording", l.side.subject().String())
		r.work.Go(func() { r.finishLeftOver(l) })
	}
	return r, nil
}

// Start begins a recording, which must not be here already. Nothing it needs may
// keep a call waiting: keys, disk and store are all allowed to be gone.
func (r *Recorder) Start(spec call.RecordingSpec) (call.Recording, error) {
	tap := media.NewTap(max(0, spec.Channels))
	rec, err := r.start(spec, tap, tap)
	if err != nil {
		return nil, err // not a nil *Recording, which would be a call.Recording
	}
	return rec, nil
}

func (r *Recorder) start(spec call.RecordingSpec, tap *media.Tap, from frames) (*Recording, error) {
	s := recording.Subject{Tenant: spec.Tenant, Contact: spec.ContactID, Segment: spec.Segment}
	at, err := stem(r.Dir, s)
	if err != nil {
		return nil, err
	}
	key, err := recording.NewKey(r.Rand)
	if err != nil {
		return nil, err
	}
	started := r.Now().UTC().Truncate(time.Millisecond)
	sealer, head, err := recording.NewSealer(key, s, recording.Header{Started: started, Channels: spec.Channels}, r.Rand)
	if err != nil {
		return nil, err
	}
	rec := &Recording{
		owner: r, log: r.Log.With("recording", s.String()), key: key, sealer: sealer,
		file: spoolFile{path: at + audioSuffix, open: r.open, backlog: head}, stem: at,
		side: sidecar{Tenant: s.Tenant, Contact: s.Contact, Segment: s.Segment, Object: recording.ObjectKey(s, started), Started: started, Channels: spec.Channels},
		tap:  tap, from: from, line: newTimeline(started, spec.Channels), wake: make(chan struct{}, 1),
		hush: hush{limit: spec.Silence, threshold: spec.Threshold, tell: spec.Silent, loud: started},
	}
	if err := r.add(rec); err != nil {
		return nil, err
	}
	return rec, nil
}

func (r *Recorder) add(rec *Recording) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fault.New(fault.Unavailable, "recorder: closed")
	}
	for other := range r.live {
		if other.stem == rec.stem {
			return fault.New(fault.Conflict, "recorder: %s is being recorded", rec.side.subject())
		}
	}
	if _, err := os.Stat(rec.stem + audioSuffix); !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Conflict, "recorder: %s is in the spool", rec.side.subject())
	}
	r.live[rec] = true
	r.active.Add(1)
	r.work.Go(func() {
		rec.run()
		r.active.Done()
		r.finish(rec)
		r.mu.Lock()
		delete(r.live, rec)
		r.mu.Unlock()
	})
	return nil
}

// Close ends all recordings and waits until they are uploaded or ctx ends. What
// is then not uploaded stays in the spool for the next process.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	for rec := range r.live {
		rec.Stop()
	}
	r.mu.Unlock()
	r.active.Wait() // sealing is quick: nothing there waits for anyone
	err := r.idle(ctx)
	r.stop()
	r.work.Wait()
	return err
}

// idle waits until no recording is left to upload, or ctx ends.
func (r *Recorder) idle(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		r.mu.Lock()
		left := len(r.live)
		r.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Timeout, "recorder: %d recordings stay in the spool", left)
		case <-tick.C:
		}
	}
}

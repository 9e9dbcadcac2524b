package kv

import (
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// maxGroup bounds how many changes share one commit.
const maxGroup = 256

// Disk is a store in one bbolt file. Changes that wait while a commit runs are
// committed together: there is no delay timer, so a lone writer waits for
// nobody and many writers share one sync.
type Disk struct {
	db      *bolt.DB
	changes chan change
	idle    sync.WaitGroup // the committer
	mu      sync.RWMutex   // guards closed against a send on changes
	closed  bool
}

type change struct {
	fn   func(Tx) error
	done chan error
}

// OpenDisk opens or makes the file at path. With sync each commit is on the
// disk before it is acknowledged; without, it is in the page cache, which
// outlives the process (kill -9) but not a loss of power.
func OpenDisk(path string, sync bool) (*Disk, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         2 * time.Second, // another process has it
		NoSync:          !sync,
		NoGrowSync:      !sync,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: 1 << 30, // address space only; a remap would wait for every reader
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another process has it open", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(sequence)
		return err
	})
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d := &Disk{db: db, changes: make(chan change, maxGroup)}
	d.idle.Go(d.commit)
	return d, nil
}

// View implements Store.
func (d *Disk) View(fn func(Tx) error) error {
	return d.db.View(func(tx *bolt.Tx) error { return fn(&diskTx{tx: tx}) })
}

// Update implements Store.
func (d *Disk) Update(fn func(Tx) error) error {
	c := change{fn: fn, done: make(chan error, 1)}
	d.mu.RLock()
	if d.closed {
		d.mu.RUnlock()
		return ErrClosed
	}
	d.changes <- c
	d.mu.RUnlock()
	return <-c.done
}

// Close waits for the changes under way and closes the file.
func (d *Disk) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	close(d.changes)
	d.mu.Unlock()
	d.idle.Wait()
	return errors.Join(d.db.Sync(), d.db.Close())
}

func (d *Disk) commit() {
	group := make([]change, 0, maxGroup)
	for c := range d.changes {
		group = append(group[:0], c)
		group = d.waiting(group)
		d.commitGroup(group)
	}
}

// waiting adds what already waits to group.
func (d *Disk) waiting(group []change) []change {
	for len(group) < maxGroup {
		select {
		case c, ok := <-d.changes:
			if !ok {
				return group
			}
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// commitGroup acknowledges each change of a group after their one commit. A
// failed commit (full disk) fails all of them and leaves nothing behind.
func (d *Disk) commitGroup(group []change) {
	errs := make([]error, len(group))
	err := d.db.Update(func(btx *bolt.Tx) error {
		tx := &diskTx{tx: btx}
		for i, c := range group {
			errs[i] = c.fn(tx)
			if tx.err != nil {
				return tx.err
			}
		}
		return nil
	})
	for i, c := range group {
		if err != nil {
			errs[i] = fmt.Errorf("commit: %w", err)
		}
		c.done <- errs[i]
	}
}

// sequence is the bucket whose sequence Next counts.
var sequence = []byte("sequence")

type diskTx struct {
	tx      *bolt.Tx
	buckets [256]*bolt.Bucket
	err     error // the first error of a write; the commit fails with it
}

func (t *diskTx) bucket(s Space) *bolt.Bucket {
	if t.buckets[s] == nil {
		t.buckets[s] = t.tx.Bucket([]byte{byte(s)})
	}
	return t.buckets[s]
}

func (t *diskTx) Get(s Space, k []byte) []byte {
	if b := t.bucket(s); b != nil {
		return b.Get(k)
	}
	return nil
}

func (t *diskTx) Ascend(s Space, from []byte, fn func(k, v []byte) bool) {
	b := t.bucket(s)
	if b == nil {
		return
	}
	c := b.Cursor()
	for k, v := c.Seek(from); k != nil && fn(k, v); k, v = c.Next() {
	}
}

func (t *diskTx) Descend(s Space, from []byte, fn func(k, v []byte) bool) {
	b := t.bucket(s)
	if b == nil {
		return
	}
	c := b.Cursor()
	k, v := c.Seek(from)
	if k == nil {
		k, v = c.Last()
	} else if string(k) != string(from) {
		k, v = c.Prev()
	}
	for ; k != nil && fn(k, v); k, v = c.Prev() {
	}
}

func (t *diskTx) Put(s Space, k, v []byte) {
	b := t.bucket(s)
	if b == nil {
		var err error
		if b, err = t.tx.CreateBucketIfNotExists([]byte{byte(s)}); err != nil {
			t.fail(err)
			return
		}
		t.buckets[s] = b
	}
	if v == nil {
		v = []byte{} // bbolt gives nil back for nil, which reads as absent
	}
	t.fail(b.Put(k, v))
}

func (t *diskTx) Delete(s Space, k []byte) {
	if b := t.bucket(s); b != nil {
		t.fail(b.Delete(k))
	}
}

func (t *diskTx) Next() uint64 {
	n, err := t.tx.Bucket(sequence).NextSequence()
	t.fail(err)
	return n
}

func (t *diskTx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

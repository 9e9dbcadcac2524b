package localcloud

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// body is an open body.
type body interface {
	io.ReaderAt
	io.Closer
}

// bodies keeps the bodies of blobs under names that are used once.
type bodies interface {
	// write stores a body; size > 0 is what it must have.
	write(id [16]byte, from io.Reader, size int64) (name string, n int64, err error)
	open(name string) (body, error)
	// discard notes in a commit that a body is no longer used; "" is none.
	discard(tx kv.Tx, name string)
	// remove deletes a body that is not used; keep one that now is.
	remove(name string)
	keep(name string)
}

// copyBody copies a body and checks its length. An error of the reader keeps its
// kind, and without one it is fault.Invalid: the body was not what was promised.
func copyBody(to io.Writer, from io.Reader, size int64) (int64, error) {
	r := &blameReader{from: from}
	n, err := io.Copy(to, r)
	switch {
	case r.err != nil && fault.KindOf(r.err) != fault.Internal:
		return n, r.err
	case r.err != nil:
		return n, fault.Wrap(fault.Invalid, r.err, "blob: read body")
	case err != nil:
		return n, fault.Wrap(fault.Unavailable, err, "blob: write body")
	case size > 0 && n != size:
		return n, fault.New(fault.Invalid, "blob: body of %d bytes, %d announced", n, size)
	}
	return n, nil
}

// blameReader remembers whether it was the reader that failed.
type blameReader struct {
	from io.Reader
	err  error
}

func (r *blameReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// memoryBodies keeps bodies in the store itself, so that they outlive a Reopen.
type memoryBodies struct{ store kv.Store }

func (m memoryBodies) write(id [16]byte, from io.Reader, size int64) (string, int64, error) {
	var b bytes.Buffer
	n, err := copyBody(&b, from, size)
	if err != nil {
		return "", 0, err
	}
	name := hex.EncodeToString(id[:])
	err = m.store.Update(func(tx kv.Tx) error {
		tx.Put(spaceBody, []byte(name), b.Bytes())
		return nil
	})
	return name, n, storeError(err)
}

func (m memoryBodies) open(name string) (body, error) {
	var r body
	err := m.store.View(func(tx kv.Tx) error {
		b := tx.Get(spaceBody, []byte(name))
		if b == nil {
			return fs.ErrNotExist
		}
		r = memoryBody{bytes.NewReader(b)} // a body never changes
		return nil
	})
	return r, err
}

type memoryBody struct{ *bytes.Reader }

func (memoryBody) Close() error { return nil }

func (m memoryBodies) discard(tx kv.Tx, name string) { tx.Delete(spaceBody, []byte(name)) }

func (m memoryBodies) keep(string) {}

func (m memoryBodies) remove(name string) {
	_ = m.store.Update(func(tx kv.Tx) error { // memory does not fail
		tx.Delete(spaceBody, []byte(name))
		return nil
	})
}

// diskBodies keeps bodies as files: in "new" until their object is committed,
// then in one of 256 folders. A file that is no longer used is listed in the
// store (spaceTrash) by the commit that makes it so; after a crash the next open
// deletes what is still there, so nothing deleted ever stays on the disk.
type diskBodies struct {
	dir  string
	sync bool

	mu   sync.Mutex
	gone []string // deleted, but still listed in spaceTrash
}

func openBodies(dir string, sync bool, store kv.Store) (*diskBodies, error) {
	d := &diskBodies{dir: dir, sync: sync}
	if err := os.MkdirAll(d.fresh(""), 0o700); err != nil {
		return nil, err
	}
	fresh, err := os.ReadDir(d.fresh(""))
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	var trash []string
	err = store.View(func(tx kv.Tx) error {
		tx.Ascend(spaceTrash, nil, func(k, _ []byte) bool {
			trash = append(trash, string(k))
			return true
		})
		if len(fresh) > 0 {
			tx.Ascend(spaceBlob, nil, func(_, v []byte) bool {
				if row, err := decodeRow(v); err == nil {
					used[row.body] = true
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range trash {
		d.remove(name)
	}
	for _, f := range fresh {
		if used[f.Name()] {
			d.keep(f.Name())
		} else {
			d.remove(f.Name())
		}
	}
	return d, nil
}

func (d *diskBodies) fresh(name string) string { return filepath.Join(d.dir, "new", name) }

func (d *diskBodies) path(name string) string { return filepath.Join(d.dir, name[:2], name) }

func (d *diskBodies) write(id [16]byte, from io.Reader, size int64) (string, int64, error) {
	name := hex.EncodeToString(id[:])
	f, err := os.OpenFile(d.fresh(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, fault.Wrap(fault.Unavailable, err, "blob: write body")
	}
	n, err := copyBody(f, from, size)
	if err == nil && d.sync {
		err = fault.Wrap(fault.Unavailable, errors.Join(f.Sync(), syncDir(d.fresh(""))), "blob: sync body")
	}
	if closed := f.Close(); err == nil {
		err = fault.Wrap(fault.Unavailable, closed, "blob: write body")
	}
	if err != nil {
		d.remove(name)
		return "", 0, err
	}
	return name, n, nil
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *diskBodies) open(name string) (body, error) {
	f, err := os.Open(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.Open(d.fresh(name)); errors.Is(err, fs.ErrNotExist) {
			f, err = os.Open(d.path(name)) // moved in between
		}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *diskBodies) discard(tx kv.Tx, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, old := range d.gone {
		tx.Delete(spaceTrash, []byte(old))
	}
	d.gone = nil
	if name != "" {
		tx.Put(spaceTrash, []byte(name), []byte{})
	}
}

// keep moves a body to its folder. If that fails it is found where it is.
func (d *diskBodies) keep(name string) {
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err == nil {
		_ = os.Rename(d.fresh(name), d.path(name))
	}
}

func (d *diskBodies) remove(name string) {
	if len(name) < 2 {
		return
	}
	a, b := os.Remove(d.path(name)), os.Remove(d.fresh(name))
	if (a == nil || errors.Is(a, fs.ErrNotExist)) && (b == nil || errors.Is(b, fs.ErrNotExist)) {
		d.mu.Lock()
		d.gone = append(d.gone, name)
		d.mu.Unlock()
	}
}

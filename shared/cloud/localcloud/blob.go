package localcloud

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// maxBlobKey is the longest key, as S3 has it.
const maxBlobKey = 1024

// Blobs returns the blobs.
func (c *Cloud) Blobs() cloud.Blobs { return (*blobs)(c) }

// blobs keeps what is known of an object in the store and its body in a file of
// its own. An object is there if and only if the store has its row, so a body
// that was written half is never seen.
type blobs Cloud

// blobRow is what the store knows of an object.
type blobRow struct {
	size     int64
	modified time.Time
	body     string // name of the body
}

func (r blobRow) encode() []byte {
	return attr.Encode(cloud.Item{"size": r.size, "at": r.modified.UnixNano(), "body": r.body})
}

func decodeRow(b []byte) (blobRow, error) {
	i, err := attr.Decode(b)
	return blobRow{i.Int("size"), time.Unix(0, i.Int("at")).UTC(), i.Str("body")}, err
}

func (r blobRow) info(key string) cloud.BlobInfo {
	return cloud.BlobInfo{Key: key, Size: r.size, Modified: r.modified.Truncate(time.Second)} // S3 tells seconds
}

func checkBlobKey(key string) error {
	if key == "" || len(key) > maxBlobKey || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return fault.New(fault.Invalid, "blob: key of %d bytes", len(key))
	}
	return nil
}

func (c *Cloud) beginBlob(ctx context.Context, op Op, key string) (Verdict, error) {
	v, err := c.begin(ctx, Call{Op: op, Name: key})
	if err == nil && v == Throttle {
		err = throttled(op)
	}
	return v, err
}

// Put implements cloud.Blobs.
func (b *blobs) Put(ctx context.Context, key string, body io.Reader, o cloud.PutOptions) error {
	if err := checkBlobKey(key); err != nil {
		return err
	}
	c := (*Cloud)(b)
	v, err := c.beginBlob(ctx, OpBlobPut, key)
	if err != nil {
		return err
	}
	name, size, err := c.bodies.write(c.randomID(), contextReader{ctx, body}, o.Size)
	if err != nil {
		return err
	}
	row := blobRow{size, c.now(), name}
	if err := c.commitBlob(key, row, o.IfAbsent); err != nil {
		c.bodies.remove(name)
		return err
	}
	c.bodies.keep(name)
	return c.ack(OpBlobPut, v)
}

// contextReader ends with its context, so that a body that never comes does not
// hold up its caller for ever.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, contextError(r.ctx)
	}
	return r.Reader.Read(p)
}

// commitBlob makes a written body the object under key and tells the queues that
// want to know, in one commit.
func (c *Cloud) commitBlob(key string, row blobRow, ifAbsent bool) error {
	id := c.randomID()
	var old string
	err := c.store.Update(func(tx kv.Tx) error {
		old = ""
		if was := tx.Get(spaceBlob, []byte(key)); was != nil {
			if ifAbsent {
				return fault.New(fault.Conflict, "blob: it is there already")
			}
			r, err := decodeRow(was)
			if err != nil {
				return err
			}
			old = r.body
		}
		c.bodies.discard(tx, old)
		tx.Put(spaceBlob, []byte(key), row.encode())
		c.notice(tx, id, key, row)
		return nil
	})
	if err != nil {
		return storeError(err)
	}
	c.bodies.remove(old)
	c.sent.raise()
	return nil
}

// Get implements cloud.Blobs.
func (b *blobs) Get(ctx context.Context, key string, from, to int64) (io.ReadCloser, cloud.BlobInfo, error) {
	if from < 0 || (to >= 0 && to <= from) || to < -1 {
		return nil, cloud.BlobInfo{}, fault.New(fault.Invalid, "blob: range %d to %d", from, to)
	}
	if err := checkBlobKey(key); err != nil {
		return nil, cloud.BlobInfo{}, err
	}
	c := (*Cloud)(b)
	v, err := c.beginBlob(ctx, OpBlobGet, key)
	if err != nil {
		return nil, cloud.BlobInfo{}, err
	}
	row, body, err := c.openBlob(key)
	if err != nil {
		return nil, cloud.BlobInfo{}, err
	}
	whole := from == 0 && to == -1
	if err := cmp.Or(lost(OpBlobGet, v), c.alive()); err != nil || (from >= row.size && !whole) {
		return nil, cloud.BlobInfo{}, errors.Join(cmp.Or(err, fault.New(fault.Invalid, "blob: range begins behind the end")), body.Close())
	}
	if to < 0 || to > row.size {
		to = row.size
	}
	return ranged{io.NewSectionReader(body, from, to-from), body}, row.info(key), nil
}

// ranged reads a part of a body.
type ranged struct {
	io.Reader
	io.Closer
}

// openBlob opens the body of the object under key. The object may be replaced
// between the two steps; then it looks again.
func (c *Cloud) openBlob(key string) (blobRow, body, error) {
	for {
		var row blobRow
		err := c.store.View(func(tx kv.Tx) error {
			b := tx.Get(spaceBlob, []byte(key))
			if b == nil {
				return fault.New(fault.NotFound, "blob: no such object")
			}
			var err error
			row, err = decodeRow(b)
			return err
		})
		if err != nil {
			return row, nil, storeError(err)
		}
		f, err := c.bodies.open(row.body)
		if err == nil {
			return row, f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || c.hasBody(key, row.body) {
			return row, nil, fault.Wrap(fault.Unavailable, err, "blob: body")
		}
	}
}

// hasBody reports whether the object under key still has that body.
func (c *Cloud) hasBody(key, name string) bool {
	var row blobRow
	err := c.store.View(func(tx kv.Tx) (err error) {
		if b := tx.Get(spaceBlob, []byte(key)); b != nil {
			row, err = decodeRow(b)
		}
		return err
	})
	return err == nil && row.body == name
}

// List implements cloud.Blobs.
func (b *blobs) List(ctx context.Context, prefix, after string, limit int) ([]cloud.BlobInfo, error) {
	if limit < 1 || limit > 1000 {
		return nil, fault.New(fault.Invalid, "blob: list of %d", limit)
	}
	c := (*Cloud)(b)
	v, err := c.beginBlob(ctx, OpBlobList, prefix)
	if err != nil {
		return nil, err
	}
	var out []cloud.BlobInfo
	err = c.store.View(func(tx kv.Tx) error {
		var bad error
		tx.Ascend(spaceBlob, []byte(max(prefix, after)), func(k, v []byte) bool {
			if string(k) == after {
				return true
			}
			if !bytes.HasPrefix(k, []byte(prefix)) || len(out) == limit {
				return false
			}
			row, err := decodeRow(v)
			if err != nil {
				bad = err
				return false
			}
			out = append(out, row.info(string(k)))
			return true
		})
		return bad
	})
	if err := cmp.Or(storeError(err), lost(OpBlobList, v), c.alive()); err != nil {
		return nil, err
	}
	return out, nil
}

// Delete implements cloud.Blobs.
func (b *blobs) Delete(ctx context.Context, key string) error {
	if err := checkBlobKey(key); err != nil {
		return err
	}
	c := (*Cloud)(b)
	v, err := c.beginBlob(ctx, OpBlobDel, key)
	if err != nil {
		return err
	}
	var old string
	err = c.store.Update(func(tx kv.Tx) error {
		old = ""
		was := tx.Get(spaceBlob, []byte(key))
		if was == nil {
			return nil
		}
		r, err := decodeRow(was)
		if err != nil {
			return err
		}
		old = r.body
		c.bodies.discard(tx, old)
		tx.Delete(spaceBlob, []byte(key))
		return nil
	})
	if err != nil {
		return storeError(err)
	}
	c.bodies.remove(old)
	return c.ack(OpBlobDel, v)
}

package recorder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

const (
	retryFirst    = time.Second
	retryMost     = 5 * time.Minute
	uploadTimeout = 10 * time.Minute // an hour of audio over a slow line
)

// finish uploads a stopped recording, puts its index item and clears the spool,
// trying again until it is done or the recorder closes.
func (r *Recorder) finish(rec *Recording) {
	r.retry(rec.side.subject(), func(ctx context.Context) error {
		rec.keep()
		rec.file.close()
		if !rec.keyed {
			return fault.New(fault.Unavailable, "recorder: no data key yet")
		}
		x := recording.Index{
			Subject: rec.side.subject(), Object: rec.side.Object, Started: rec.side.Started, Channels: rec.side.Channels,
			Samples: rec.line.base, Bytes: rec.file.total(), Flags: rec.flags, Wrapped: rec.side.Wrapped, DataKey: rec.side.DataKey,
		}
		return r.publish(ctx, rec.stem, x, &rec.file)
	})
}

// finishLeftOver finishes what an earlier process did not: it opens the spool
// file, seals an end behind the last whole frame if there is none, and goes on
// as if it were our own.
func (r *Recorder) finishLeftOver(l leftOver) {
	r.retry(l.side.subject(), func(ctx context.Context) error {
		x, file, err := r.recover(ctx, l)
		if errors.Is(err, errNothing) {
			r.Log.Warn("recording had not begun: nothing to keep", "recording", l.side.subject().String())
			return removeSpool(l.stem)
		}
		if err != nil {
			return err
		}
		return r.publish(ctx, l.stem, x, file)
	})
}

// errNothing says that the writer died before its first whole byte of audio.
var errNothing = errors.New("recorder: empty spool file")

// recover reads a spool file with its key and completes it on disk.
func (r *Recorder) recover(ctx context.Context, l leftOver) (recording.Index, *spoolFile, error) {
	s := l.side.subject()
	plain, err := r.Keys.Unwrap(ctx, l.side.DataKey, recording.KeyContext(s.Tenant))
	if err != nil {
		return recording.Index{}, nil, fault.Wrap(fault.KindOf(err), err, "recorder: data key")
	}
	defer clear(plain)
	key, err := recording.UnwrapKey(plain, l.side.Wrapped, s)
	if err != nil {
		return recording.Index{}, nil, err
	}
	file, err := os.OpenFile(l.stem+audioSuffix, os.O_RDWR, 0)
	if err != nil {
		return recording.Index{}, nil, fault.Wrap(fault.Unavailable, err, "recorder: open spool file")
	}
	defer file.Close()
	rd, err := recording.NewReader(file, key, s)
	for err == nil {
		_, err = rd.Next()
	}
	switch {
	case errors.Is(err, recording.ErrTorn) && rd == nil:
		err = errNothing
	case errors.Is(err, recording.ErrTorn):
		err = r.sealEnd(file, rd, s)
	case errors.Is(err, io.EOF):
		err = nil
	}
	if err != nil {
		return recording.Index{}, nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return recording.Index{}, nil, fault.Wrap(fault.Unavailable, err, "recorder: size of spool file")
	}
	flags := rd.Flags()
	if !rd.Complete() {
		flags |= recording.Torn
	}
	return recording.Index{
		Subject: s, Object: l.side.Object, Started: l.side.Started, Channels: l.side.Channels,
		Samples: rd.Samples(), Bytes: size, Flags: flags, Wrapped: l.side.Wrapped, DataKey: l.side.DataKey,
	}, &spoolFile{path: l.stem + audioSuffix, size: size}, nil
}

// sealEnd gives a torn file its end, in the place of a frame that was not whole.
func (r *Recorder) sealEnd(file *os.File, rd *recording.Reader, s recording.Subject) error {
	end, err := rd.SealEnd(nil)
	if err != nil {
		return err
	}
	if err := file.Truncate(rd.Offset()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "recorder: cut spool file")
	}
	if _, err := file.WriteAt(end, rd.Offset()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "recorder: end spool file")
	}
	r.Log.Warn("recording was torn: it is whole up to here", "recording", s.String(), "seconds", rd.Samples()/recording.Rate)
	return nil
}

// publish uploads the object, puts the index item, and only then clears the spool.
func (r *Recorder) publish(ctx context.Context, stem string, x recording.Index, file *spoolFile) error {
	tail, err := tailOf(file)
	if err != nil {
		return err
	}
	x.Tail = tail
	if err := r.upload(ctx, x, file); err != nil {
		return err
	}
	if err := r.store.Put(ctx, x); err != nil {
		return err
	}
	if err := removeSpool(stem); err != nil {
		r.Log.Warn("recording: spool not cleared", "recording", x.Subject.String(), "error", err)
	}
	r.Log.Info("recording stored", "recording", x.Subject.String(), "bytes", x.Bytes, "seconds", x.Samples/recording.Rate, "flags", int(x.Flags))
	return nil
}

func (r *Recorder) upload(ctx context.Context, x recording.Index, file *spoolFile) error {
	body, err := file.body()
	if err != nil {
		return err
	}
	defer body.Close()
	err = r.Blobs.Put(ctx, x.Object, body, cloud.PutOptions{IfAbsent: true, ContentType: "application/octet-stream", Size: x.Bytes})
	if fault.KindOf(err) != fault.Conflict {
		return fault.Wrap(fault.KindOf(err), err, "recorder: upload")
	}
	// Something stands there: an upload whose answer was lost, or not ours.
	stored, info, err := r.Blobs.Get(ctx, x.Object, max(0, x.Bytes-recording.TailSize), -1)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "recorder: look at object")
	}
	defer stored.Close()
	tail, err := io.ReadAll(io.LimitReader(stored, recording.TailSize+1))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "recorder: look at object")
	}
	if info.Size != x.Bytes || !bytes.Equal(tail, x.Tail) {
		return fault.New(fault.Conflict, "recorder: another object stands at the recording's place")
	}
	return nil
}

func tailOf(file *spoolFile) ([]byte, error) {
	body, err := file.body()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if _, err := io.CopyN(io.Discard, body, max(0, file.total()-recording.TailSize)); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "recorder: read spool file")
	}
	tail, err := io.ReadAll(body)
	return tail, fault.Wrap(fault.Unavailable, err, "recorder: read spool file")
}

// retry does something until it succeeds or the recorder closes, with growing,
// scattered pauses. What can never succeed stays in the spool and is reported.
func (r *Recorder) retry(s recording.Subject, do func(context.Context) error) {
	pause := retryFirst
	for {
		select {
		case r.slots <- struct{}{}:
		case <-r.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(r.ctx, uploadTimeout)
		err := do(ctx)
		cancel()
		<-r.slots
		if err == nil || r.ctx.Err() != nil {
			return
		}
		if hopeless(err) {
			r.Log.Error("recording stays in the spool: it needs a look", "recording", s.String(), "error", err)
			return
		}
		r.Log.Warn("recording not stored yet", "recording", s.String(), "again", pause.String(), "error", err)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-r.ctx.Done():
			return
		}
		pause = min(2*pause, retryMost)
	}
}

// hopeless reports whether trying again cannot help: the file or its key is not
// what it should be, or another recording has its place.
func hopeless(err error) bool {
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return true
	}
	return false
}

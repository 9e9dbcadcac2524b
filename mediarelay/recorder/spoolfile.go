package recorder

import (
	"bytes"
	"io"
	"log/slog"
	"os"

	"huawu/shared/fault"
)

// spoolFile is sealed audio on its way to disk: what is written, and what waits
// in memory because the disk did not take it yet.
type spoolFile struct {
	path    string
	open    func(path string) (*os.File, error) // openSpool, but in tests
	file    *os.File
	size    int64 // bytes on disk
	backlog []byte
	failed  error // of the latest try
}

// flush writes what waits. A failure is logged once, until a write succeeds.
func (f *spoolFile) flush(log *slog.Logger) {
	if err := f.write(); err != nil {
		f.fail(log, err)
		return
	}
	if f.failed != nil {
		log.Warn("recording is spooled again", "bytes", f.size)
		f.failed = nil
	}
}

func (f *spoolFile) fail(log *slog.Logger, err error) {
	if f.failed == nil {
		log.Error("recording cannot be spooled: is the disk full? the call goes on", "error", err)
	}
	f.failed = err
}

func (f *spoolFile) write() error {
	if len(f.backlog) == 0 {
		return nil
	}
	if f.file == nil {
		file, err := f.open(f.path)
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "recorder: open spool file")
		}
		f.file = file
	}
	n, err := f.file.WriteAt(f.backlog, f.size)
	f.size += int64(n)
	f.backlog = f.backlog[:copy(f.backlog, f.backlog[n:])]
	return fault.Wrap(fault.Unavailable, err, "recorder: write spool file")
}

func openSpool(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

func (f *spoolFile) close() {
	if f.file != nil {
		f.file.Close() // every byte was written by WriteAt: nothing is left to fail
		f.file = nil
	}
}

// total is how many bytes the recording has.
func (f *spoolFile) total() int64 { return f.size + int64(len(f.backlog)) }

// body returns the whole sealed recording, from disk and from memory.
func (f *spoolFile) body() (io.ReadCloser, error) {
	file, err := os.Open(f.path)
	if err != nil && f.size > 0 {
		return nil, fault.Wrap(fault.Unavailable, err, "recorder: open spool file")
	}
	if err != nil {
		return io.NopCloser(bytes.NewReader(f.backlog)), nil
	}
	return bodyReader{io.MultiReader(io.NewSectionReader(file, 0, f.size), bytes.NewReader(f.backlog)), file}, nil
}

type bodyReader struct {
	io.Reader
	io.Closer
}

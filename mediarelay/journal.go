package relay

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"huawu/mediarelay/call"
	"huawu/shared/fault"
)

// journal keeps one small file per live call in a folder of the relay's own. A
// file is replaced by renaming, so that a process that is killed leaves the old
// or the new one; it is not synced, as a machine that loses power loses its
// folder as well (a task's disk dies with it). It is a call.Journal.
type journal struct{ dir string }

const (
	noteSuffix = ".json"
	halfSuffix = ".tmp"  // being written; nothing is lost with it
	tornSuffix = ".torn" // unreadable; kept for whoever looks into it
)

func openJournal(dir string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "relay: make journal")
	}
	return &journal{dir}, nil
}

// path returns the file of a call; ids are ours, but they become names here.
func (j *journal) path(id string) (string, error) {
	if id == "" || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return "", fault.New(fault.Invalid, "relay: transaction id is no file name")
	}
	return filepath.Join(j.dir, id+noteSuffix), nil
}

// Save puts a call's note in place of the one before.
func (j *journal) Save(e call.Entry) error {
	path, err := j.path(e.TransactionID)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "relay: write journal")
	}
	half := path + halfSuffix
	if err := os.WriteFile(half, raw, 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "relay: write journal")
	}
	return fault.Wrap(fault.Unavailable, os.Rename(half, path), "relay: write journal")
}

// Remove takes a call's note away; an absent one is no error.
func (j *journal) Remove(id string) error {
	path, err := j.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "relay: remove from journal")
	}
	return nil
}

// load returns every note. A file that cannot be read is named in the log once
// and put aside.
func (j *journal) load(log *slog.Logger) ([]call.Entry, error) {
	files, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "relay: read journal")
	}
	var list []call.Entry
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), noteSuffix) {
			continue
		}
		path := filepath.Join(j.dir, f.Name())
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its call ended in this moment
		}
		var e call.Entry
		if err == nil {
			err = json.Unmarshal(raw, &e)
		}
		if err == nil && e.TransactionID+noteSuffix != f.Name() {
			err = fault.New(fault.Invalid, "note of another call")
		}
		if err != nil {
			log.Error("journal: note is torn; the end of its call cannot be reported", "file", f.Name(), "bytes", len(raw), "error", err)
			if err := os.Rename(path, path+tornSuffix); err != nil {
				log.Error("journal: torn note not put aside", "file", f.Name(), "error", err)
			}
			continue
		}
		list = append(list, e)
	}
	return list, nil
}

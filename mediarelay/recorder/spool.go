package recorder

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"huawu/shared/fault"
	"huawu/shared/recording"
)

// The two files of a spooled recording: sealed audio, and what is needed to
// finish it, whoever does. Neither holds a key in clear.
const (
	audioSuffix   = ".hwr"
	sidecarSuffix = ".json"
)

// sidecar tells a later process whose audio a spool file holds.
type sidecar struct {
	Tenant   string    `json:"tenant"`
	Contact  string    `json:"contact"`
	Segment  int       `json:"segment"`
	Object   string    `json:"object"`
	Started  time.Time `json:"started"`
	Channels int       `json:"channels"`
	Wrapped  []byte    `json:"wrapped"`
	DataKey  []byte    `json:"dataKey"`
}

func (s sidecar) subject() recording.Subject {
	return recording.Subject{Tenant: s.Tenant, Contact: s.Contact, Segment: s.Segment}
}

// stem returns the path of a subject's spool files without suffix. A subject
// that is no plain name is fault.Invalid: names must not leave the folder.
func stem(dir string, s recording.Subject) (string, error) {
	for _, part := range []string{s.Tenant, s.Contact} {
		if part == "" || part[0] == '.' || strings.ContainsFunc(part, notPlain) {
			return "", fault.New(fault.Invalid, "recorder: tenant or contact is no plain name")
		}
	}
	name := strings.TrimSuffix(filepath.Base(recording.ObjectKey(s, time.Time{})), recording.ObjectSuffix)
	return filepath.Join(dir, s.Tenant+"."+name), nil
}

func notPlain(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// writeSidecar stores a sidecar whole or not at all.
func writeSidecar(stem string, s sidecar) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "recorder: sidecar")
	}
	temp := stem + ".tmp"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "recorder: sidecar")
	}
	return fault.Wrap(fault.Unavailable, os.Rename(temp, stem+sidecarSuffix), "recorder: sidecar")
}

// removeSpool removes both files, the audio first: a sidecar alone is known to
// be finished, audio alone could not be.
func removeSpool(stem string) error {
	var errs []error
	for _, suffix := range []string{audioSuffix, sidecarSuffix} {
		if err := os.Remove(stem + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// leftOver is a spooled recording that an earlier process did not finish.
type leftOver struct {
	stem string
	side sidecar
}

// leftOvers reads what lies in the spool folder and clears what is of no use:
// half-written sidecars, sidecars whose audio is uploaded, and audio whose key
// died with its process. Each of the last, and each file that cannot be read,
// is an error in bad; it keeps no other from being found.
func leftOvers(dir string) (found []leftOver, bad []error, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "recorder: read spool")
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		at := strings.TrimSuffix(path, filepath.Ext(path))
		var err error
		switch filepath.Ext(path) {
		case ".tmp":
			err = os.Remove(path)
		case sidecarSuffix:
			var l leftOver
			if l, err = readSidecar(at); err == nil && l.stem != "" {
				found = append(found, l)
			}
		case audioSuffix:
			if _, missing := os.Stat(at + sidecarSuffix); errors.Is(missing, fs.ErrNotExist) {
				err = errors.Join(errors.New("its key was never wrapped: unreadable, removed"), os.Remove(path))
			}
		}
		if err != nil {
			bad = append(bad, fault.Wrap(fault.Internal, err, "recorder: spool file %s", e.Name()))
		}
	}
	return found, bad, nil
}

// readSidecar reads a sidecar, or removes it if its audio is gone.
func readSidecar(stem string) (leftOver, error) {
	if _, err := os.Stat(stem + audioSuffix); errors.Is(err, fs.ErrNotExist) {
		return leftOver{}, os.Remove(stem + sidecarSuffix)
	}
	b, err := os.ReadFile(stem + sidecarSuffix)
	if err != nil {
		return leftOver{}, err
	}
	var s sidecar
	if err := json.Unmarshal(b, &s); err != nil {
		return leftOver{}, err
	}
	return leftOver{stem, s}, nil
}

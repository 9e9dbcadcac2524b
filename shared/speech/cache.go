package speech

import (
	"context"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"

	"huawu/shared/fault"
)

// Cached keeps what another synthesizer spoke in a folder, one file of raw
// 16-bit little-endian samples for each hash of a text. A file that cannot be
// written costs the next caller the same work again, nothing else.
type Cached struct {
	From Synthesizer
	Dir  string // is made when first needed
}

// Speak returns the stored samples, or has them made and stores them.
func (c Cached) Speak(ctx context.Context, text string, v Voice) ([]int16, error) {
	name := filepath.Join(c.Dir, Hash(text, v)+".s16")
	if raw, err := os.ReadFile(name); err == nil && len(raw) > 0 && len(raw)%2 == 0 {
		return fromBytes(raw), nil
	}
	pcm, err := c.From.Speak(ctx, text, v)
	if err != nil {
		return nil, err
	}
	if err := c.store(name, pcm); err != nil { // a full disk is no reason for silence
		slog.WarnContext(ctx, "spoken text not kept", "error", err)
	}
	return pcm, nil
}

// store writes by way of another name, so that no reader sees half a file.
func (c Cached) store(name string, pcm []int16) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fault.Wrap(fault.Unavailable, err, "make speech cache")
	}
	f, err := os.CreateTemp(c.Dir, "*.part")
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "write speech cache")
	}
	_, err = f.Write(toBytes(pcm))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return fault.Wrap(fault.Unavailable, err, "write speech cache")
}

func fromBytes(raw []byte) []int16 {
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return pcm
}

func toBytes(pcm []int16) []byte {
	raw := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(s))
	}
	return raw
}

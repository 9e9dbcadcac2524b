package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
)

// Digest is a fingerprint of a run: every change of the table in the order in
// which it was told, and when. Two runs with one digest did the same.
type Digest [16]byte

// String returns d in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Add joins the digest of another run to d; the order of runs does not matter.
func (d *Digest) Add(o Digest) {
	for n := range d {
		d[n] ^= o[n]
	}
}

// digest makes a Digest of what it is told.
type digest struct {
	sum hash.Hash
	buf []byte
}

func (d *digest) begin() { d.sum = sha256.New() }

// change takes a change of the table, told at a time of the run.
func (d *digest) change(at int64, c lambdaevent.Change) {
	k := c.New.Key()
	d.buf = append(d.buf[:0], k.Part...)
	d.buf = append(append(append(d.buf, 0), k.Sort...), 0)
	for _, name := range []string{contact.AttrState, contact.AttrOffer, contact.AttrOfferAgent, "reason", cloud.AttrPart} {
		d.buf = append(append(d.buf, c.New.Str(name)...), 0)
	}
	for _, n := range []int64{at, c.New.Int(contact.AttrVersion), c.New.Int(contact.AttrEpoch), c.New.Int("used.voice")} {
		d.buf = binary.BigEndian.AppendUint64(d.buf, uint64(n))
	}
	d.sum.Write(d.buf)
}

func (d *digest) end() (out Digest) {
	copy(out[:], d.sum.Sum(nil))
	return out
}

package release

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
)

// maxPacked bounds a packed document: an item takes 400 KB. Flows shrink to a
// tenth, so this is far beyond the 1 MB that Amazon Connect allows.
const maxPacked = 380 << 10

// Version is one document of a flow.
type Version struct {
	Number   int   // 0 for the draft
	Revision int64 // of the draft
	Name     string
	Type     flow.Type
	At       time.Time // saved or published, UTC
	By       string    // id of who did it
	Note     string
	Sum      string // SHA-256 of the document, hex
	Document []byte // exactly as it was saved; nil in lists
}

// Attributes of documents.
const (
	attrAt    = "at"
	attrBy    = "by"
	attrNote  = "note"
	attrSum   = "sum"
	attrPack  = "packed"
	attrNum   = "number"
	sortDraft = "draft"
)

// ReadVersion decodes a version or a draft.
func ReadVersion(i cloud.Item) (Version, error) {
	if i == nil {
		return Version{}, ErrNoVersion
	}
	v := Version{Number: int(i.Int(attrNum)), Name: i.Str(attrName), Type: flow.Type(i.Str(attrType)), At: contact.FromMicros(i.Int(attrAt)),
		By: i.Str(attrBy), Note: i.Str(attrNote), Sum: i.Str(attrSum)}
	if v.Number == 0 {
		v.Revision = i.Int(contact.AttrVersion)
	}
	packed, _ := i[attrPack].([]byte)
	var err error
	if v.Document, err = unpack(packed); err != nil {
		return Version{}, fault.Wrap(fault.Internal, err, "release: read document")
	}
	return v, nil
}

// item encodes a version or draft under its key's v.
func (v Version) item() (cloud.Item, error) {
	packed, err := pack(v.Document)
	if err != nil {
		return nil, err
	}
	i := cloud.Item{contact.AttrVersion: max(v.Revision, 1), attrName: v.Name, attrType: string(v.Type), attrAt: contact.Micros(v.At), attrBy: v.By,
		attrSum: sum(v.Document), attrPack: packed}
	if v.Number > 0 {
		i[attrNum] = int64(v.Number)
	}
	if v.Note != "" {
		i[attrNote] = v.Note
	}
	return i, nil
}

func sum(document []byte) string {
	s := sha256.Sum256(document)
	return hex.EncodeToString(s[:])
}

func pack(document []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = w.Write(document)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "release: pack document")
	}
	if out.Len() > maxPacked {
		return nil, fault.New(fault.Invalid, "release: the document is too large: %d KB packed, at most %d KB are kept", out.Len()>>10, maxPacked>>10)
	}
	return out.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), flow.MaxBytes+1))
}

// Seed returns the writes that put a flow as its published version 1.
func Seed(tenant, id, name string, document []byte, at time.Time) ([]cloud.Write, error) {
	f, err := flow.Parse(document)
	if err != nil {
		return nil, err
	}
	v := Version{Number: 1, Name: name, Type: f.Type, At: at, Document: document}
	item, err := v.item()
	if err != nil {
		return nil, err
	}
	h := Head{ID: id, Name: name, Type: f.Type, Published: 1, Last: 1}
	return []cloud.Write{{Key: VersionKey(tenant, id, 1), Put: item}, h.write(tenant)}, nil
}

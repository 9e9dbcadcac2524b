package recording

import (
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Index is what the table knows of one recording. It holds the only copy of the
// wrapped key. Invariant: it is put once, after the object, and never changed
// but by deletion.
type Index struct {
	Subject  Subject
	Object   string    // key of the sealed object in Blobs
	Started  time.Time // UTC
	Samples  int64     // length of each channel, gaps and pauses included
	Channels int
	Bytes    int64  // size of the object
	Tail     []byte // last TailSize bytes of the object
	Flags    Flag   // of all segments
	Wrapped  []byte // recording's key under the data key
	DataKey  []byte // data key under KMS
}

// Duration is the length of the recording.
func (x Index) Duration() time.Duration {
	return time.Duration(x.Samples) * (time.Second / Rate)
}

// sortPrefix begins the sort keys of a contact's index items.
const sortPrefix = "RECORDING#"

// IndexKey is where the index item of s stands.
func IndexKey(s Subject) cloud.Key {
	return cloud.Key{Part: s.Tenant + "|C#" + s.Contact, Sort: sortPrefix + strconv.Itoa(s.Segment)}
}

// Item returns the stored form of x.
func (x Index) Item() cloud.Item {
	return cloud.Item{
		"v": int64(1), "tenant": x.Subject.Tenant, "contact": x.Subject.Contact, "segment": int64(x.Subject.Segment),
		"object": x.Object, "started": x.Started.UTC().Format(time.RFC3339Nano), "samples": x.Samples,
		"channels": int64(x.Channels), "bytes": x.Bytes, "tail": x.Tail, "flags": int64(x.Flags),
		"wrapped": x.Wrapped, "dataKey": x.DataKey,
	}
}

// FromItem reads an index item.
func FromItem(i cloud.Item) (Index, error) {
	started, err := time.Parse(time.RFC3339Nano, i.Str("started"))
	if err != nil {
		return Index{}, fault.Wrap(fault.Internal, err, "recording: index item")
	}
	tail, _ := i["tail"].([]byte)
	wrapped, _ := i["wrapped"].([]byte)
	dataKey, _ := i["dataKey"].([]byte)
	return Index{
		Subject: Subject{Tenant: i.Str("tenant"), Contact: i.Str("contact"), Segment: int(i.Int("segment"))},
		Object:  i.Str("object"), Started: started, Samples: i.Int("samples"), Channels: int(i.Int("channels")),
		Bytes: i.Int("bytes"), Tail: tail, Flags: Flag(i.Int("flags")), Wrapped: wrapped, DataKey: dataKey,
	}, nil
}

// ObjectPrefix begins the keys of all recordings.
const ObjectPrefix = "recordings/"

// ObjectSuffix ends the keys of all recordings.
const ObjectSuffix = ".hwr"

// ObjectKey is where the sealed object of s stands that started at t:
// recordings/<tenant>/<yyyy>/<mm>/<dd>/<contactId>-<segment>.hwr.
func ObjectKey(s Subject, t time.Time) string {
	return ObjectPrefix + s.Tenant + "/" + t.UTC().Format("2006/01/02") + "/" + s.Contact + "-" + strconv.Itoa(s.Segment) + ObjectSuffix
}

// ParseObjectKey reads whose recording stands at an object key.
func ParseObjectKey(key string) (Subject, error) {
	bad := fault.New(fault.Invalid, "recording: object key is none of a recording")
	rest, ok := strings.CutPrefix(key, ObjectPrefix)
	if !ok {
		return Subject{}, bad
	}
	if rest, ok = strings.CutSuffix(rest, ObjectSuffix); !ok {
		return Subject{}, bad
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 5 {
		return Subject{}, bad
	}
	name := parts[4]
	dash := strings.LastIndexByte(name, '-')
	if dash <= 0 || parts[0] == "" {
		return Subject{}, bad
	}
	segment, err := strconv.Atoi(name[dash+1:])
	if err != nil || segment < 0 || strconv.Itoa(segment) != name[dash+1:] {
		return Subject{}, bad
	}
	if _, err := time.Parse("2006/01/02", strings.Join(parts[1:4], "/")); err != nil {
		return Subject{}, bad
	}
	return Subject{Tenant: parts[0], Contact: name[:dash], Segment: segment}, nil
}

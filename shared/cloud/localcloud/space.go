package localcloud

import (
	"encoding/binary"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/kv"
)

// What is kept under which keys. Numbers are 8 bytes, big-endian.
const (
	spaceItem    kv.Space = 1  // part ‖ sort → item
	spaceIndex   kv.Space = 2  // index part ‖ index sort ‖ part ‖ sort → item
	spaceTTL     kv.Space = 3  // expiry second ‖ part ‖ sort → nothing
	spaceStream  kv.Space = 4  // shard ‖ sequence number → record
	spaceMeta    kv.Space = 5  // name → value: shards, checkpoints
	spaceToken   kv.Space = 6  // transaction token → hash ‖ time
	spaceMessage kv.Space = 7  // queue ‖ message id → message
	spaceDue     kv.Space = 8  // queue ‖ instant when visible ‖ message id → nothing
	spaceBlob    kv.Space = 9  // key → size, time, name of the body
	spaceBody    kv.Space = 10 // name → body, in memory only
	spaceTrash   kv.Space = 11 // names of bodies to be deleted
)

// appendPart appends a string so that no other string's keys come between.
func appendPart(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

func itemKey(k cloud.Key) []byte {
	b := make([]byte, 0, 2+len(k.Part)+len(k.Sort))
	return append(appendPart(b, k.Part), k.Sort...)
}

// appendOrdered appends a string so that keys sort by it, whatever follows it
// after appendEnd.
func appendOrdered(b []byte, s string) []byte {
	for {
		zero := strings.IndexByte(s, 0)
		if zero < 0 {
			return append(b, s...)
		}
		b = append(append(b, s[:zero]...), 0, 1)
		s = s[zero+1:]
	}
}

func appendEnd(b []byte) []byte { return append(b, 0, 0) }

// indexKey returns the key of an item in the index, nil if it is not in it.
func indexKey(i cloud.Item) []byte {
	part, sort := i.Str(cloud.AttrIndexPart), i.Str(cloud.AttrIndexSort)
	if part == "" || sort == "" {
		return nil
	}
	b := appendEnd(appendOrdered(appendPart(nil, part), sort))
	return append(b, itemKey(i.Key())...)
}

// ttlKey returns the key of an item among the expiring, nil if it never expires.
func ttlKey(i cloud.Item) []byte {
	at, ok := i[cloud.AttrTTL].(int64)
	if !ok || at <= 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), itemKey(i.Key())...)
}

func streamKey(shard int, seq uint64) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(shard))
	return binary.BigEndian.AppendUint64(b, seq)
}

func number(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func bytes8(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

package contact

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"huawu/shared/cloud"
)

// Sort keys of the items of one contact.
const (
	SortMeta      = "META"
	SortFlow      = "FLOW"
	SortRecord    = "REC#"
	SortRecording = "RECORDING#"
	SortLeft      = "ACW#"
	SortTalk      = "TALK"
	SortNote      = "NOTE#"
)

// NoteTransfer is the kind of the note that goes with a transfer.
const NoteTransfer = "transfer"

func part(tenant string, id ID) string { return tenant + "|C#" + string(id) }

// Key returns the key of a contact.
func Key(tenant string, id ID) cloud.Key { return cloud.Key{Part: part(tenant, id), Sort: SortMeta} }

// FlowKey returns the key of the flow state and attributes of a contact.
func FlowKey(tenant string, id ID) cloud.Key {
	return cloud.Key{Part: part(tenant, id), Sort: SortFlow}
}

// RecordKey returns the key of the record of segment n.
func RecordKey(tenant string, id ID, n int) cloud.Key {
	return cloud.Key{Part: part(tenant, id), Sort: SortRecord + strconv.Itoa(n)}
}

// RecordingKey returns the key of the index item of recording n.
func RecordingKey(tenant string, id ID, n int) cloud.Key {
	return cloud.Key{Part: part(tenant, id), Sort: SortRecording + strconv.Itoa(n)}
}

// NoteKey returns the key of a note about segment n: of a kind, or "" of the
// agent's at its end.
func NoteKey(tenant string, id ID, n int, kind string) cloud.Key {
	k := cloud.Key{Part: part(tenant, id), Sort: SortNote + strconv.Itoa(n)}
	if kind != "" {
		k.Sort += "#" + kind
	}
	return k
}

// ParseKey returns the contact that an item belongs to; ok is false for items
// of other things.
func ParseKey(k cloud.Key) (tenant string, id ID, ok bool) {
	tenant, rest, found := strings.Cut(k.Part, "|")
	name, found2 := strings.CutPrefix(rest, "C#")
	if !found || !found2 || name == "" || tenant == "" {
		return "", "", false
	}
	return tenant, ID(name), true
}

// SegmentID returns the ContactId of segment n in Connect's terms: segment 0 is
// the contact itself, each later agent connection a UUIDv5 of it.
func SegmentID(id ID, n int) string {
	if n == 0 {
		return string(id)
	}
	space, err := uuid.Parse(string(id))
	if err != nil { // not from our relay: still a stable name
		space = uuid.NewSHA1(uuid.NameSpaceOID, []byte(id))
	}
	return uuid.NewSHA1(space, []byte(strconv.Itoa(n))).String()
}

// ARN names a thing of a tenant where Connect shapes ask for an ARN.
func ARN(kind, tenant, id string) string {
	return fmt.Sprintf("arn:aws:huawu:::%s/%s/%s", kind, tenant, id)
}

package contact

import (
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
)

// Record is what remains of one segment of a contact: the contact as it stood
// when it was completed, with what only others knew. It is put once, by whoever
// ends the segment, and never changes.
type Record struct {
	Contact
	Username   string // of the agent, as at the end of the segment
	Profile    string // routing profile of the agent
	Attributes map[string]string
	Path       []byte // way through the flows: see flow/journey
	Told       Told   // the first wait that the customer was told
}

// transient lists attributes of a contact that mean nothing once it is over.
func transient() []string {
	return []string{AttrVersion, AttrEpoch, AttrRingSeconds, "excl", "steps", "notBefore", "came", "rank", "needs", "group", "acwUntil", "holdSince", "record", "whispers", "relay", "leg", "lastSeg", "from", "fromOffer", "talk"}
}

// Item returns r as the table keeps it, without its key.
func (r *Record) Item() cloud.Item {
	i := r.Contact.Item()
	for _, name := range transient() {
		delete(i, name)
	}
	w := writer(i)
	w[AttrVersion] = int64(1)
	w.str("username", r.Username)
	w.str("profile", r.Profile)
	if len(r.Attributes) > 0 {
		m := make(map[string]any, len(r.Attributes))
		for k, v := range r.Attributes {
			m[k] = v
		}
		w[AttrAttributes] = m
	}
	if len(r.Path) > 0 {
		w[AttrPath] = r.Path
	}
	w.str(AttrTold, r.Told.String())
	return i
}

// Put returns the write that stores the record if there is none: that, and only
// that, makes a record exist exactly once.
func (r *Record) Put() cloud.Write {
	return cloud.Write{
		Key: RecordKey(r.Tenant, r.ID, r.Segment),
		If:  []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}},
		Put: r.Item(),
	}
}

// RecordFromItem reads a record back; nil for an absent item or one of another thing.
func RecordFromItem(i cloud.Item) *Record {
	tenant, id, ok := ParseKey(i.Key())
	n, isRecord := strings.CutPrefix(i.Str(cloud.AttrSort), SortRecord)
	segment, err := strconv.Atoi(n)
	if !ok || !isRecord || err != nil {
		return nil
	}
	c := decode(i)
	c.Tenant, c.ID, c.Segment = tenant, id, segment
	return &Record{Contact: *c, Username: i.Str("username"), Profile: i.Str("profile"), Attributes: Attributes(i), Path: Path(i), Told: ToldFrom(i)}
}

// Completed returns when the segment was over, after-contact work included.
func (r *Record) Completed() time.Time { return r.Since }

// Handled reports whether an agent talked to the customer.
func (r *Record) Handled() bool { return !r.AgentJoined.IsZero() && r.OfferAgent != "" }

// Abandoned reports whether the customer waited and left before an agent came.
func (r *Record) Abandoned() bool { return !r.Enqueued.IsZero() && r.AgentJoined.IsZero() }

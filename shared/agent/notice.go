package agent

import (
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// Notice is a short message of a supervisor to agents: to all, to those of one
// routing profile, or to those who serve one queue. It is text, whatever it looks
// like.
type Notice struct {
	Tenant  string
	ID      string // UUIDv7
	At      time.Time
	From    string // agent id of the sender
	Text    string
	Profile string // "" = of any
	Queue   string // "" = any
}

// NoticeLife is how long a page that comes later is still told.
const NoticeLife = 12 * time.Hour

// NoticePart is the partition of a tenant's notices, in the order of time.
func NoticePart(tenant string) string { return tenant + "|LIVE#notices" }

// SortNotice begins the sort key of a notice.
const SortNotice = "NOTICE#"

// SortNoticeFrom is the least sort key of a notice from a time on.
func SortNoticeFrom(at time.Time) string {
	return SortNotice + at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// Put returns the write of a notice, which is done once.
func (n Notice) Put() cloud.Write {
	i := cloud.Item{contact.AttrVersion: int64(1), "id": n.ID, "at": contact.Micros(n.At), "from": n.From, "text": n.Text, cloud.AttrTTL: n.At.Add(NoticeLife).Unix()}
	if n.Profile != "" {
		i["profile"] = n.Profile
	}
	if n.Queue != "" {
		i["queue"] = n.Queue
	}
	return cloud.Write{Key: cloud.Key{Part: NoticePart(n.Tenant), Sort: SortNoticeFrom(n.At) + "#" + n.ID},
		If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: i}
}

// NoticeFromItem reads a notice back; nil for an absent item or one of another thing.
func NoticeFromItem(i cloud.Item) *Notice {
	k := i.Key()
	if k.Part != NoticePart(k.Tenant()) || !strings.HasPrefix(k.Sort, SortNotice) {
		return nil
	}
	return &Notice{Tenant: k.Tenant(), ID: i.Str("id"), At: contact.FromMicros(i.Int("at")), From: i.Str("from"), Text: i.Str("text"), Profile: i.Str("profile"), Queue: i.Str("queue")}
}

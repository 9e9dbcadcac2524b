package contact

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
)

// Told is the first wait that a contact was told while it waited, kept in the
// flow item and in the record, so that a day's promises can be held against what
// came. From At on one in ten is to wait no longer than Soon, half no longer than
// Low, nine in ten no longer than High.
type Told struct {
	At                    time.Time
	Soon, Low, Mean, High time.Duration
}

// AttrTold names the attribute of a Told.
const AttrTold = "told"

// IsZero reports whether nothing was told.
func (t Told) IsZero() bool { return t.At.IsZero() }

// String is what was told as the table keeps it: microseconds, then milliseconds.
func (t Told) String() string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d|%d|%d|%d|%d", Micros(t.At), t.Soon.Milliseconds(), t.Low.Milliseconds(), t.Mean.Milliseconds(), t.High.Milliseconds())
}

// ToldFrom reads what was told out of an item; zero for anything else.
func ToldFrom(i cloud.Item) (t Told) {
	parts := strings.Split(i.Str(AttrTold), "|")
	if len(parts) != 5 {
		return Told{}
	}
	var n [5]int64
	for k, p := range parts {
		var err error
		if n[k], err = strconv.ParseInt(p, 10, 64); err != nil || n[k] < 0 {
			return Told{}
		}
	}
	if n[0] == 0 {
		return Told{}
	}
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	return Told{FromMicros(n[0]), ms(n[1]), ms(n[2]), ms(n[3]), ms(n[4])}
}

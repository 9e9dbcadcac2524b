// Package hours is hours of operation: when a service is open, by weekday in
// one time zone, with exceptions for dates. It decides whether a moment is open
// and when that changes next. It leaves which hours count for what to flows and
// queues, and holiday calendars to who fills in the exceptions.
package hours

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zone files must not close the centre

	"huawu/shared/fault"
)

// Span is a part of a day in minutes after midnight: From is open, To is not.
// To may be 1440, the end of the day. A span with To ≤ From goes on past midnight.
type Span struct {
	From int `json:"from"` // 0 to 1439
	To   int `json:"to"`   // 0 to 1440
}

// Exception replaces the hours of the days From to To, both included. Without
// spans these days are closed.
type Exception struct {
	Name  string `json:"name,omitempty"`
	From  string `json:"from"` // 2026-10-01
	To    string `json:"to"`   // 2026-10-07
	Spans []Span `json:"spans,omitempty"`
}

// Hours are hours of operation. Make them with New, which checks them.
type Hours struct {
	Name       string      `json:"name,omitempty"`
	TimeZone   string      `json:"timeZone"` // IANA, such as Asia/Shanghai
	Days       [7][]Span   `json:"days"`     // by time.Weekday: 0 is Sunday
	Exceptions []Exception `json:"exceptions,omitempty"`
	zone       *time.Location
}

const minutesOfDay = 24 * 60

// Always is open at every moment.
func Always() Hours {
	h := Hours{Name: "always", TimeZone: "UTC", zone: time.UTC}
	for day := range h.Days {
		h.Days[day] = []Span{{0, minutesOfDay}}
	}
	return h
}

// New checks h and returns it ready to use. All faults are named at once.
func New(h Hours) (Hours, error) {
	var wrong []string
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil || h.TimeZone == "" {
		wrong = append(wrong, "timeZone: not an IANA time zone")
	}
	for day, spans := range h.Days {
		if !valid(spans) {
			wrong = append(wrong, "days."+time.Weekday(day).String()+": want 0 ≤ from < 1440 and 0 ≤ to ≤ 1440, not alike")
		}
	}
	for _, e := range h.Exceptions {
		from, err1 := time.Parse(time.DateOnly, e.From)
		to, err2 := time.Parse(time.DateOnly, e.To)
		if err1 != nil || err2 != nil || to.Before(from) || !valid(e.Spans) {
			wrong = append(wrong, "exceptions: want dates like 2026-10-01, the first before the last, and valid spans")
			break
		}
	}
	if wrong != nil {
		return Hours{}, fault.New(fault.Invalid, "hours: %s", strings.Join(wrong, "; "))
	}
	h.zone = zone
	return h, nil
}

// maxDocument bounds a document: two years of single holidays are about 60 KB.
const maxDocument = 256 << 10

// Parse reads hours as JSON and checks them. A field it does not know is a
// fault: it may be one that says when to be closed.
func Parse(document []byte) (Hours, error) {
	if len(document) > maxDocument {
		return Hours{}, fault.New(fault.Invalid, "hours: %d bytes, want at most %d", len(document), maxDocument)
	}
	var h Hours
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return Hours{}, fault.Wrap(fault.Invalid, err, "hours: read JSON")
	}
	if d.More() {
		return Hours{}, fault.New(fault.Invalid, "hours: more than one document")
	}
	return New(h)
}

func valid(spans []Span) bool {
	return !slices.ContainsFunc(spans, func(s Span) bool {
		return s.From < 0 || s.From >= minutesOfDay || s.To < 0 || s.To > minutesOfDay || s.From == s.To
	})
}

// Open reports whether the moment is inside the hours. Clock changes count as
// the zone has them: a minute that does not exist is never asked for.
func (h Hours) Open(now time.Time) bool {
	local := now.In(h.location())
	minute := local.Hour()*60 + local.Minute()
	for _, s := range h.spans(local) {
		if minute >= s.From && (minute < s.To || s.To <= s.From) {
			return true
		}
	}
	for _, s := range h.spans(local.AddDate(0, 0, -1)) { // what began yesterday and goes on
		if s.To <= s.From && minute < s.To {
			return true
		}
	}
	return false
}

// Next returns when Open changes after now, and false if it does not within
// two weeks. It is exact to the minute.
func (h Hours) Next(now time.Time) (time.Time, bool) {
	open := h.Open(now)
	at := now.In(h.location()).Truncate(time.Minute)
	for range 14 * minutesOfDay {
		at = at.Add(time.Minute)
		if h.Open(at) != open {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// spans returns the hours of the day that local is in.
func (h Hours) spans(local time.Time) []Span {
	date := local.Format(time.DateOnly)
	for _, e := range h.Exceptions {
		if e.From <= date && date <= e.To {
			return e.Spans
		}
	}
	return h.Days[local.Weekday()]
}

// location returns the time zone; that of hours read without New is looked up.
func (h Hours) location() *time.Location {
	if h.zone != nil {
		return h.zone
	}
	if zone, err := time.LoadLocation(h.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

package hours_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
	"huawu/shared/hours"
)

// shop is open on weekdays 9 to 18 in Shanghai, Saturday night 20 to 2, and on
// the national holiday only on its last day.
func shop(t *testing.T) hours.Hours {
	t.Helper()
	h := hours.Hours{Name: "shop", TimeZone: "Asia/Shanghai", Exceptions: []hours.Exception{
		{Name: "国庆节", From: "2026-10-01", To: "2026-10-06"},
		{From: "2026-10-07", To: "2026-10-07", Spans: []hours.Span{{From: 600, To: 720}}},
	}}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Days[day] = []hours.Span{{From: 9 * 60, To: 18 * 60}}
	}
	h.Days[time.Saturday] = []hours.Span{{From: 20 * 60, To: 2 * 60}}
	h, err := hours.New(h)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name, at string // local
		want     bool
	}{
		{"first minute of a weekday", "2026-11-23 09:00", true},
		{"last minute", "2026-11-23 17:59", true},
		{"closing time", "2026-11-23 18:00", false},
		{"before opening", "2026-11-23 08:59", false},
		{"Sunday noon", "2026-11-22 12:00", false},
		{"Saturday evening", "2026-11-21 23:30", true},
		{"what began on Saturday goes on", "2026-11-22 01:59", true},
		{"until two", "2026-11-22 02:00", false},
		{"holiday", "2026-10-01 10:00", false},
		{"short day", "2026-10-07 11:00", true},
		{"short day is over", "2026-10-07 13:00", false},
	}
	zone, _ := time.LoadLocation("Asia/Shanghai")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := shop(t).Open(at.UTC()); got != tt.want {
				t.Errorf("Open(%s) = %v, want %v", tt.at, got, tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	h := shop(t)
	friday := time.Date(2026, 11, 20, 9, 59, 30, 0, time.UTC) // 17:59:30 in Shanghai
	next, ok := h.Next(friday)
	if want := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC); !ok || !next.Equal(want) {
		t.Errorf("Next = %v %v, want %v", next, ok, want)
	}
	next, ok = h.Next(next)
	if want := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC); !ok || !next.Equal(want) {
		t.Errorf("Next = %v %v, want %v", next, ok, want)
	}
	if _, ok := hours.Always().Next(friday); ok || !hours.Always().Open(friday) {
		t.Error("Always closes")
	}
}

func TestHoursThatWereReadWithoutNewKnowTheirZone(t *testing.T) {
	raw, err := json.Marshal(shop(t))
	if err != nil {
		t.Fatal(err)
	}
	var h hours.Hours
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	if !h.Open(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)) {
		t.Error("09:00 in Shanghai is closed")
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := hours.New(hours.Hours{TimeZone: "Mars/Base", Days: [7][]hours.Span{{{From: 5, To: 5}}},
		Exceptions: []hours.Exception{{From: "2026-13-01", To: "2026-01-01"}}})
	want := "hours: timeZone: not an IANA time zone; days.Sunday: want 0 ≤ from < 1440 and 0 ≤ to ≤ 1440, not alike; " +
		"exceptions: want dates like 2026-10-01, the first before the last, and valid spans"
	if fault.KindOf(err) != fault.Invalid || err.Error() != want {
		t.Errorf("New = %v", err)
	}
}

func TestADocumentIsReadAndChecked(t *testing.T) {
	tests := []struct {
		name, document, wrong string
	}{
		{"a week in Shanghai", `{"name":"shop","timeZone":"Asia/Shanghai","days":[[],[{"from":540,"to":1080}],[],[],[],[],[]]}`, ""},
		{"closed on a holiday", `{"timeZone":"UTC","days":[],"exceptions":[{"from":"2026-10-01","to":"2026-10-07"}]}`, ""},
		{"no time zone", `{"days":[]}`, "timeZone"},
		{"a zone that does not exist", `{"timeZone":"Asia/Atlantis"}`, "timeZone"},
		{"a span beyond the day", `{"timeZone":"UTC","days":[[{"from":540,"to":2000}]]}`, "days.Sunday"},
		{"a misspelt field", `{"timeZone":"UTC","exception":[]}`, "exception"},
		{"two documents", `{"timeZone":"UTC"} {"timeZone":"UTC"}`, "more than one"},
		{"no JSON", `open`, "read JSON"},
		{"nothing", ``, "read JSON"},
		{"far too much", strings.Repeat(" ", 300<<10), "at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := hours.Parse([]byte(tt.document))
			if tt.wrong != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("Parse = %v, want Invalid that names %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(h)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := hours.Parse(again); err != nil || !reflect.DeepEqual(back, h) {
				t.Errorf("written and read back %+v, %v, want %+v", back, err, h)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"timeZone":"Asia/Shanghai","days":[[{"from":540,"to":1080}]],"exceptions":[{"from":"2026-10-01","to":"2026-10-07"}]}`))
	f.Add([]byte(`{"timeZone":"../../etc/passwd","days":[[{"from":-1,"to":9e99}]]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		h, err := hours.Parse(document)
		if err != nil {
			return
		}
		now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
		if next, ok := h.Next(now); ok && h.Open(next) == h.Open(now) {
			t.Errorf("Next(%v) = %v, where nothing changes", now, next)
		}
	})
}

package contact

import (
	"testing"
	"time"

	"huawu/shared/cloud"
)

func TestWhatWasTold(t *testing.T) {
	told := Told{time.Date(2026, 11, 20, 9, 0, 0, 1000, time.UTC), 10 * time.Second, 30 * time.Second, 45 * time.Second, 2 * time.Minute}
	if got := ToldFrom(cloud.Item{AttrTold: told.String()}); got != told {
		t.Errorf("%+v came back as %+v", told, got)
	}
	for _, bad := range []any{nil, "", "x", "1|2|3", "1|2|3|4", "1|2|3|4|-5", "0|1|2|3|4", int64(5)} {
		if got := ToldFrom(cloud.Item{AttrTold: bad}); !got.IsZero() {
			t.Errorf("%v is %+v", bad, got)
		}
	}
	if (Told{}).String() != "" {
		t.Error("nothing has a text")
	}
}

func TestARecordKeepsWhatWasTold(t *testing.T) {
	told := Told{time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), time.Second, time.Second, 2 * time.Second, 3 * time.Second}
	r := &Record{Contact: Contact{Tenant: "demo", ID: "c1", State: Completed}, Told: told}
	i := r.Item()
	k := RecordKey("demo", "c1", 0)
	i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
	if got := RecordFromItem(i); got == nil || got.Told != told {
		t.Errorf("%+v", got)
	}
}

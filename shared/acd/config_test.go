package acd

import (
	"testing"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// A machine that holds no configuration yet can do nothing without it, so it asks a
// busy table again as for all else: left to the stream, whose pauses grow, nobody
// would be offered to anybody for minutes. One that holds an older one does not
// wait.
func TestTheFirstConfigurationIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.configure(
		cloud.Write{Key: HoursKey(tenant, "shop"), Put: cloud.Item{contact.AttrVersion: int64(1), "document": `{"timeZone":"Asia/Shanghai","days":[[],[],[],[],[],[],[]]}`}},
		Queue{ID: "cards", Group: "main", Hours: "shop", AfterHours: "loans"}.Put(tenant))
	asked, passes := 0, maxRetries+1 // every so many-th request
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Key.Part != tenant+"|CFG" {
			return localcloud.Pass
		}
		if asked++; passes > 0 && asked%passes == 0 {
			return localcloud.Pass
		}
		return localcloud.Throttle
	}})
	r := NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime())
	first, err := r.Routing(w.ctx, tenant)
	if err != nil || len(first.Profiles) != 2 || len(first.Hours) != 1 {
		t.Fatalf("routing %+v, %v", first, err)
	}
	if _, known, err := r.Hours(w.ctx, tenant, "shop"); err != nil || !known {
		t.Errorf("hours known %t, %v", known, err)
	}

	w.clock.Advance(configAge)
	asked, passes = 0, 0
	if again, err := r.Routing(w.ctx, tenant); err != nil || again != first || asked != 1 {
		t.Errorf("an older one after %d requests: the same %t, %v", asked, again == first, err)
	}
	if _, known, err := r.Hours(w.ctx, tenant, "shop"); err != nil || !known || asked != 2 {
		t.Errorf("older hours after %d requests: known %t, %v", asked, known, err)
	}
	if _, err := NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime()).Routing(w.ctx, tenant); fault.KindOf(err) != fault.Throttled {
		t.Errorf("a table that is never free: %v", err)
	}
}

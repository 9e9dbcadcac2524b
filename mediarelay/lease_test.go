package relay

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func memory(t *testing.T) *localcloud.Cloud {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{
		Manual: true, Log: quiet(),
		Queues: []localcloud.QueueOptions{{Name: "relay-1"}, {Name: "relay-2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestRelaysShareAPoolOfIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := memory(t).Table()
		pool := []string{"relay-1", "relay-2"}
		one, err := takeLease(t.Context(), table, "", pool, "one", quiet())
		if err != nil || one.id != "relay-1" {
			t.Fatalf("the first got %v, %v", one, err)
		}
		two, err := takeLease(t.Context(), table, "", pool, "two", quiet())
		if err != nil || two.id != "relay-2" {
			t.Fatalf("the second got %v, %v", two, err)
		}
		// While both show that they live a third gets nothing …
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		beating, stop := context.WithCancel(t.Context())
		for _, l := range []*lease{one, two} {
			go func() {
				for wait(beating, beatEvery) == nil {
					if err := l.renew(beating, []string{"call"}, false); err != nil && beating.Err() == nil {
						t.Errorf("renew: %v", err)
					}
				}
			}()
		}
		if l, err := takeLease(ctx, table, "", pool, "three", quiet()); err == nil {
			t.Fatalf("a third took %s from a living owner", l.id)
		}
		item, err := table.Get(t.Context(), leaseKey("relay-1"), true)
		if err != nil || item.Str("owner") != "one" || item.Int("calls") != 1 || item.Int("v") < 10 {
			t.Errorf("heartbeat: %v, %v", item, err)
		}
		// … and when they are dead it takes one after it saw no beat for long enough.
		stop()
		synctest.Wait()
		began := time.Now()
		three, err := takeLease(t.Context(), table, "", pool, "three", quiet())
		if err != nil || three.id != "relay-1" {
			t.Fatalf("the third got %v, %v", three, err)
		}
		if took := time.Since(began); took < leaseExpiry || took > leaseExpiry+3*leaseLook {
			t.Errorf("taken after %v", took)
		}
		if err := one.renew(t.Context(), nil, false); !errors.Is(err, errLost) {
			t.Errorf("the old owner renews: %v", err)
		}
		if err := one.release(t.Context()); err != nil {
			t.Errorf("the old owner releases: %v", err)
		}
		if err := three.renew(t.Context(), nil, false); err != nil {
			t.Errorf("after the old owner's release: %v", err)
		}
		// An id given back is free at once.
		if err := three.release(t.Context()); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		if _, err := takeLease(t.Context(), table, "", pool, "four", quiet()); err != nil || time.Since(began) > time.Second {
			t.Errorf("a free id: %v after %v", err, time.Since(began))
		}
	})
}

func TestAFixedIDIsTakenAtOnce(t *testing.T) {
	table := memory(t).Table()
	old, err := takeLease(t.Context(), table, "relay-1", nil, "old", quiet())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLease(t.Context(), table, "relay-1", nil, "new", quiet()); err != nil {
		t.Fatal(err)
	}
	if err := old.renew(t.Context(), nil, false); !errors.Is(err, errLost) {
		t.Errorf("the old process renews: %v", err)
	}
}

func TestALeaseThatCannotBeReadIsAnError(t *testing.T) {
	c := memory(t)
	if _, err := takeLease(t.Context(), refusing{c.Table()}, "", []string{"relay-1"}, "one", quiet()); err == nil {
		t.Error("no error")
	}
}

// refusing is a table that is gone.
type refusing struct{ cloud.Table }

func (refusing) Get(context.Context, cloud.Key, bool) (cloud.Item, error) {
	return nil, context.DeadlineExceeded
}

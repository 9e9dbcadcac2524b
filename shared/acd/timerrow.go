package acd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Timers that are further away than a queue can delay are rows in order of their
// due times, which the sweep of each minute reads up to now. A row is deleted
// once it was handled: a sweep that dies in between has it handled twice.

// timerPart is the partition of a tenant's timer rows.
func timerPart(tenant string) string { return tenant + "|T#0" }

// timerSort is the beginning of the sort keys of timers that are due at a time.
func timerSort(due time.Time) string { return fmt.Sprintf("%016d", max(0, due.UnixMilli())) }

// keepTimer puts the row of a timer.
func (r *Router) keepTimer(ctx context.Context, t Timer, after time.Duration) error {
	body, err := json.Marshal(t)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "acd: encode timer")
	}
	due := r.run.Now().Add(after)
	key := cloud.Key{Part: timerPart(t.Tenant), Sort: timerSort(due) + "#" + string(t.Kind) + "#" + string(t.Contact) + t.Group}
	_, err = r.write(ctx, cloud.Write{Key: key, Put: cloud.Item{contact.AttrVersion: int64(1), "timer": string(body)}})
	return fault.Wrap(fault.KindOf(err), err, "acd: keep timer")
}

// timers handles the timer rows that are due.
func (s *sweeper) timers(ctx context.Context) error {
	q := cloud.Query{Part: timerPart(s.tenant), To: timerSort(s.now) + "\uffff"}
	return s.pages(ctx, q, func(i cloud.Item) error {
		if err := s.r.HandleTimer(ctx, []byte(i.Str("timer"))); err != nil && fault.KindOf(err) != fault.Invalid {
			return err // the next sweep tries again
		}
		_, err := s.r.write(ctx, cloud.Write{Key: i.Key(), Delete: true})
		return err
	})
}

// tenants is where the tenants are listed that are to be swept.
const (
	tenantsPart = "_|CFG"
	sortTenant  = "TENANT#"
)

// enlist lists a tenant, once per process. Whoever has an agent available is to
// be swept.
func (r *Router) enlist(ctx context.Context, tenant string) error {
	r.mu.Lock()
	_, listed := r.sweeps[tenant]
	r.mu.Unlock()
	if listed {
		return nil
	}
	key := cloud.Key{Part: tenantsPart, Sort: sortTenant + tenant}
	i, err := r.read(ctx, key, false)
	if err == nil && i == nil {
		_, err = r.write(ctx, cloud.Write{Key: key, Put: cloud.Item{contact.AttrVersion: int64(1)}})
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, swept := r.sweeps[tenant]; !swept {
		r.sweeps[tenant] = newSwept()
	}
	return nil
}

// SweepAll sweeps every tenant. The rule that calls it comes once a minute: where
// something happens it sets timers for the sweeps until it comes again.
func (r *Router) SweepAll(ctx context.Context, again time.Duration) error {
	s := &sweeper{r: r}
	return s.pages(ctx, cloud.Query{Part: tenantsPart, From: sortTenant, To: sortTenant + "\uffff"}, func(i cloud.Item) error {
		tenant := i.Str(cloud.AttrSort)[len(sortTenant):]
		live, err := r.Sweep(ctx, tenant)
		errs := []error{err}
		for after := SweepEvery; live && after < again; after += SweepEvery {
			errs = append(errs, r.arm(ctx, Timer{Kind: TimerSweep, Tenant: tenant}, after))
		}
		return errors.Join(errs...)
	})
}

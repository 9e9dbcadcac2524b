package relay

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"huawu/mediarelay/webleg"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

const (
	// reloadWait is how long a page that closed may take to come back: a reload
	// takes a second, on a slow machine some more.
	reloadWait = 8 * time.Second
	deviceTick = time.Second
	sendWait   = 5 * time.Second
)

// device is one agent's softphone.
type device struct{ tenant, agent, user string }

// devices tells routing when an agent's softphone is gone for good: nothing must
// be offered to who cannot answer. A page that is reloaded is not gone, nor is
// one whose call waits for it; and a relay that ends says nothing, as pages then
// go to another one.
type devices struct {
	queue cloud.Queue
	log   *slog.Logger
	now   func() time.Time

	present func(device) bool // it has a page
	talking func(device) bool // it has a leg, or one waits for it

	mu   sync.Mutex
	gone map[device]absence
}

// absence is a page that is gone.
type absence struct {
	at  time.Time // when it went
	due time.Time // when that is told
}

func newDevices(q cloud.Queue, log *slog.Logger) *devices {
	return &devices{queue: q, log: log, now: time.Now, gone: map[device]absence{}}
}

// changed takes note of a page that came or went. It does not wait.
func (d *devices) changed(p webleg.Presence) {
	if p.Agent == "" {
		return // a customer's
	}
	k := device{p.Tenant, p.Agent, p.User}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Online {
		delete(d.gone, k)
		return
	}
	now := d.now()
	a := absence{now, now.Add(reloadWait)}
	if p.Mute {
		a.due = now // its time is over already
	}
	d.gone[k] = a
}

// run tells what is due until ctx ends.
func (d *devices) run(ctx context.Context) {
	tick := time.NewTicker(deviceTick)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.tell(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// tell sends what is due. What cannot be sent stays, and is tried again.
func (d *devices) tell(ctx context.Context) {
	for k, a := range d.due() {
		if d.present(k) || d.talking(k) {
			continue // back by another page; or its call waits for it, and it is seen what becomes of that
		}
		raw, err := json.Marshal(sma.DeviceLost{Kind: sma.DeviceLostKind, Tenant: k.tenant, Agent: k.agent, User: k.user, At: a.at.UTC()})
		if err == nil {
			one, cancel := context.WithTimeout(ctx, sendWait)
			err = d.queue.Send(one, sma.DeviceQueue, cloud.Message{Body: raw})
			cancel()
		}
		if err != nil {
			d.log.Warn("lost device not told", "kind", string(fault.KindOf(err)), "error", err)
			continue
		}
		d.log.Info("device lost", "tenant", k.tenant, "agent", k.agent)
		d.done(k, a)
	}
}

// due are the absences that have lasted long enough.
func (d *devices) due() map[device]absence {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, due := d.now(), map[device]absence{}
	for k, a := range d.gone {
		if !now.Before(a.due) {
			due[k] = a
		}
	}
	return due
}

// done forgets an absence that was told, unless there is a newer one.
func (d *devices) done(k device, a absence) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone[k] == a {
		delete(d.gone, k)
	}
}

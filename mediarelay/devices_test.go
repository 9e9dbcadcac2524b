package relay

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"huawu/mediarelay/webleg"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// office is a relay's view of softphones on a clock that is set by hand.
type office struct {
	*devices
	t       *testing.T
	now     time.Time
	here    map[string]bool // users with a page
	busy    map[string]bool // users with a leg
	sent    []sma.DeviceLost
	failing bool
	cloud.Queue
}

func (o *office) Send(_ context.Context, queue string, m cloud.Message) error {
	if o.failing {
		return fault.New(fault.Unavailable, "queue is away")
	}
	var d sma.DeviceLost
	if err := json.Unmarshal(m.Body, &d); err != nil || queue != "acd" || d.Kind != "device" {
		o.t.Errorf("sent %s to %s, %v", m.Body, queue, err)
	}
	o.sent = append(o.sent, d)
	return nil
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), here: map[string]bool{}, busy: map[string]bool{}}
	o.devices = newDevices(o, quiet())
	o.devices.now = func() time.Time { return o.now }
	o.present = func(k device) bool { return o.here[k.user] }
	o.talking = func(k device) bool { return o.busy[k.user] }
	return o
}

func (o *office) page(user string, online, mute bool) {
	o.here[user] = online
	o.changed(webleg.Presence{Identity: webleg.Identity{Tenant: "demo", User: user, Agent: "agent-" + user}, Online: online, Mute: mute})
}

// after moves the clock and wants so many messages in all.
func (o *office) after(d time.Duration, want int) {
	o.t.Helper()
	o.now = o.now.Add(d)
	o.tell(o.t.Context())
	if len(o.sent) != want {
		o.t.Errorf("after %v: told %+v, want %d", d, o.sent, want)
	}
}

func TestASoftphoneThatIsGoneIsTold(t *testing.T) {
	t.Run("some seconds after its page closed", func(t *testing.T) {
		o := newOffice(t)
		o.page("lin", true, false)
		at := o.now
		o.page("lin", false, false)
		o.after(reloadWait-time.Millisecond, 0)
		o.after(time.Millisecond, 1)
		o.after(time.Hour, 1)
		if d := o.sent[0]; d != (sma.DeviceLost{Kind: "device", Tenant: "demo", Agent: "agent-lin", User: "lin", At: at}) {
			t.Errorf("told %+v", d)
		}
	})
	t.Run("at once when its socket was dead", func(t *testing.T) {
		o := newOffice(t)
		o.page("lin", false, true)
		o.after(0, 1)
	})
	t.Run("but not when the page was reloaded", func(t *testing.T) {
		o := newOffice(t)
		o.page("lin", false, false)
		o.after(2*time.Second, 0)
		o.page("lin", true, false)
		o.after(time.Minute, 0)
	})
	t.Run("nor when another page of the agent is there", func(t *testing.T) {
		o := newOffice(t)
		o.page("lin", false, false)
		o.here["lin"] = true
		o.after(time.Minute, 0)
	})
	t.Run("and only when no call waits for it any more", func(t *testing.T) {
		o := newOffice(t)
		o.busy["lin"] = true
		o.page("lin", false, true)
		o.after(14*time.Second, 0)
		o.busy["lin"] = false
		o.after(time.Second, 1)
	})
	t.Run("again and again until the queue takes it", func(t *testing.T) {
		o := newOffice(t)
		o.failing = true
		o.page("lin", false, true)
		o.after(time.Second, 0)
		o.failing = false
		o.after(time.Second, 1)
	})
	t.Run("but a customer's page is no device", func(t *testing.T) {
		o := newOffice(t)
		o.changed(webleg.Presence{Identity: webleg.Identity{Tenant: "demo", User: "web-1"}, Mute: true})
		o.after(time.Minute, 0)
	})
}

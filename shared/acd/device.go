package acd

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// TimerDevice is no timer but an sma.DeviceLost of a relay, on the same queue.
const TimerDevice TimerKind = sma.DeviceLostKind

// StatusDeviceLost names the status of an agent who is Offline because the
// softphone was lost.
const StatusDeviceLost = "device lost"

// handleDevice takes what a relay says of a softphone.
func (r *Router) handleDevice(ctx context.Context, body []byte) error {
	var m sma.DeviceLost
	if err := json.Unmarshal(body, &m); err != nil {
		return fault.Wrap(fault.Invalid, err, "acd: read lost device")
	}
	return r.DeviceLost(ctx, m.Tenant, m.Agent, m.At)
}

// DeviceLost takes an agent whose softphone was lost at a time out of routing:
// an offer in flight is over at once and waits again at its old place, a talk
// and after-contact work stay, and the agent is Offline as soon as nothing is
// left. An agent who became Available after that time has a device again, one
// who has chosen what comes next gets that, and one with a telephone has lost
// nothing. Again is no change.
func (r *Router) DeviceLost(ctx context.Context, tenant, id string, at time.Time) error {
	var old *agent.Agent
	a, err := r.stepAgent(ctx, tenant, id, func(a *agent.Agent) (bool, error) {
		old = a.Clone()
		return loseDevice(a, at, r.run.Now())
	})
	if errors.Is(err, ErrNoAgent) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	if a.NextState != agent.Offline && a.State != agent.Offline {
		return nil // nothing was lost
	}
	if old.Ready() && !a.Ready() {
		routing, err := r.Routing(ctx, tenant)
		if err == nil {
			err = r.deleteRow(ctx, r.keyOfFree(old, routing), old.Epoch)
		}
		r.follow(ctx, "device", err) // a row without its agent does no harm
	}
	for offer, c := range a.Offers {
		seen, err := r.Contact(ctx, tenant, c)
		if err == nil && seen.State == contact.Offered && seen.Offer == offer {
			err = r.Expire(ctx, tenant, c, offer)
		}
		if err := ignoreMissing(err); err != nil {
			return err
		}
	}
	return nil
}

// loseDevice changes an agent as DeviceLost says; false if there is nothing to
// change.
func loseDevice(a *agent.Agent, at, now time.Time) (bool, error) {
	switch {
	case a.Device.Kind != agent.Softphone || a.State != agent.Available || a.Since.After(at) || a.NextState != "":
		return false, nil
	case a.Busy():
		a.NextState, a.NextStatus = agent.Offline, StatusDeviceLost
		return true, nil
	}
	if err := a.Move(agent.Offline, now); err != nil {
		return false, err
	}
	a.Status = StatusDeviceLost
	a.Epoch++
	return true, nil
}

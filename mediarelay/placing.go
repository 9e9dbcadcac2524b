package relay

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"huawu/mediarelay/call"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

const (
	placeBatch   = 5
	placeWait    = 20 * time.Second // long poll
	placeVisible = 3 * time.Second  // to begin a call takes milliseconds; what found no room comes again so soon
	placePause   = time.Second      // between two looks for room
)

// placing takes calls that are to be placed from the queue that all relays share,
// as long as there is room. What it cannot take it leaves to others, or to a
// later time; what came too late is dropped, and routing ends its contact.
type placing struct {
	queue cloud.Queue
	calls *call.Calls
	room  func(tenant string) bool // on the way out
	log   *slog.Logger
}

// run receives until ctx ends.
func (p *placing) run(ctx context.Context) {
	pause := commandPause
	for ctx.Err() == nil {
		if !p.calls.Accepting() {
			if wait(ctx, placePause) != nil {
				return
			}
			continue
		}
		list, err := p.queue.Receive(ctx, sma.CallQueue, placeBatch, placeWait, placeVisible)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			p.log.Error("calls to place not received", "seconds", pause.Seconds(), "error", err)
			if wait(ctx, pause) != nil {
				return
			}
			pause = min(2*pause, commandMax)
			continue
		}
		pause = commandPause
		for _, m := range list {
			p.handle(ctx, m)
		}
	}
}

// handle begins a call. A message that is done with is deleted; one that cannot
// be read stays, and ends in the dead-letter queue as evidence.
func (p *placing) handle(ctx context.Context, m cloud.Received) {
	out, err := readPlace(m.Body)
	if err != nil {
		p.log.Error("call to place cannot be read", "message", m.ID, "received", m.Count, "error", err)
		return
	}
	log := p.log.With("transactionId", out.TransactionID, "tenant", out.Tenant, "purpose", string(out.Purpose))
	switch err := p.begin(out, age(m, placeVisible)); fault.KindOf(err) {
	case "":
		log.Info("call taken")
	case fault.Unavailable:
		log.Info("call left in the queue: no room")
		return
	case fault.Conflict: // it came twice; or the one before it, for the same contact, is about to end
		log.Info("call left in the queue: it is up")
		return
	case fault.Gone:
		log.Warn("call not placed: too late")
	default:
		log.Error("call not placed", "error", err)
	}
	if err := p.queue.Delete(ctx, sma.CallQueue, m.Receipt); err != nil { // it comes again, and the function knows it then
		log.Warn("call to place not deleted", "error", err)
	}
}

// age is how long a message is in the queue, at least: it was hidden after each
// delivery before this one.
func age(m cloud.Received, visible time.Duration) time.Duration {
	return m.Waited + time.Duration(max(0, m.Count-1))*visible
}

func (p *placing) begin(m sma.Place, waited time.Duration) error {
	switch {
	case m.Late(waited):
		return fault.New(fault.Gone, "relay: too late")
	case !p.room(m.Tenant):
		return call.ErrBusy
	}
	to := call.Target{Kind: call.ToTrunk, URI: m.To}
	if m.Agent != "" {
		to.Kind, to.AutoAnswer = call.ToAgent, m.AutoAnswer
	}
	return p.calls.Place(call.Outbound{ID: m.TransactionID, Tenant: m.Tenant, First: to, From: m.CallerID,
		Ring: time.Duration(m.RingSeconds) * time.Second, Attributes: m.Attributes})
}

// maxRing bounds how long a call may ring, in seconds.
const maxRing = 120

// readPlace reads a message and refuses what must not be called: whoever may
// write to the queue decides who is called, but not what is sent to a carrier.
func readPlace(body []byte) (m sma.Place, err error) {
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fault.Wrap(fault.Invalid, err, "relay: read call to place")
	}
	switch {
	case m.Tenant == "" || m.TransactionID == "" || m.To == "" || m.ValidSeconds <= 0:
		return m, fault.New(fault.Invalid, "relay: call to place without tenant, id, number or time")
	case m.Agent == "" && !dialable(m.To):
		return m, fault.New(fault.Invalid, "relay: what is to be called is no number")
	case m.RingSeconds < 0 || m.RingSeconds > maxRing:
		return m, fault.New(fault.Invalid, "relay: rings for %d seconds", m.RingSeconds)
	}
	return m, nil
}

// dialable reports whether a number is one that a carrier can be sent: up to 15
// digits, after a plus or not (ITU-T E.164 §6).
func dialable(number string) bool {
	digits := strings.TrimPrefix(number, "+")
	return len(digits) >= 2 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

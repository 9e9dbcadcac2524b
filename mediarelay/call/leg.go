package call

import (
	"context"

	"huawu/mediarelay/media"
	"huawu/shared/fault"
)

// ErrBusy is returned by Start when the relay has no room for another call, is
// over its rate of new calls, or drains. SIP answers 503 with Retry-After.
var ErrBusy = fault.New(fault.Unavailable, "call: no room for another call")

// Leg is one party of a call, as the call uses it: a SIP dialog or a browser.
// Every method returns at once; what comes of it arrives by Notify. A method on
// a leg that has ended does nothing and returns nil.
type Leg interface {
	// ID is the leg's CallId, a UUID: Target.LegID for a leg made by Dial.
	ID() string
	// Ring tells an inbound caller that the call is being offered (180).
	Ring() error
	// Answer accepts an inbound call (200 with SDP). A second Answer is no error.
	Answer() error
	// Reject refuses an inbound call that was not answered.
	Reject(code int, reason string) error
	// Hangup ends the leg: BYE, or before the answer CANCEL (outbound) and 480
	// (inbound). The reason goes into the Reason header, without personal data.
	// An Ended event follows, once.
	Hangup(reason string) error
	// Port is where the leg's audio comes and goes.
	Port() *media.Port
	// Headers are those of the peer's INVITE that a function may see:
	// User-to-User, Diversion and X-*.
	Headers() map[string]string
}

// LegEventKind says what happened to a leg.
type LegEventKind string

// The kinds of leg events.
const (
	Ringing  LegEventKind = "ringing"  // the peer of an outbound leg rings (18x)
	Answered LegEventKind = "answered" // outbound: 200 and media known; inbound: the ACK arrived
	Failed   LegEventKind = "failed"   // an outbound leg ended before its answer; Code says why
	Ended    LegEventKind = "ended"    // BYE, CANCEL, media lost or our own Hangup is done; the last event
	Held     LegEventKind = "held"     // the peer put us on hold (re-INVITE sendonly, inactive)
	Resumed  LegEventKind = "resumed"  // the peer took us back
	Heard    LegEventKind = "heard"    // Media holds an event of the leg's port
)

// LegEvent is something that happened to a leg. After Ended or Failed nothing
// follows for that leg.
type LegEvent struct {
	LegID  string
	Kind   LegEventKind
	Code   int    // SIP status of Failed, and of an Ended that was a CANCEL (487); else 0
	Reason string // Reason header or our own words; for logs, no personal data
	Early  bool   // Ringing: the peer already sends audio (183 with SDP)
	Media  media.Event
}

// Notify tells a call what happened to one of its legs. It never blocks, may be
// called from any goroutine and after the call has ended. The events of a port
// (media.PortOptions.Events) go through it as Heard.
type Notify func(LegEvent)

// Inbound is a new call that arrived at the relay, not yet answered.
type Inbound struct {
	// ID becomes the TransactionId, a UUIDv7. It is made by whoever opened the
	// leg's port, so that all ports of one call share a media worker
	// (media.PortOptions.CallID). Empty: Start makes one.
	ID      string
	Leg     Leg
	Tenant  string
	From    string // E.164 or SIP user of the caller; "" withheld
	To      string // the dialled number or user
	TrunkID string // the trunk it came by; "" if a registered phone calls
	User    string // the registered phone that calls; "" if a trunk
}

// TargetKind says how a target is reached.
type TargetKind string

// The kinds of targets.
const (
	ToAgent TargetKind = "agent" // a registered phone: URI is its SIP user
	ToTrunk TargetKind = "trunk" // a carrier: URI is the number
)

// Target is whom to dial.
type Target struct {
	Kind       TargetKind
	CallID     string // the TransactionId; media.PortOptions.CallID of the new port
	LegID      string // the CallId that the new leg is to have
	Tenant     string
	URI        string // SIP user, or E.164 number
	TrunkID    string // ToTrunk: which; "" the tenant's only or first one
	CallerID   string // number to show
	CallerName string // display name to show; "" none
	Headers    map[string]string
	AutoAnswer bool // Call-Info answer-after=0 and Alert-Info for the agent's own phone
}

// Dialer makes outbound legs. Dial returns without waiting for the peer; ringing,
// answer, failure and end arrive by Notify, possibly before Dial returns. An
// error means that nothing was sent: fault.NotFound, no such phone is registered
// or no such trunk is known; fault.Throttled, the trunk is full. The context
// covers Dial itself only, not the leg's life.
type Dialer interface {
	Dial(ctx context.Context, to Target, tell Notify) (Leg, error)
}

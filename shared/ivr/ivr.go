// Package ivr answers the events of calls. It decides what a relay does next:
// it runs the flow of the dialled number, lets contacts wait, rings agents,
// joins and parts legs, and notes how a call ended. It leaves the logic of flows
// to flow/interp, who gets which contact to acd, and media to the relay.
//
// A relay may ask the same question twice, so the same Sequence of a call gets
// the same answer. Answers of a flow are kept with its state; all other answers
// follow from where the contact stands and need no memory.
package ivr

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/phone"
	"huawu/shared/sma"
	"huawu/shared/speech/understand"
)

// Config says how calls are treated where no flow does.
type Config struct {
	Tenant            string // of relays that do not name theirs: core contract
	Language          string // BCP 47, of numbers without one; "" = en-US
	HoldMusic         string // prompt; "" = "hold-music"
	Ringback          string // prompt: what an agent hears while somebody is called; "" = "ringback"
	QueueMusic        string // prompt of the built-in queue flow; "" = its default
	PromptBucket      string // where prompts lie for relays that know no prompts
	RecordingLocation string // bucket[/prefix] of recordings
	Region            string // in the events that functions get

	Understand understand.Interpreter // of what callers say to bots; nil: their grammars alone
}

// Runtime is what ivr takes from the machine it runs on.
type Runtime struct {
	Now func() time.Time
	Log *slog.Logger
}

// Service answers events. It owns no state but a memory of flows and hours.
type Service struct {
	table     cloud.Table
	invoker   cloud.Invoker
	router    *acd.Router
	cfg       Config
	run       Runtime
	flows     *flowMemory
	bots      *botMemory
	paces     *pace.Paces
	places    *acd.Places
	customers *event.Customers
}

// New returns a service that keeps contacts in t, calls functions by i, and
// routes by r.
func New(t cloud.Table, i cloud.Invoker, r *acd.Router, cfg Config, run Runtime) *Service {
	if cfg.Language == "" {
		cfg.Language = "en-US"
	}
	if cfg.HoldMusic == "" {
		cfg.HoldMusic = "hold-music"
	}
	if cfg.Ringback == "" {
		cfg.Ringback = "ringback"
	}
	return &Service{table: t, invoker: i, router: r, cfg: cfg, run: run,
		flows: &flowMemory{table: t, now: run.Now, log: run.Log},
		bots:  &botMemory{table: t, now: run.Now, log: run.Log}, paces: pace.New(t, r, run.Now),
		places: acd.NewPlaces(r, rand.Reader), customers: event.NewCustomers(t)}
}

// Faults of events.
var (
	// ErrTenant is returned for an event that names no tenant.
	ErrTenant = fault.New(fault.Invalid, "ivr: event without a tenant")
	// ErrCall is returned for an event that names no call or has no leg A.
	ErrCall = fault.New(fault.Invalid, "ivr: event without a call")
)

// call is one event with what is known of its call.
type call struct {
	*sma.Event
	tenant string
	id     contact.ID
	legA   sma.Participant
}

// Handle answers one event. An error means that the relay may ask again, and
// then falls back to what its route says.
func (s *Service) Handle(ctx context.Context, e sma.Event) (sma.Response, error) {
	c, err := s.call(&e)
	if err != nil {
		return sma.Response{}, err
	}
	switch e.InvocationEventType {
	case sma.NewInboundCall:
		return s.onNew(ctx, c)
	case sma.NewOutboundCall:
		return s.onPlaced(ctx, c)
	case sma.CallAnswered:
		return s.onDeviceAnswered(ctx, c)
	case sma.ActionSuccessful, sma.ActionFailed:
		return s.onAction(ctx, c)
	case sma.InvalidLambdaResponse:
		return s.onInvalid(ctx, c)
	case sma.DigitsReceived:
		return s.onFlow(ctx, c)
	case sma.CallUpdateRequested:
		return s.onUpdate(ctx, c)
	case sma.Hangup:
		return s.onHangup(ctx, c)
	}
	return sma.Keep(), nil // for information only
}

func (s *Service) call(e *sma.Event) (*call, error) {
	c := &call{Event: e, tenant: s.cfg.Tenant, id: contact.ID(e.CallDetails.TransactionID)}
	if o := e.CallDetails.Huawu; o != nil && o.Tenant != "" {
		c.tenant = o.Tenant
	}
	if c.tenant == "" {
		return nil, ErrTenant
	}
	var ok bool
	if c.legA, ok = e.Leg(sma.LegA); !ok && len(e.CallDetails.Participants) > 0 {
		c.legA, ok = e.CallDetails.Participants[0], true
	}
	if c.id == "" || !ok {
		return nil, ErrCall
	}
	return c, nil
}

// customer and system return the numbers of the customer and of ours that the
// customer has dialled, or was called from.
func (c *call) customer() sma.Text {
	if c.legA.Direction == outbound {
		return c.legA.To
	}
	return c.legA.From
}

func (c *call) system() sma.Text {
	if c.legA.Direction == outbound {
		return c.legA.From
	}
	return c.legA.To
}

// outbound is the Direction of a leg that we have called.
const outbound = "Outbound"

// relay returns the queue of the relay that has the call, "" if it is not ours.
func (c *call) relay() string {
	if c.CallDetails.Huawu == nil {
		return ""
	}
	return c.CallDetails.Huawu.RelayID
}

// agentLeg returns the live leg of the agent.
func (c *call) agentLeg() (sma.Participant, bool) {
	live := c.Live()
	for n := len(live) - 1; n >= 0; n-- { // a second agent's leg comes after the first's
		if live[n].CallID != c.legA.CallID {
			return live[n], true
		}
	}
	return sma.Participant{}, false
}

// onNew begins a contact and its flow.
func (s *Service) onNew(ctx context.Context, c *call) (sma.Response, error) {
	seen, err := s.begin(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	m := &memory{}
	if seen { // asked before: the flow may have run
		if m, err = s.remember(ctx, c); err != nil {
			return sma.Response{}, err
		}
	}
	return s.runFlow(ctx, c, m)
}

// begin puts the contact of a call if there is none, and reports whether there
// was one.
func (s *Service) begin(ctx context.Context, c *call) (seen bool, err error) {
	now := s.run.Now()
	con := &contact.Contact{Tenant: c.tenant, ID: c.id, State: contact.Initiated, Channel: contact.Voice, Method: contact.Inbound,
		Customer: number(c.customer()), System: number(c.system()), Relay: c.relay(), Initiated: contact.Instant(now), ToSystem: contact.Instant(now)}
	if err := con.Move(contact.InFlow, now); err != nil {
		return false, err
	}
	err = s.router.Begin(ctx, con)
	if errors.Is(err, acd.ErrExists) {
		return true, nil
	}
	return false, err
}

// number reads a party's number; what is none is withheld.
func number(t sma.Text) phone.Number {
	n, err := phone.Parse(string(t))
	if err != nil {
		return phone.Number{}
	}
	return n
}

// onInvalid takes the relay's word that it could not use our answer. A talk goes
// on; otherwise the caller hears the flow's apology.
func (s *Service) onInvalid(ctx context.Context, c *call) (sma.Response, error) {
	s.run.Log.ErrorContext(ctx, "the relay refused an answer", "contact", string(c.id), "type", string(c.ErrorType), "error", c.ErrorMessage)
	if _, talking := c.agentLeg(); talking {
		return sma.Keep(), nil
	}
	return s.onFlow(ctx, c)
}

// onAction sorts the ends of actions: of the legs, or of the flow.
func (s *Service) onAction(ctx context.Context, c *call) (sma.Response, error) {
	if c.ActionData == nil {
		return sma.Keep(), nil
	}
	failed := c.InvocationEventType == sma.ActionFailed
	switch c.ActionData.Type {
	case sma.TypeCallAndBridge:
		return s.onBridged(ctx, c)
	case sma.TypeConferenceJoin, sma.TypeStartCallRecording:
		if ofFlow(c.ActionData) {
			return s.onCallerRecorded(ctx, c, failed)
		}
		return s.onJoined(ctx, c, failed)
	case sma.TypeConferenceUpdate, sma.TypeConferenceLeave, sma.TypeHangup,
		sma.TypeStopCallRecording, sma.TypePauseCallRecording, sma.TypeResumeCallRecording:
		return sma.Keep(), nil
	}
	if r, ok, err := s.whisperFailed(ctx, c); ok || err != nil {
		return r, err
	}
	if _, talking := c.agentLeg(); talking && c.ActionData.Type == sma.TypePlayLoop {
		return sma.Keep(), nil // hold music: no flow waits for it
	}
	return s.onFlow(ctx, c)
}

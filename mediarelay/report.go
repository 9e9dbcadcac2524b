package relay

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/hook"
	"huawu/shared/sma"
)

const (
	reportEvery = 5 * time.Second // how often the journal is looked through
	reportPause = time.Second     // after a report that got no answer, doubled each time …
	reportMax   = 30 * time.Second
)

// reporter reports the hang-ups that a call could not: those of calls that an
// earlier process left behind, and those whose question got no answer. It asks
// until the function answers, one call after the other.
type reporter struct {
	journal *journal
	handler hook.Handler
	live    func(transactionID string) bool
	offer   sma.Offer // of this relay
	log     *slog.Logger
	pause   time.Duration
}

// run reports until ctx ends.
func (r *reporter) run(ctx context.Context) {
	for {
		r.pass(ctx)
		if wait(ctx, reportEvery) != nil {
			return
		}
	}
}

// pass goes through the journal once and returns how many calls were reported.
func (r *reporter) pass(ctx context.Context) (reported int) {
	entries, err := r.journal.load(r.log)
	if err != nil {
		r.log.Error("journal not read", "error", err)
	}
	for _, e := range entries {
		if r.live(e.TransactionID) || ctx.Err() != nil {
			continue
		}
		if r.report(ctx, e) {
			reported++
		}
	}
	return reported
}

// report asks about every leg of an entry, and forgets each once it was answered.
func (r *reporter) report(ctx context.Context, e call.Entry) bool {
	log := r.log.With("transactionId", e.TransactionID, "tenant", e.Tenant)
	for len(e.Legs) > 0 {
		lost := !e.Legs[0].Ended
		e.Sequence++
		if !r.ask(ctx, log, e) {
			return false
		}
		log.Info("hang-up reported late", "leg", string(e.Legs[0].Tag), "lost", lost)
		e.Legs = e.Legs[1:]
		if len(e.Legs) > 0 {
			if err := r.journal.Save(e); err != nil { // then it may be reported twice
				log.Error("journal: note not written", "error", err)
			}
		}
	}
	if err := r.journal.Remove(e.TransactionID); err != nil {
		log.Error("journal: note not removed", "error", err)
		return false
	}
	return true
}

// ask asks about the entry's first leg until there is an answer; an answer that
// cannot be read is one, as in a call.
func (r *reporter) ask(ctx context.Context, log *slog.Logger, e call.Entry) bool {
	for pause := r.pause; ; pause = min(2*pause, reportMax) {
		_, err := r.handler.Handle(ctx, r.event(e))
		if err == nil || errors.Is(err, hook.ErrAnswer) {
			return true
		}
		log.Warn("hang-up not reported, trying again", "seconds", pause.Seconds(), "error", err)
		if wait(ctx, pause) != nil {
			return false
		}
	}
}

// event is the HANGUP of the entry's first leg. All its legs are gone.
func (r *reporter) event(e call.Entry) sma.Event {
	leg := e.Legs[0]
	data := &sma.ActionData{
		Type:       sma.TypeHangup,
		Parameters: &sma.HangUp{Target: sma.Target{CallID: leg.CallID, ParticipantTag: leg.Tag}, SipResponseCode: sma.Int(leg.Code)},
	}
	reason := leg.Reason
	if !leg.Ended {
		reason = sma.ReasonRelayLost
	}
	v := sma.Event{
		SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(e.Sequence), InvocationEventType: sma.Hangup, ActionData: data,
		CallDetails: sma.CallDetails{
			TransactionID: e.TransactionID, TransactionAttributes: e.Attributes, SipRuleID: e.Rule, SipMediaApplicationID: e.Application,
		},
	}
	for _, l := range e.Legs {
		v.CallDetails.Participants = append(v.CallDetails.Participants, sma.Participant{
			CallID: l.CallID, ParticipantTag: l.Tag, Direction: l.Direction, From: sma.Text(l.From), To: sma.Text(l.To),
			StartTimeInMilliseconds: sma.Text(strconv.FormatInt(l.Started.UnixMilli(), 10)), Status: sma.Disconnected,
		})
	}
	if e.Extended {
		offer := r.offer
		offer.Tenant, offer.ConversationID = e.Tenant, e.TransactionID
		v.CallDetails.Huawu = &offer
		if reason != "" {
			data.Huawu = &sma.Outcome{Reason: reason}
		}
	}
	return v
}

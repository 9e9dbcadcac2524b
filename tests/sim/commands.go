package sim

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/sma"
)

// commands takes the messages of the relay's queue.
func (r *relay) commands(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdaevent.QueueBatch(ctx, e, func(_ context.Context, m lambdaevent.Message) error {
		var u sma.Update
		if err := json.Unmarshal(m.Body, &u); err != nil {
			return err
		}
		c := r.calls[u.TransactionID]
		if c == nil || c.fallback || c.living() == 0 {
			return nil
		}
		key := u.Arguments[sma.ArgVerb] + u.Arguments[sma.ArgOfferID]
		switch u.Arguments[sma.ArgVerb] {
		case sma.VerbRing, sma.VerbUnring, sma.VerbConnect:
		default:
			key += u.ID
		}
		if c.seen[key] {
			return nil
		}
		c.seen[key] = true
		p := &sma.CallUpdateRequest{Arguments: u.Arguments}
		c.ask(question{kind: sma.CallUpdateRequested, data: &sma.ActionData{Type: p.ActionType(), Parameters: p}, until: m.Sent.Add(time.Duration(u.ValidSeconds) * time.Second)})
		return nil
	})
}

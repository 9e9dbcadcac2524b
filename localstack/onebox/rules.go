package onebox

import (
	"context"
	"encoding/json"
	"time"

	acdfn "huawu/functions/acd/handler"
)

// rules does what EventBridge does in AWS: once a minute, and at the start, it
// calls the acd function to sweep. A sweep that fails is followed by the next.
func (b *Box) rules(ctx context.Context) error {
	if b.cfg.NoRules {
		<-ctx.Done()
		return nil
	}
	every := time.NewTicker(acdfn.Every)
	defer every.Stop()
	for {
		if _, err := b.sweeper.Handle(ctx, json.RawMessage(acdfn.Rule)); err != nil && ctx.Err() == nil {
			b.log.Warn("sweep", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

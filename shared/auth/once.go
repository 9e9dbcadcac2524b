package auth

import (
	"context"
	"time"
)

// VerifyOnce is Verify for a token that is to be good once: it also returns its
// id, and until when the id has to be remembered for that. To remember it is left
// to who asks.
func (t *Tokens) VerifyOnce(ctx context.Context, token string) (who Identity, id string, until time.Time, err error) {
	var c claims
	if err := t.open(ctx, token, &c); err != nil {
		return Identity{}, "", time.Time{}, err
	}
	if c.ID == "" {
		return Identity{}, "", time.Time{}, ErrToken
	}
	return Identity{Tenant: c.Tenant, Agent: c.Subject, Role: c.Role, Expires: c.ExpiresAt.UTC()}, c.ID, c.ExpiresAt.Add(leeway).UTC(), nil
}

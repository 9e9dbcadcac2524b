package seed

import (
	"context"
	"crypto/rand"
	"time"

	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Logins lets the people of the demo tenant log in by these passwords, which
// stand under their user names. A user whose password is another one gets it
// anew: what a newcomer is told must be true.
func Logins(ctx context.Context, t cloud.Table, now time.Time, passwords map[string]string) error {
	for _, p := range People() {
		if err := p.login(ctx, t, now, passwords[p.Username]); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "seed the log-in of %s", p.Username)
		}
	}
	return nil
}

func (p Person) login(ctx context.Context, t cloud.Table, now time.Time, password string) error {
	item, err := t.Get(ctx, login.UserKey(Tenant, p.Username), true)
	if err != nil {
		return err
	}
	if u, ok := login.UserFrom(item); ok && login.Matches(password, u.Hash) {
		return nil
	}
	hash, err := login.Hash(rand.Reader, password)
	if err != nil {
		return err
	}
	w, err := login.User{Tenant: Tenant, Username: p.Username, Agent: p.ID, Role: p.Role, Hash: hash, Since: now}.Put()
	if err != nil {
		return err
	}
	_, err = t.Write(ctx, w)
	return err
}

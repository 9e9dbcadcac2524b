package login

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Allowance is how often something may be done without logging in, in a minute
// of the clock. 0 means never.
type Allowance struct {
	PerAddress int // from one address
	Total      int // by all together
}

const (
	allowWindow = time.Minute
	sortUses    = "USES"
)

// Allow counts one use of what anybody may do from an address, and is a *Wait if
// that was one too many: from the address, or by all together. What is refused
// for its address does not count against the others.
func (s *Service) Allow(ctx context.Context, what, address string, a Allowance) error {
	now := s.now()
	window := now.Truncate(allowWindow)
	left := window.Add(allowWindow).Sub(now)
	secret, err := s.hashSecret(ctx)
	if err != nil {
		return err
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("use\x00" + what + "\x00" + network(address))) // a hash never fails
	for _, c := range []struct {
		part string
		most int
	}{{hex.EncodeToString(m.Sum(nil)[:16]), a.PerAddress}, {what, a.Total}} {
		n, err := s.use(ctx, "_|USE#"+c.part+"#"+strconv.FormatInt(window.Unix(), 10), window)
		if err != nil {
			return err
		}
		if n > int64(c.most) {
			return &Wait{left}
		}
	}
	return nil
}

// use counts one more and returns how many there were in the window.
func (s *Service) use(ctx context.Context, part string, window time.Time) (int64, error) {
	i, err := s.table.Write(ctx, cloud.Write{Key: cloud.Key{Part: part, Sort: sortUses}, Add: map[string]int64{"v": 1},
		Set: cloud.Item{cloud.AttrTTL: window.Add(2 * allowWindow).Unix()}})
	if err != nil {
		return 0, fault.Wrap(fault.KindOf(err), err, "login: count a use")
	}
	return i.Int("v"), nil
}

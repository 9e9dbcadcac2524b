package login

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// limit says how many failures are free, and when the last one is forgotten.
// Each failure behind the free ones doubles the wait, from backOff to maxBackOff.
type limit struct {
	free   int64
	forget time.Duration
}

const (
	backOff    = 30 * time.Second
	maxBackOff = 15 * time.Minute
)

// The limits. Behind one address there may be a whole floor of agents, of whom
// some mistype each morning; behind one name there is one.
func perUser() limit    { return limit{free: 5, forget: 24 * time.Hour} }
func perAddress() limit { return limit{free: 100, forget: time.Hour} }

// tries is what is kept of failures.
type tries struct {
	count       int64
	last, until time.Time // of the last failure; nothing is tried before until
	version     int64     // of the item; 0 = none
}

// next counts one more failure at time now.
func (t tries) next(l limit, now time.Time) tries {
	if now.Sub(t.last) >= l.forget {
		t.count = 0
	}
	t.count++
	t.last = now
	if over := t.count - l.free; over >= 0 {
		t.until = now.Add(min(maxBackOff, backOff<<min(over, 10)))
	}
	t.version++
	return t
}

// wait is nil if something may be tried at time now.
func (t tries) wait(now time.Time) error {
	if now.Before(t.until) {
		return &Wait{t.until.Sub(now)}
	}
	return nil
}

// tryKeys returns the keys of the failures from an address and of a name.
func (s *Service) tryKeys(ctx context.Context, a Attempt) (from, name cloud.Key, err error) {
	secret, err := s.hashSecret(ctx)
	if err != nil {
		return from, name, err
	}
	of := func(kind, what string) string {
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(kind + "\x00" + what)) // a hash never fails
		return "LOGIN#" + hex.EncodeToString(m.Sum(nil)[:16])
	}
	tenant := a.Tenant
	if !validTenant(tenant) {
		tenant = "_"
	}
	return cloud.Key{Part: "_|" + of("address", network(a.Address)), Sort: sortTries},
		cloud.Key{Part: tenant + "|" + of("name", a.Tenant+"\x00"+a.Username), Sort: sortTries}, nil
}

// sortTries is the sort key of failures.
const sortTries = "TRIES"

// network is what of an address counts as one: IPv6 hosts have a /64 to
// themselves (RFC 6177). What is no address is one, too.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (s *Service) tries(ctx context.Context, k cloud.Key) (tries, error) {
	i, err := s.table.Get(ctx, k, true)
	if err != nil {
		return tries{}, fault.Wrap(fault.KindOf(err), err, "login: read failures")
	}
	return tries{i.Int("count"), time.UnixMicro(i.Int("last")), time.UnixMicro(i.Int("until")), i.Int("v")}, nil
}

// open is nil if something may be tried.
func (s *Service) open(ctx context.Context, k cloud.Key) error {
	t, err := s.tries(ctx, k)
	if err != nil {
		return err
	}
	return t.wait(s.now())
}

// count adds a failure, if something may be tried. The write relies on the whole
// item: of many at the same time each counts, and those behind the limit wait.
func (s *Service) count(ctx context.Context, k cloud.Key, l limit) (tries, error) {
	for range 8 {
		now := s.now()
		seen, err := s.tries(ctx, k)
		if err != nil {
			return tries{}, err
		}
		if err := seen.wait(now); err != nil {
			return tries{}, err
		}
		t := seen.next(l, now)
		as := cloud.Cond{Attr: "v", Op: "=", Value: seen.version}
		if seen.version == 0 {
			as = cloud.Cond{Attr: cloud.AttrPart, Op: "absent"}
		}
		_, err = s.table.Write(ctx, cloud.Write{Key: k, If: []cloud.Cond{as}, Put: cloud.Item{"v": t.version, "count": t.count,
			"last": t.last.UnixMicro(), "until": t.until.UnixMicro(), cloud.AttrTTL: now.Add(l.forget + maxBackOff).Unix()}})
		if err == nil {
			return t, nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return tries{}, fault.Wrap(fault.KindOf(err), err, "login: count failure")
		}
	}
	return tries{}, &Wait{time.Second} // many guess at once
}

// forgive removes the failures of a name whose owner has come, unless more were
// counted since.
func (s *Service) forgive(ctx context.Context, k cloud.Key, counted tries) error {
	_, err := s.table.Write(ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "v", Op: "=", Value: counted.version}}, Delete: true})
	var refused *cloud.Refused
	if err == nil || errors.As(err, &refused) && refused.Lost() {
		return nil
	}
	return fault.Wrap(fault.KindOf(err), err, "login: forget failures")
}

// hashSecret returns the secret of hashes in keys. It is made by whoever needs
// it first.
func (s *Service) hashSecret(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret != nil {
		return s.secret, nil
	}
	key := cloud.Key{Part: "_|CFG", Sort: "SECRET#login"}
	item, err := s.table.Get(ctx, key, true)
	if err == nil && item == nil {
		fresh := make([]byte, 32)
		if _, err := io.ReadFull(s.random, fresh); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "login: make secret")
		}
		item, err = s.table.Write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"v": int64(1), "secret": fresh}})
		var refused *cloud.Refused
		if errors.As(err, &refused) && refused.Lost() {
			item, err = s.table.Get(ctx, key, true)
		}
	}
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "login: secret of hashes")
	}
	secret, _ := item["secret"].([]byte)
	if len(secret) == 0 {
		return nil, fault.New(fault.Internal, "login: secret of hashes is empty")
	}
	s.secret = secret
	return secret, nil
}

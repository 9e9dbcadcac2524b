package webleg

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"sync"
	"time"

	"huawu/shared/fault"
)

// Identity is whose socket one is.
type Identity struct {
	Tenant string
	User   string // SIP user: calls to an agent go to the socket that registered it
	Agent  string // id of the agent whose socket it is; "" for others
	// Dials is the only number that may be called from here, as on a page that
	// lets customers call. Empty: calls are only taken, as at the desk.
	Dials  string
	Number string // the caller's number in such calls; "" withheld
	// Language, BCP 47, goes with such calls as the header X-Language; "" none.
	Language string
}

// Tickets turns the ticket of a socket that opens into an identity, once:
// fault.Forbidden if it is unknown, too old or was used. The edge that knows who
// is logged in issues them.
type Tickets interface {
	Redeem(ctx context.Context, ticket string) (Identity, error)
}

const (
	ticketLife = time.Minute
	maxTickets = 10_000
)

// Signed is the Tickets of a relay that is another machine than the edge: the
// edge signs them, with a key that the relay can only check by. A ticket is good
// once at each relay.
type Signed struct {
	check Check
	now   func() time.Time
	mu    sync.Mutex
	used  map[string]time.Time // until when an id has to be remembered
}

// Check checks a ticket's signature and age, and returns its id and until when
// that has to be remembered. It is fault.Forbidden if the ticket is not valid.
type Check func(ctx context.Context, ticket string) (who Identity, id string, until time.Time, err error)

// NewSigned makes the tickets of a relay that has seen none yet.
func NewSigned(check Check, now func() time.Time) *Signed {
	return &Signed{check: check, now: now, used: map[string]time.Time{}}
}

// Redeem uses a ticket up.
func (s *Signed) Redeem(ctx context.Context, ticket string) (Identity, error) {
	who, id, until, err := s.check(ctx, ticket)
	if err != nil {
		return Identity{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.used[id]; again {
		return Identity{}, fault.New(fault.Forbidden, "webleg: ticket was used")
	}
	if len(s.used) >= maxTickets {
		now := s.now()
		maps.DeleteFunc(s.used, func(_ string, until time.Time) bool { return now.After(until) })
		if len(s.used) >= maxTickets {
			return Identity{}, fault.New(fault.Throttled, "webleg: too many tickets")
		}
	}
	s.used[id] = until
	return who, nil
}

// Box is the Tickets of a relay in the same process as the edge. It is safe for
// concurrent use.
type Box struct {
	now  func() time.Time
	mu   sync.Mutex
	open map[string]issued
}

type issued struct {
	who   Identity
	until time.Time
}

// NewBox makes an empty box that reads the time from now.
func NewBox(now func() time.Time) *Box { return &Box{now: now, open: map[string]issued{}} }

// Issue makes a ticket that is good once, for a minute.
func (b *Box) Issue(who Identity) (string, error) {
	if who.Tenant == "" || who.User == "" {
		return "", fault.New(fault.Invalid, "webleg: a ticket needs tenant and user")
	}
	var raw [24]byte
	rand.Read(raw[:])
	ticket := base64.RawURLEncoding.EncodeToString(raw[:])
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if len(b.open) >= maxTickets {
		for t, i := range b.open {
			if now.After(i.until) {
				delete(b.open, t)
			}
		}
		if len(b.open) >= maxTickets {
			return "", fault.New(fault.Throttled, "webleg: too many tickets are open")
		}
	}
	b.open[ticket] = issued{who, now.Add(ticketLife)}
	return ticket, nil
}

// Redeem uses a ticket up.
func (b *Box) Redeem(_ context.Context, ticket string) (Identity, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.open[ticket]
	delete(b.open, ticket)
	if !ok || b.now().After(i.until) {
		return Identity{}, fault.New(fault.Forbidden, "webleg: ticket is not valid")
	}
	return i.who, nil
}

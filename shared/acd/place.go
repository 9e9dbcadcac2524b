package acd

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Places gives out places in line that outlive the call: a token says when its
// holder came, whatever became of the contact since. Whoever calls again, or goes
// on by chat, has it redeemed and waits at the old place. A token is signed, holds
// a day, and is good for one contact.
type Places struct {
	router *Router
	random io.Reader // for the tenant's secret
}

// NewPlaces returns the places of a router's contacts; random is a source of
// secrets.
func NewPlaces(r *Router, random io.Reader) *Places { return &Places{r, random} }

// PlaceLife is how long a token holds.
const PlaceLife = 24 * time.Hour

// ErrPlace is returned for a token that is not good, or not any more: forged, too
// old, of another tenant, used by another contact, or of one whom an agent had.
var ErrPlace = fault.New(fault.Invalid, "acd: the place in line is not valid any more")

// placeClaims is what a token says. It holds nothing that tells who the customer is.
type placeClaims struct {
	Tenant   string     `json:"t"`
	Contact  contact.ID `json:"c"`
	Queue    string     `json:"q"`
	Priority int        `json:"p"`
	Came     int64      `json:"e"` // microseconds
	Issued   int64      `json:"i"` // seconds
}

// Issue returns the token of a contact that waits. One that does not is
// contact.ErrStep.
func (p *Places) Issue(ctx context.Context, c *contact.Contact) (string, error) {
	if c.Enqueued.IsZero() || c.State != contact.Queued {
		return "", contact.ErrStep
	}
	secret, err := p.secret(ctx, c.Tenant)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(placeClaims{c.Tenant, c.ID, c.Queue, c.Priority, contact.Micros(c.FirstCame()), p.router.run.Now().Unix()})
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "acd: encode place")
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(secret, text)), nil
}

func sign(secret []byte, text string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// maxPlace bounds a token.
const maxPlace = 1024

// Redeem gives a contact the place of a token in a queue: the request with which
// to enqueue it. The one who had the place waits no more. Again for the same
// contact is no change; for another one, or of another queue, it is ErrPlace, and
// the token stays good for whom it is.
func (p *Places) Redeem(ctx context.Context, tenant, token, queue string, id contact.ID) (Request, error) {
	claims, err := p.read(ctx, tenant, token)
	if err != nil {
		return Request{}, err
	}
	if claims.Queue != queue {
		return Request{}, ErrPlace
	}
	had, err := p.router.Contact(ctx, tenant, claims.Contact)
	if err != nil && !errors.Is(err, ErrNoContact) {
		return Request{}, err
	}
	if err == nil && (had.Live() || !had.AgentJoined.IsZero()) { // an agent has it, or had it
		return Request{}, ErrPlace
	}
	if err := p.use(ctx, tenant, claims.Contact, id); err != nil {
		return Request{}, err
	}
	if had != nil && had.ID != id {
		if err := p.leave(ctx, had); err != nil {
			return Request{}, err
		}
	}
	return Request{Queue: claims.Queue, Priority: claims.Priority, Came: contact.FromMicros(claims.Came)}, nil
}

// Regain is Redeem without a token, for who hung up while waiting and is known to
// have come back: the contact that had the place, if it was in the queue and ended
// no longer ago than within. Else it is ErrPlace.
func (p *Places) Regain(ctx context.Context, tenant string, old contact.ID, within time.Duration, queue string, id contact.ID) (Request, error) {
	had, err := p.router.Contact(ctx, tenant, old)
	if errors.Is(err, ErrNoContact) {
		return Request{}, ErrPlace
	}
	if err != nil {
		return Request{}, err
	}
	if had.ID == id || had.State != contact.Completed || had.Reason != contact.CustomerLeft || had.Queue != queue || had.Enqueued.IsZero() ||
		!had.Dequeued.IsZero() || !had.AgentJoined.IsZero() || p.router.run.Now().Sub(had.Disconnected) > within {
		return Request{}, ErrPlace
	}
	if err := p.use(ctx, tenant, old, id); err != nil {
		return Request{}, err
	}
	return Request{Queue: queue, Priority: had.Priority, Came: had.FirstCame()}, nil
}

// use marks the place of a contact as taken by another, once.
func (p *Places) use(ctx context.Context, tenant string, of, id contact.ID) error {
	key := cloud.Key{Part: tenant + "|PLACE#" + string(of), Sort: "USED"}
	_, err := p.router.write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}},
		Put: cloud.Item{contact.AttrVersion: int64(1), "contact": string(id), cloud.AttrTTL: p.router.run.Now().Add(2 * PlaceLife).Unix()}})
	if err == nil {
		return nil
	}
	used, err := lostTo(err)
	if err == nil && used.Str("contact") != string(id) {
		return ErrPlace
	}
	return err
}

// leave takes the one who had the place out of the queue; the call goes on.
func (p *Places) leave(ctx context.Context, had *contact.Contact) error {
	_, err := p.router.LeaveQueue(ctx, had)
	if errors.Is(err, ErrNotWaiting) {
		return nil
	}
	return err
}

// read checks a token.
func (p *Places) read(ctx context.Context, tenant, token string) (claims placeClaims, err error) {
	text, mac, ok := strings.Cut(token, ".")
	if !ok || len(token) > maxPlace {
		return claims, ErrPlace
	}
	secret, err := p.secret(ctx, tenant)
	if err != nil {
		return claims, err
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, sign(secret, text)) {
		return claims, ErrPlace
	}
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(body, &claims) != nil || claims.Tenant != tenant {
		return claims, ErrPlace
	}
	if age := p.router.run.Now().Sub(time.Unix(claims.Issued, 0)); age > PlaceLife {
		return claims, ErrPlace
	}
	return claims, nil
}

// secret returns the tenant's key, which whoever comes first makes.
func (p *Places) secret(ctx context.Context, tenant string) ([]byte, error) {
	key := ConfigKey(tenant, "SECRET#place")
	i, err := p.router.get(ctx, key)
	if err != nil {
		return nil, err
	}
	if i == nil {
		fresh := make([]byte, 32)
		if _, err := io.ReadFull(p.random, fresh); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "acd: make a secret")
		}
		i, err = p.router.write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}},
			Put: cloud.Item{contact.AttrVersion: int64(1), "secret": fresh}})
		if err != nil {
			if i, err = lostTo(err); err != nil {
				return nil, err
			}
		}
	}
	secret, _ := i["secret"].([]byte)
	if len(secret) != 32 {
		return nil, fault.New(fault.Internal, "acd: the secret of places is not one")
	}
	return secret, nil
}

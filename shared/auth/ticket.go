package auth

import (
	"context"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// TicketLife is how long a ticket is good.
const TicketLife = time.Minute

// Ticket says whose SIP socket a browser may open with it: a page cannot add a
// header when it opens a WebSocket, so a ticket stands in the address, is short-
// lived, and good once.
type Ticket struct {
	Tenant   string
	User     string // SIP user
	Agent    string // id of the agent; "" for a customer's page
	Dials    string // the only number that may be called; "" none
	Number   string // the caller's number in such calls; "" withheld
	Language string // BCP 47 of a customer's page; "" none was chosen
}

// Tickets signs tickets where one logs in, and checks them where sockets are
// opened: two machines that share a signing key. That a ticket is used once is
// left to who checks, as only one machine is named by a socket's address.
type Tickets struct{ tokens *Tokens }

// NewTickets returns the tickets of one installation; issuer and audience are
// those of its tokens, and neither is taken for the other.
func NewTickets(keys cloud.Keys, issuer, audience string, now func() time.Time) *Tickets {
	return &Tickets{New(keys, issuer, audience+"/sip", now)}
}

// ticketClaims is the body of a ticket.
type ticketClaims struct {
	jwt.RegisteredClaims
	Tenant   string `json:"tenant"`
	Agent    string `json:"agent,omitempty"`
	Dials    string `json:"dials,omitempty"`
	Number   string `json:"number,omitempty"`
	Language string `json:"lang,omitempty"`
}

// Validate refuses what jwt.Validator does not know of. It is called by it.
func (c ticketClaims) Validate() error {
	if c.Tenant == "" || c.Subject == "" || c.ID == "" || strings.ContainsAny(c.Tenant+c.Subject, "|#") {
		return fault.New(fault.Forbidden, "tenant, user or id missing")
	}
	if c.NotBefore == nil || c.IssuedAt == nil {
		return fault.New(fault.Forbidden, "nbf or iat missing")
	}
	return nil
}

// Issue returns a ticket.
func (t *Tickets) Issue(ctx context.Context, who Ticket) (string, error) {
	jti, err := uuid.NewV7()
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "auth: ticket id")
	}
	k := t.tokens
	now := k.now()
	c := ticketClaims{Tenant: who.Tenant, Agent: who.Agent, Dials: who.Dials, Number: who.Number, Language: who.Language, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: k.issuer, Subject: who.User, Audience: jwt.ClaimStrings{k.audience}, ID: jti.String(),
		ExpiresAt: jwt.NewNumericDate(now.Add(TicketLife)), NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now),
	}}
	if err := c.Validate(); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "auth: issue ticket")
	}
	ticket, err := jwt.NewWithClaims(method{ctx, k.keys}, c).SignedString(nil)
	return ticket, fault.Wrap(fault.KindOf(err), err, "auth: sign ticket")
}

// Check returns whose ticket it is, its id, and until when the id has to be
// remembered so that it is good only once. Anything wrong with it is ErrToken; a
// failed dependency has its own kind.
func (t *Tickets) Check(ctx context.Context, ticket string) (who Ticket, id string, until time.Time, err error) {
	var c ticketClaims
	if err := t.tokens.open(ctx, ticket, &c); err != nil {
		return Ticket{}, "", time.Time{}, err
	}
	return Ticket{Tenant: c.Tenant, User: c.Subject, Agent: c.Agent, Dials: c.Dials, Number: c.Number, Language: c.Language},
		c.ID, c.ExpiresAt.Add(leeway).UTC(), nil
}

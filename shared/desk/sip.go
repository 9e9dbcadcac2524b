package desk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/fault"
)

// SIPDomain is the domain in the SIP addresses of browsers.
const SIPDomain = "huawu"

// SIPTickets issues what lets a browser open its SIP socket, once, for a minute.
type SIPTickets interface {
	Issue(ctx context.Context, who auth.Ticket) (string, error)
}

// SIP says how browsers reach the relay.
type SIP struct {
	Tickets SIPTickets // nil: no browser does
	// Sockets is the WebSocket address of the relay, "wss://relay.example/sip".
	// "": /sip at the host that was asked.
	Sockets string
	Caller  *CallerPage // nil: the public page is off
}

// CallerPage is the public page by which customers call.
type CallerPage struct {
	Tenant, Number string          // whom they reach
	Allowance      login.Allowance // tickets a minute; each call and each lost socket takes one
}

// socketHost is the part of a request that says where the socket is.
type socketHost struct{ host string }

// Resolve takes the host from the request. It is called by huma.
func (in *socketHost) Resolve(ctx huma.Context) []error {
	in.host = ctx.Host()
	return nil
}

type sipInput struct{ socketHost }

type callInput struct {
	clientAddress
	socketHost
	Body *struct {
		Language string `json:"language,omitempty" maxLength:"16" pattern:"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$" example:"zh-CN" doc:"BCP 47: what the caller speaks"`
	}
}

// Resolve takes both from the request. It is called by huma.
func (in *callInput) Resolve(ctx huma.Context) []error {
	return append(in.clientAddress.Resolve(ctx), in.socketHost.Resolve(ctx)...)
}

// SIPTicket is what an agent's page needs for its socket.
type SIPTicket struct {
	URL    string `json:"url" doc:"WebSocket to open, subprotocol sip; the ticket is in it" example:"wss://host/sip?ticket=…"`
	Ticket string `json:"ticket" doc:"Good once, for a minute: get another for each socket"`
	URI    string `json:"uri" doc:"SIP address to register" example:"sip:lin@huawu"`
	User   string `json:"user" doc:"User of the address"`
}

// CallTicket is what a customer's page needs to call.
type CallTicket struct {
	SIPTicket
	Target string `json:"target" doc:"SIP address to call: nothing else can be" example:"sip:95000@huawu"`
}

func (d *Desk) registerSIP(api huma.API) {
	register(d, api, operation{"sipTicket", http.MethodPost, "/v1/sip/tickets", "Get a ticket for the softphone's socket", auth.ActAsAgent, http.StatusCreated},
		func(ctx context.Context, who auth.Identity, in *sipInput) (*struct{ Body SIPTicket }, error) {
			t, err := d.sipTicket(ctx, who, in.host)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SIPTicket }{t}, nil
		})
	registerFailing(d, api, operation{"callTicket", http.MethodPost, "/v1/call/tickets", "Get a ticket to call from the public page", "", http.StatusCreated},
		[]int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
		func(ctx context.Context, _ auth.Identity, in *callInput) (*struct{ Body CallTicket }, error) {
			t, err := d.callTicket(ctx, in)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CallTicket }{t}, nil
		})
}

// sipTicket is for agents with a softphone. A socket in another's place would
// not be rung, so an agent with a telephone is told.
func (d *Desk) sipTicket(ctx context.Context, who auth.Identity, host string) (SIPTicket, error) {
	if d.sip.Tickets == nil {
		return SIPTicket{}, fault.New(fault.NotFound, "browsers are not served here")
	}
	a, err := d.router.Agent(ctx, who.Tenant, who.Agent)
	if err != nil {
		return SIPTicket{}, err
	}
	if a.Device.Kind != agent.Softphone || a.Device.User == "" {
		return SIPTicket{}, fault.New(fault.Conflict, "the agent has a telephone, not a softphone")
	}
	return d.issueSIP(ctx, host, auth.Ticket{Tenant: who.Tenant, User: a.Device.User, Agent: who.Agent})
}

func (d *Desk) callTicket(ctx context.Context, in *callInput) (CallTicket, error) {
	page := d.sip.Caller
	if page == nil || d.sip.Tickets == nil {
		return CallTicket{}, fault.New(fault.NotFound, "no such path")
	}
	if err := d.login.Allow(ctx, "call", in.address, page.Allowance); err != nil {
		return CallTicket{}, tooMany(err)
	}
	var name [8]byte
	rand.Read(name[:]) // never fails
	who := auth.Ticket{Tenant: page.Tenant, User: "web-" + hex.EncodeToString(name[:]), Dials: page.Number}
	if in.Body != nil {
		who.Language = in.Body.Language
	}
	t, err := d.issueSIP(ctx, in.host, who)
	if err != nil {
		return CallTicket{}, tooMany(err)
	}
	return CallTicket{t, "sip:" + page.Number + "@" + SIPDomain}, nil
}

func (d *Desk) issueSIP(ctx context.Context, host string, who auth.Ticket) (SIPTicket, error) {
	ticket, err := d.sip.Tickets.Issue(ctx, who)
	if err != nil {
		return SIPTicket{}, err
	}
	at := d.sip.Sockets
	if at == "" {
		at = "wss://" + host + "/sip"
		if d.local {
			at = "ws://" + host + "/sip"
		}
	}
	return SIPTicket{URL: at + "?ticket=" + url.QueryEscape(ticket), Ticket: ticket, URI: "sip:" + who.User + "@" + SIPDomain, User: who.User}, nil
}

// tooMany makes the error of an allowance that is used up a problem that says
// when to come again.
func tooMany(err error) error {
	var wait *login.Wait
	seconds := 5
	switch {
	case errors.As(err, &wait):
		seconds = int(math.Ceil(wait.For.Seconds()))
	case fault.KindOf(err) != fault.Throttled:
		return err
	}
	after := strconv.Itoa(seconds)
	return huma.ErrorWithHeaders(huma.NewError(http.StatusTooManyRequests, "too many calls are being made; try again in "+after+" seconds"), http.Header{"Retry-After": {after}})
}

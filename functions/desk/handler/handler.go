// Package handler is the function behind the HTTP API of the desk. What can be
// asked and who may is decided by shared/desk; here only the API's events become
// requests.
package handler

import (
	"context"
	"crypto/rand"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/desk"
)

// Ports are the sides of the cloud that the desk uses.
type Ports struct {
	Table cloud.Table
	Blobs cloud.Blobs
	Keys  cloud.Keys
	Queue cloud.Queue // reaches acd.TimerQueue and the relays
}

// Config is what the function is told by its main.
type Config struct {
	Instance contact.Instance
	Issuer   string // of tokens: this installation
	Audience string // of tokens: the desk
	Local    bool   // without TLS, on one machine
	SIP      desk.SIP
	Sockets  string // address of live updates; "": /live at the host that was asked
	Routing  acd.Runtime
}

// Tokens returns the tokens that a desk with this configuration takes, for who
// issues them.
func (c Config) Tokens(k cloud.Keys) *auth.Tokens {
	return auth.New(k, c.Issuer, c.Audience, c.Routing.Now)
}

// LiveAudience is whom tickets for live updates are for.
func (c Config) LiveAudience() string { return c.Audience + "-live" }

// Handler is the function's code.
type Handler struct {
	serve lambdaevent.HTTPFunction
}

// New returns a handler over the ports it needs.
func New(p Ports, c Config) *Handler {
	tokens := c.Tokens(p.Keys)
	return &Handler{lambdaevent.HTTP(desk.New(desk.Config{
		Table: p.Table, Blobs: p.Blobs, Keys: p.Keys, Router: pace.Router(p.Table, p.Queue, c.Routing), Tokens: tokens, SIP: c.SIP, Live: desk.Live{Tickets: auth.New(p.Keys, c.Issuer, c.LiveAudience(), c.Routing.Now), Sockets: c.Sockets}, Local: c.Local,
		Login:    login.New(login.Config{Table: p.Table, Tokens: tokens, Now: c.Routing.Now, Random: rand.Reader, Log: c.Routing.Log}),
		Instance: c.Instance, Now: c.Routing.Now, Log: c.Routing.Log,
	}))}
}

// Handle answers one request to the HTTP API.
func (h *Handler) Handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return h.serve(ctx, e)
}

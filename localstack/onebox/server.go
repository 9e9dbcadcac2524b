package onebox

import (
	"context"
	"net/http"
	"time"

	acdfn "huawu/functions/acd/handler"
	deskfn "huawu/functions/desk/handler"
	"huawu/localstack/seed"
	relay "huawu/mediarelay"
	"huawu/mediarelay/webleg"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/desk"
	"huawu/web"
)

// receiverPath is where the demo tenant's webhooks go.
const receiverPath = "/demo/crm"

// Issuer and audience of the tokens of a centre on one machine.
const (
	issuer   = "huawu-onebox"
	audience = "desk"
)

func (b *Box) deskConfig() deskfn.Config {
	sip := desk.SIP{Tickets: tickets{b.box}}
	if b.demo != nil {
		sip.Caller = &desk.CallerPage{Tenant: seed.Tenant, Number: seed.Number, Allowance: login.Allowance{PerAddress: callsAMinute, Total: callsAMinute}}
	}
	return deskfn.Config{Instance: contact.Instance{Account: localcloud.Account, Region: localcloud.Region},
		Issuer: issuer, Audience: audience, Local: true, SIP: sip, Routing: acdfn.Machine(b.log)}
}

func (b *Box) tokens() *auth.Tokens { return b.deskConfig().Tokens(b.cloud.Keys()) }

// callsAMinute is how many tickets the caller's page gets: all callers here have
// one address.
const callsAMinute = 300

// tickets issues the relay's own: both are in this process.
type tickets struct{ box *webleg.Box }

// Issue makes a ticket.
func (t tickets) Issue(_ context.Context, who auth.Ticket) (string, error) {
	return t.box.Issue(webleg.Identity(who))
}

// server is the local stand-in for API Gateway, for the relay's own listener and
// for what serves the pages: the desk's function, and what only exists here.
func (b *Box) server() *http.Server {
	c := b.cloud
	api := deskfn.New(deskfn.Ports{Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Queue: c.Queue()}, b.deskConfig())
	mux := http.NewServeMux()
	gateway := lambdaevent.Gateway(api.Handle)
	for _, path := range []string{"/v1/", "/openapi.json", "/openapi.yaml", "/openapi-3.0.json", "/openapi-3.0.yaml", "/healthz"} {
		mux.Handle(path, gateway)
	}
	mux.Handle(livePath, b.live)
	mux.Handle(relay.SocketPath, b.relay.Sockets())
	mux.Handle("/", web.Handler(web.Config{}))
	if b.demo != nil {
		mux.Handle(receiverPath, b.demo.crm)
	}
	return &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
}

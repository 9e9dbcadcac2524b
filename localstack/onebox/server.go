package onebox

import (
	"net/http"
	"time"

	acdfn "huawu/functions/acd/handler"
	deskfn "huawu/functions/desk/handler"
	"huawu/shared/auth"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// receiverPath is where the demo tenant's webhooks go.
const receiverPath = "/demo/crm"

// Issuer and audience of the tokens of a centre on one machine.
const (
	issuer   = "huawu-onebox"
	audience = "desk"
)

func (b *Box) deskConfig() deskfn.Config {
	return deskfn.Config{Instance: contact.Instance{Account: localcloud.Account, Region: localcloud.Region},
		Issuer: issuer, Audience: audience, Local: true, Routing: acdfn.Machine(b.log)}
}

func (b *Box) tokens() *auth.Tokens { return b.deskConfig().Tokens(b.cloud.Keys()) }

// server is the local stand-in for API Gateway: the desk's function, and what
// only exists here.
func (b *Box) server() *http.Server {
	c := b.cloud
	desk := deskfn.New(deskfn.Ports{Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Queue: c.Queue()}, b.deskConfig())
	mux := http.NewServeMux()
	mux.Handle("/", lambdaevent.Gateway(desk.Handle))
	if b.demo != nil {
		mux.Handle(receiverPath, b.demo.crm)
	}
	return &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
}

package onebox

import (
	"time"

	acdfn "huawu/functions/acd/handler"
	livefn "huawu/functions/live/handler"
	"huawu/localstack/gateway"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// livePath is where pages connect for live updates.
const livePath = "/live"

// openLive gives the function of live updates its two triggers: the queue of
// changes, and a WebSocket API, which is served on the desk's own listener.
func (b *Box) openLive() error {
	c, desk := b.cloud, b.deskConfig()
	f := livefn.New(livefn.Ports{Table: c.Table(), Keys: c.Keys(), Queue: c.Queue(), Push: c.Push()},
		livefn.Config{Issuer: desk.Issuer, Audience: desk.LiveAudience(), Routing: acdfn.Machine(b.log)})
	b.live = gateway.New(gateway.Config{Function: f.HandleSocket, Hub: c.Push(), Log: b.log})
	p := localcloud.Poller{Queue: event.LiveQueue, Handler: f.HandleQueue, Concurrency: 4, Timeout: 10 * time.Second}
	return fault.Wrap(fault.Internal, c.Poll(p), "poll %s", p.Queue)
}

package desk

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

// Live says how pages reach live updates.
type Live struct {
	Tickets *auth.Tokens // of the live audience; nil: there are none
	// Sockets is the WebSocket address, "wss://live.example/live". "": /live at
	// the host that was asked.
	Sockets string
}

// LiveTicket is what a page needs to open its socket for live updates.
type LiveTicket struct {
	URL    string `json:"url" doc:"WebSocket to open; the ticket is in it" example:"wss://host/live?ticket=…"`
	Ticket string `json:"ticket" doc:"Good once, for a minute: get another for each socket"`
}

type liveInput struct{ socketHost }

type targetsInput struct {
	Query string `query:"q" maxLength:"64" doc:"Part of an id or name, whatever the case; absent: all"`
}

func (d *Desk) registerLive(api huma.API) {
	register(d, api, operation{"liveTicket", http.MethodPost, "/v1/live/tickets", "Get a ticket for the socket of live updates", auth.ReadOwn, http.StatusCreated},
		func(ctx context.Context, who auth.Identity, in *liveInput) (*struct{ Body LiveTicket }, error) {
			t, err := d.liveTicket(ctx, who, in.host)
			if err != nil {
				return nil, err
			}
			return &struct{ Body LiveTicket }{t}, nil
		})
	register(d, api, operation{"getFloor", http.MethodGet, "/v1/floor", "How all agents and queues stand", auth.WatchFloor, http.StatusOK},
		func(ctx context.Context, who auth.Identity, _ *struct{}) (*struct{ Body *view.Floor }, error) {
			f, _, err := d.views.Floor(ctx, who.Tenant)
			if err != nil {
				return nil, err
			}
			return &struct{ Body *view.Floor }{f}, nil
		})
	register(d, api, operation{"getTargets", http.MethodGet, "/v1/targets", "Agents and queues that a contact can be handed to", auth.ActAsAgent, http.StatusOK},
		func(ctx context.Context, who auth.Identity, in *targetsInput) (*struct{ Body *view.Targets }, error) {
			t, err := d.views.Targets(ctx, who.Tenant, who.Agent, in.Query)
			if err != nil {
				return nil, err
			}
			return &struct{ Body *view.Targets }{t}, nil
		})
}

// liveTicket is a token of another audience that opens one socket. It cannot be
// used in the place of the token, which a page keeps out of addresses.
func (d *Desk) liveTicket(ctx context.Context, who auth.Identity, host string) (LiveTicket, error) {
	if d.live.Tickets == nil {
		return LiveTicket{}, fault.New(fault.NotFound, "there are no live updates here")
	}
	who.Expires = d.now().Add(auth.TicketLife)
	ticket, err := d.live.Tickets.Issue(ctx, who)
	if err != nil {
		return LiveTicket{}, err
	}
	at := d.live.Sockets
	if at == "" {
		at = "wss://" + host + "/live"
		if d.local {
			at = "ws://" + host + "/live"
		}
	}
	return LiveTicket{URL: at + "?ticket=" + url.QueryEscape(ticket), Ticket: ticket}, nil
}

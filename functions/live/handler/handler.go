// Package handler is the function behind the WebSocket API of live updates. It
// takes connections and what pages send, and from a queue what changed. Who may
// look at what and what they are told is decided by shared/live; here only events
// are read and answered.
package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/fault"
	"huawu/shared/live"
)

// Routes of the WebSocket API. What a page sends goes to the last.
const (
	RouteConnect    = "$connect"
	RouteDisconnect = "$disconnect"
	RouteDefault    = "$default"
)

// ParamTicket is the parameter of the address that holds the ticket: a page
// cannot set a header.
const ParamTicket = "ticket"

// Ports are the sides of the cloud that live updates use.
type Ports struct {
	Table cloud.Table
	Keys  cloud.Keys
	Queue cloud.Queue // reaches event.LiveQueue
	Push  cloud.Push
}

// Config is what the function is told by its main.
type Config struct {
	Issuer   string // of tickets: this installation
	Audience string // of tickets: live updates
	Origins  []string
	Routing  acd.Runtime
}

// Handler is the function's code.
type Handler struct {
	live *live.Service
	log  *slog.Logger
}

// New returns a handler over the ports it needs.
func New(p Ports, c Config) *Handler {
	return &Handler{live.New(live.Config{
		Table: p.Table, Push: p.Push, Queue: p.Queue, Router: acd.NewRouter(p.Table, p.Queue, c.Routing),
		Tickets: auth.New(p.Keys, c.Issuer, c.Audience, c.Routing.Now), Origins: c.Origins, Now: c.Routing.Now, Log: c.Routing.Log,
	}), c.Routing.Log}
}

// Handle takes an event of either source.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	return lambdaevent.Mux{WebSocket: h.HandleSocket, Queue: h.HandleQueue}.Handle(ctx, raw)
}

// HandleQueue tells pages what changed.
func (h *Handler) HandleQueue(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdaevent.QueueBatch(ctx, e, func(ctx context.Context, m lambdaevent.Message) error {
		if m.Sent.IsZero() || time.Since(m.Sent) < stale {
			return h.live.HandleMessage(ctx, m.Body)
		}
		return nil
	})
}

// stale is the age from which a change is of no use: a page that is still there
// has asked for a new snapshot by then, or will when it sees the gap.
const stale = 15 * time.Minute

// HandleSocket answers an event of the WebSocket API. A connection that is not
// let in is told only that.
func (h *Handler) HandleSocket(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	id := e.RequestContext.ConnectionID
	switch e.RequestContext.RouteKey {
	case RouteConnect:
		return h.connect(ctx, e)
	case RouteDisconnect:
		return h.ok("", h.live.Disconnect(ctx, id))
	}
	if e.IsBase64Encoded { // no page of ours sends bytes
		return h.ok(`{"type":"error","code":"bad_frame","detail":"frames are text"}`, nil)
	}
	answer, err := h.live.Receive(ctx, id, []byte(e.Body))
	return h.ok(string(answer), err)
}

func (h *Handler) connect(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	header := func(name string) string {
		for k, v := range e.Headers {
			if strings.EqualFold(k, name) {
				return v
			}
		}
		return ""
	}
	err := h.live.Connect(ctx, live.Opening{Connection: e.RequestContext.ConnectionID, Ticket: e.QueryStringParameters[ParamTicket],
		Origin: header("Origin"), Host: header("Host")})
	if live.IsRefusal(err) {
		h.log.InfoContext(ctx, "connection refused", "error", err.Error())
		return events.APIGatewayProxyResponse{StatusCode: http.StatusForbidden}, nil
	}
	return h.ok("", err)
}

// ok answers with a body, which goes to the page. An error of ours is logged and
// told as a status only.
func (h *Handler) ok(body string, err error) (events.APIGatewayProxyResponse, error) {
	if err != nil {
		h.log.Error("live update failed", "kind", string(fault.KindOf(err)), "error", err.Error())
		return events.APIGatewayProxyResponse{StatusCode: http.StatusServiceUnavailable}, nil
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: body}, nil
}

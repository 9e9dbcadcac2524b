// Package handler is the function that relays ask what to do about a call. It
// takes the events of a SIP media application and leaves the answers to
// shared/ivr.
package handler

import (
	"context"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/cloud"
	"huawu/shared/ivr"
	"huawu/shared/sma"
)

// Ports are what the function uses of a cloud. Queue reaches acd.TimerQueue and
// the relays, Functions the functions that flows call.
type Ports struct {
	Table     cloud.Table
	Queue     cloud.Queue
	Functions cloud.Invoker
}

// Handler takes the events of the ivr function.
type Handler struct{ service *ivr.Service }

// New returns a handler.
func New(p Ports, cfg ivr.Config, run acd.Runtime) *Handler {
	router := pace.Router(p.Table, p.Queue, run)
	return &Handler{ivr.New(p.Table, p.Functions, router, cfg, ivr.Runtime{Now: run.Now, Log: run.Log})}
}

// Handle answers one event of a call.
func (h *Handler) Handle(ctx context.Context, e sma.Event) (sma.Response, error) {
	return h.service.Handle(ctx, e)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"huawu/shared/fault"
)

const (
	protectEvery  = time.Minute
	protectExpiry = 30 // minutes; a relay that dies is not protected for longer
)

// protection keeps ECS from ending a task while calls are up: the 120 s of
// SIGTERM are too short to drain. Source: Amazon ECS developer guide, "Task
// scale-in protection endpoint".
type protection struct {
	client *http.Client
	agent  string // ECS_AGENT_URI
	calls  func() int
	log    *slog.Logger
	on     bool
}

// run protects the task until ctx ends, then lets it go.
func (p *protection) run(ctx context.Context) {
	tick := time.NewTicker(protectEvery)
	defer tick.Stop()
	for {
		if want := p.calls() > 0; want || p.on {
			if err := p.set(ctx, want); err != nil {
				p.log.Warn("task protection not set", "want", want, "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (p *protection) set(ctx context.Context, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body := map[string]any{"ProtectionEnabled": on}
	if on {
		body["ExpiresInMinutes"] = protectExpiry
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "task protection")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, strings.TrimSuffix(p.agent, "/")+"/task-protection/v1/state", bytes.NewReader(raw))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "task protection")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "task protection")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is used again
	if res.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, "task protection: status %d", res.StatusCode)
	}
	p.on = on
	return nil
}

package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

func TestARequestOfTheHTTPAPI(t *testing.T) {
	clock := localcloud.NewClock(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}})
	if err != nil {
		t.Fatal(err)
	}
	a := agent.Agent{Tenant: "demo", ID: "lin", State: agent.Offline, Since: clock.Now(), Username: "lin", Device: agent.Device{Kind: agent.Softphone}}
	if _, err := c.Table().Write(t.Context(), a.Put()); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Instance: contact.Instance{Account: "000000000000", Region: "local"}, Issuer: "huawu", Audience: "desk",
		Routing: acd.Runtime{Now: clock.Now, Log: slog.New(slog.DiscardHandler), Rand: func() float64 { return 0 }, NewID: func() string { return "" },
			Sleep: func(context.Context, time.Duration) error { return nil }}}
	h := New(Ports{Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Queue: c.Queue()}, cfg)
	token, err := cfg.Tokens(c.Keys()).Issue(t.Context(), auth.Identity{Tenant: "demo", Agent: "lin", Role: auth.Agent, Expires: clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/me.json")
	if err != nil {
		t.Fatal(err)
	}
	for bearer, want := range map[string]int{token: 200, "x": 401} {
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(strings.Replace(string(raw), "TOKEN", bearer, 1)), &e); err != nil {
			t.Fatal(err)
		}
		r, err := h.Handle(t.Context(), e)
		if err != nil || r.StatusCode != want || r.IsBase64Encoded || (want == 200) != strings.Contains(r.Body, `"username":"lin"`) {
			t.Errorf("want %d: %+v, %v", want, r, err)
		}
	}
}

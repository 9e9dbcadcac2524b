package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"huawu/shared/fault"
)

func TestAskSelf(t *testing.T) {
	tests := []struct {
		name, answer string
		status       int
		want         string
	}{
		{"an address", "203.0.113.7\n", 200, "203.0.113.7"},
		{"IPv6", "2001:db8::1", 200, "2001:db8::1"},
		{"a page", "<html>", 200, ""},
		{"nobody's address", "0.0.0.0", 200, ""},
		{"an error", "203.0.113.7", 500, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.answer))
			}))
			defer s.Close()
			a, err := askSelf(t.Context(), s.Client(), s.URL)
			if tt.want == "" && fault.KindOf(err) != fault.Unavailable || tt.want != "" && (err != nil || a.String() != tt.want) {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
}

func TestATaskIsProtectedWhileCallsAreUp(t *testing.T) {
	got := make(chan map[string]any, 10)
	status := atomic.Int32{}
	status.Store(200)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if r.Method != http.MethodPut || r.URL.Path != "/agent/task-protection/v1/state" || json.NewDecoder(r.Body).Decode(&body) != nil {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		got <- body
		w.WriteHeader(int(status.Load()))
	}))
	defer s.Close()
	calls := 1
	p := &protection{client: s.Client(), agent: s.URL + "/agent", calls: func() int { return calls }, log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.run(ctx) }()
	select {
	case body := <-got:
		if body["ProtectionEnabled"] != true || body["ExpiresInMinutes"] != float64(protectExpiry) {
			t.Errorf("asked %v", body)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("not asked")
	}
	cancel()
	<-done
	if err := p.set(t.Context(), true); err != nil || !p.on {
		t.Errorf("on: %v, noted %v", err, p.on)
	}
	if err := p.set(t.Context(), false); err != nil || p.on {
		t.Errorf("off: %v", err)
	}
	status.Store(500)
	if err := p.set(t.Context(), true); fault.KindOf(err) != fault.Unavailable || p.on {
		t.Errorf("a failing agent: %v", err)
	}
}

package relay

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"huawu/mediarelay/webleg"
	"huawu/mediarelay/webleg/webtest"
	"huawu/shared/sma"
)

// withBrowsers is a relay that serves browsers at a port of its own, and the
// tickets of their sockets.
func withBrowsers(t *testing.T, answer func(sma.Event) []sma.Parameters) (*bed, func(webleg.Identity) string) {
	t.Helper()
	box := webleg.NewBox(time.Now)
	free := netip.MustParseAddrPort("127.0.0.1:0")
	b := newBed(t, answer, func(c *Config) { c.Browsers = &Browsers{Media: free, Sockets: free, Tickets: box} })
	return b, func(who webleg.Identity) string {
		ticket, err := box.Issue(who)
		if err != nil {
			t.Fatal(err)
		}
		return "ws://" + b.relay.SocketsAt().String() + SocketPath + "?ticket=" + ticket
	}
}

// A customer's page calls, the function rings an agent's page, and both talk.
func TestABrowserCallsABrowser(t *testing.T) {
	b, ticket := withBrowsers(t, func(e sma.Event) []sma.Parameters {
		if e.InvocationEventType != sma.NewInboundCall {
			return nil
		}
		return []sma.Parameters{&sma.CallAndBridge{CallTimeoutSeconds: 30, CallerIDNumber: "95000",
			Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointAWS, Arn: "arn:aws:huawu:::agent/acme/lin", URI: "lin"}}}}
	})
	lin := webtest.New(t, "lin")
	lin.Connect(ticket(webleg.Identity{Tenant: "acme", User: "lin", Agent: "lin"}))
	if code := lin.Register("lin", 60); code != 200 {
		t.Fatalf("register: %d", code)
	}
	guest := webtest.New(t, "web-1")
	guest.Connect(ticket(webleg.Identity{Tenant: "acme", User: "web-1", Dials: "95000", Language: "en-US"}))
	done := make(chan int, 1)
	go func() { done <- guest.Call(440) }()
	lin.Answer(1000, nil)
	if code := <-done; code != 200 {
		t.Fatalf("call: %d", code)
	}
	b.until("both hear each other", func() bool { return guest.Ear.Hears(1000) && lin.Ear.Hears(440) })
	b.mu.Lock()
	if h := b.events[0].CallDetails.Participants[0].SipHeaders; h["X-Language"] != "en-US" {
		t.Errorf("headers %v", h)
	}
	b.mu.Unlock()
	for _, want := range []string{"huawu_relay_browser_legs 2", "huawu_relay_browser_sockets_total 2", "huawu_relay_browser_audio_up_total 2"} {
		if m := b.relay.metrics(); !strings.Contains(m, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	for _, p := range []*webtest.Page{guest, lin} { // the function hangs nobody up
		p.Send("BYE", "")
		p.Response(200, "BYE")
	}
	b.until("the call is over", func() bool { return b.relay.Calls().Len() == 0 })
}

func TestARelayThatEndsLetsBrowsersGo(t *testing.T) {
	b, ticket := withBrowsers(t, func(sma.Event) []sma.Parameters { return nil })
	lin := webtest.New(t, "lin")
	lin.Connect(ticket(webleg.Identity{Tenant: "acme", User: "lin", Agent: "lin"}))
	lin.Register("lin", 60)
	late := ticket(webleg.Identity{Tenant: "acme", User: "lin", Agent: "lin"})
	b.relay.refuse()
	if _, res, _ := webtest.Open(late, "http://"+b.relay.SocketsAt().String(), "sip"); res == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("draining: %v", res)
	}
	b.drain()
	if code := lin.Closing(); code != 1001 {
		t.Errorf("the socket was closed with %d", code)
	}
	if r, err := b.cloud.Queue().Receive(context.Background(), sma.DeviceQueue, 1, 0, time.Second); len(r) > 0 {
		t.Errorf("told that a device is lost: %s, %v", r[0].Body, err)
	}
}

func TestARelayWithoutBrowsers(t *testing.T) {
	b := newBed(t, func(sma.Event) []sma.Parameters { return nil }, nil)
	if b.relay.Sockets() != nil || b.relay.SocketsAt().IsValid() || b.relay.Audio().IsValid() || strings.Contains(b.relay.metrics(), "browser") {
		t.Error("browsers are served and nobody said so")
	}
}

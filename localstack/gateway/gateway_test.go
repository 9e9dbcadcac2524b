package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

// api is a gateway with a function that notes what it is called for.
type api struct {
	*testing.T
	hub     *localcloud.Hub
	gateway *Gateway
	url     string

	mu     sync.Mutex
	events []events.APIGatewayWebsocketProxyRequest
	answer func(events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)
	called chan string
}

func newAPI(t *testing.T, idle, life time.Duration) *api {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	a := &api{T: t, hub: c.Push(), called: make(chan string, 100)}
	a.answer = func(events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	}
	a.gateway = New(Config{Hub: a.hub, Log: slog.New(slog.DiscardHandler), Idle: idle, Life: life,
		Function: func(_ context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
			a.mu.Lock()
			a.events = append(a.events, e)
			answer := a.answer
			a.mu.Unlock()
			out, err := answer(e)
			a.called <- e.RequestContext.RouteKey
			return out, err
		}})
	s := httptest.NewServer(a.gateway)
	t.Cleanup(s.Close)
	t.Cleanup(a.gateway.Close)
	a.url = "ws" + strings.TrimPrefix(s.URL, "http") + "/live?ticket=a&x=1&x=2"
	return a
}

func (a *api) dial() *websocket.Conn {
	a.Helper()
	c, _, err := websocket.Dial(a.Context(), a.url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://desk.example"}}})
	if err != nil {
		a.Fatal(err)
	}
	a.waitFor("$connect")
	return c
}

func (a *api) waitFor(route string) {
	a.Helper()
	select {
	case got := <-a.called:
		if got != route {
			a.Fatalf("%s was called, want %s", got, route)
		}
	case <-time.After(30 * time.Second):
		a.Fatalf("%s was not called", route)
	}
}

func (a *api) event(n int) events.APIGatewayWebsocketProxyRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events[n]
}

// read returns the next message, or how the connection was closed.
func read(ctx context.Context, c *websocket.Conn) (string, websocket.StatusCode) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, text, err := c.Read(ctx)
	return string(text), websocket.CloseStatus(err)
}

func TestAConnectionBecomesTheEventsOfTheService(t *testing.T) {
	a := newAPI(t, 0, 0)
	a.answer = func(e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		if e.RequestContext.EventType == "CONNECT" {
			if err := a.hub.Send(t.Context(), e.RequestContext.ConnectionID, []byte("x")); fault.KindOf(err) != fault.Gone {
				t.Errorf("a push before the connection is open: %v", err)
			}
			return events.APIGatewayProxyResponse{StatusCode: 200}, nil
		}
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "pong " + e.Body}, nil
	}
	c := a.dial()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("ping 😀")); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t.Context(), c); got != "pong ping 😀" {
		t.Errorf("answer %q", got)
	}
	a.waitFor("$default")
	id := a.event(0).RequestContext.ConnectionID
	if err := a.hub.Send(t.Context(), id, []byte("pushed")); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t.Context(), c); got != "pushed" {
		t.Errorf("pushed %q", got)
	}
	c.Close(websocket.StatusNormalClosure, "")
	a.waitFor("$disconnect")
	first, second, last := a.event(0), a.event(1), a.event(2)
	if first.RequestContext.EventType != "CONNECT" || first.QueryStringParameters["ticket"] != "a" || first.QueryStringParameters["x"] != "2" || len(first.MultiValueQueryStringParameters["x"]) != 2 ||
		first.Headers["Origin"] != "https://desk.example" || first.Headers["Host"] == "" || !strings.HasSuffix(id, "=") {
		t.Errorf("$connect %+v", first)
	}
	if second.RequestContext.EventType != "MESSAGE" || second.RequestContext.ConnectionID != id || second.Headers != nil || second.QueryStringParameters != nil || second.IsBase64Encoded {
		t.Errorf("$default %+v", second)
	}
	if last.RequestContext.EventType != "DISCONNECT" || last.RequestContext.ConnectionID != id || last.Body != "" {
		t.Errorf("$disconnect %+v", last)
	}
	if err := a.hub.Send(t.Context(), id, []byte("x")); fault.KindOf(err) != fault.Gone {
		t.Errorf("a push after the end: %v", err)
	}
}

func TestWhoIsNotLetIn(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  events.APIGatewayProxyResponse
		err  error
		want int
	}{
		{"a refusal", events.APIGatewayProxyResponse{StatusCode: 403}, nil, 403},
		{"an unknown one", events.APIGatewayProxyResponse{StatusCode: 401}, nil, 401},
		{"our failure", events.APIGatewayProxyResponse{StatusCode: 503}, nil, 502},
		{"a function that fails", events.APIGatewayProxyResponse{}, errors.New("x"), 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAPI(t, 0, 0)
			a.answer = func(events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
				return tt.out, tt.err
			}
			_, r, err := websocket.Dial(t.Context(), a.url, nil)
			if err == nil || r == nil || r.StatusCode != tt.want {
				t.Errorf("%v, %v; want %d", r, err, tt.want)
			}
			a.waitFor("$connect")
		})
	}
	a := newAPI(t, 0, 0)
	r, err := http.Get("http" + strings.TrimPrefix(a.url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Body.Close(); r.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("without an upgrade: %s", r.Status)
	}
}

func TestTheLimitsOfTheService(t *testing.T) {
	a := newAPI(t, 0, 0)
	c := a.dial()
	if err := c.Write(t.Context(), websocket.MessageText, make([]byte, MaxMessage+1)); err != nil {
		t.Fatal(err)
	}
	if _, status := read(t.Context(), c); status != websocket.StatusMessageTooBig {
		t.Errorf("a message beyond the limit: %v", status)
	}
	a.waitFor("$disconnect")
	c = a.dial()
	if err := a.hub.Send(t.Context(), a.event(2).RequestContext.ConnectionID, make([]byte, MaxMessage+1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a push beyond the limit: %v", err)
	}
	c.CloseNow()
	a.waitFor("$disconnect")
	for name, a := range map[string]*api{"idle": newAPI(t, 100*time.Millisecond, 0), "life": newAPI(t, 0, 100*time.Millisecond)} {
		c := a.dial()
		if _, status := read(t.Context(), c); status != websocket.StatusGoingAway {
			t.Errorf("%s: %v", name, status)
		}
		a.waitFor("$disconnect")
	}
}

func TestAFunctionThatFailsIsToldAsTheServiceTellsIt(t *testing.T) {
	a := newAPI(t, 0, 0)
	c := a.dial()
	a.mu.Lock()
	a.answer = func(events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, errors.New("a number +8613800135678")
	}
	a.mu.Unlock()
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t.Context(), c); !strings.Contains(got, "Internal server error") || strings.Contains(got, "5678") {
		t.Errorf("told %q", got)
	}
	if e := a.event(1); !e.IsBase64Encoded || e.Body != "/w==" {
		t.Errorf("bytes became %+v", e)
	}
	c.CloseNow()
}

func TestTheEndClosesEveryConnection(t *testing.T) {
	a := newAPI(t, 0, 0)
	var all []*websocket.Conn
	for range 3 {
		all = append(all, a.dial())
	}
	var wg sync.WaitGroup
	statuses := make([]websocket.StatusCode, len(all))
	for n, c := range all {
		wg.Go(func() { _, statuses[n] = read(t.Context(), c) })
	}
	a.gateway.Close()
	wg.Wait()
	if fmt.Sprint(statuses) != fmt.Sprint([]websocket.StatusCode{1001, 1001, 1001}) {
		t.Errorf("closed with %v", statuses)
	}
	if _, r, err := websocket.Dial(t.Context(), a.url, nil); err == nil || r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after the end: %v", err)
	}
}

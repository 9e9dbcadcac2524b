// Package gateway is a WebSocket API for one function on this machine. It turns a
// connection into the events that API Gateway would send, holds the connection
// for the other side's cloud.Push, and keeps the service's limits, so that what
// runs here runs there. It decides nothing about who may connect or what is said.
package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"
	"github.com/google/uuid"
)

// Limits of a WebSocket API.
// Source: Amazon API Gateway developer guide, "Quotas for configuring and
// running a WebSocket API".
const (
	MaxMessage = 128 << 10        // bytes, either way
	Idle       = 10 * time.Minute // without a message, either way
	Life       = 2 * time.Hour
	Timeout    = 29 * time.Second // of a function's answer
	maxOpen    = 1000             // here: a machine with more pages is not this one
)

// Function is a function behind a WebSocket API.
type Function func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)

// Hub learns which connections are open.
type Hub interface {
	Open(connection string, send func(ctx context.Context, text []byte) error)
	Close(connection string)
}

// Config is what a gateway works with. Zero times are the service's limits.
type Config struct {
	Function Function
	Hub      Hub
	Log      *slog.Logger
	Idle     time.Duration
	Life     time.Duration
}

// Gateway serves the connections of one API.
type Gateway struct {
	cfg Config

	mu     sync.Mutex
	open   map[string]context.CancelFunc
	closed bool
	left   sync.WaitGroup
}

// New returns a gateway. Close ends its connections.
func New(c Config) *Gateway {
	if c.Idle == 0 {
		c.Idle = Idle
	}
	if c.Life == 0 {
		c.Life = Life
	}
	return &Gateway{cfg: c, open: map[string]context.CancelFunc{}}
}

// Close ends every connection and waits until their functions were told.
func (g *Gateway) Close() {
	g.mu.Lock()
	g.closed = true
	for _, end := range g.open {
		end()
	}
	g.mu.Unlock()
	g.left.Wait()
}

// ServeHTTP asks the function whether a connection may be opened and, if it may,
// holds it until either side ends it.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := newID()
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.cfg.Life)
	defer cancel()
	if !g.enter(id, cancel) {
		http.Error(w, "", http.StatusServiceUnavailable)
		return
	}
	defer g.leave(id)
	c := &connection{gateway: g, id: id, since: time.Now(), request: r}
	if status := c.allowed(ctx); status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	// Whose page may connect is the function's decision, as at the service.
	c.socket, err = websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err == nil {
		c.hold(ctx)
	}
	c.tell(context.WithoutCancel(ctx), "$disconnect", "DISCONNECT", "")
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return base64.URLEncoding.EncodeToString(id[:11]) + "=", nil // the form of the service's: it ends in "="
}

func (g *Gateway) enter(id string, end context.CancelFunc) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.open) >= maxOpen {
		return false
	}
	g.open[id] = end
	g.left.Add(1)
	return true
}

func (g *Gateway) leave(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, id)
	g.left.Done()
}

// connection is one open WebSocket.
type connection struct {
	gateway *Gateway
	id      string
	since   time.Time
	request *http.Request
	socket  *websocket.Conn
	idle    *time.Timer
}

// allowed asks the function. Nothing can be pushed before it has said yes.
func (c *connection) allowed(ctx context.Context) int {
	if !strings.EqualFold(c.request.Header.Get("Upgrade"), "websocket") {
		return http.StatusUpgradeRequired
	}
	out, err := c.call(ctx, "$connect", "CONNECT", "")
	switch {
	case err != nil:
		return http.StatusBadGateway
	case out.StatusCode == http.StatusOK, out.StatusCode == http.StatusUnauthorized, out.StatusCode == http.StatusForbidden:
		return out.StatusCode
	}
	return http.StatusBadGateway
}

// hold reads messages one after the other until the connection ends: by its page,
// by a limit, or with the gateway.
func (c *connection) hold(ctx context.Context) {
	g := c.gateway
	c.socket.SetReadLimit(MaxMessage)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.idle = time.AfterFunc(g.cfg.Idle, cancel)
	defer c.idle.Stop()
	g.cfg.Hub.Open(c.id, c.send)
	defer g.cfg.Hub.Close(c.id)
	closed := make(chan struct{})
	open := context.AfterFunc(ctx, func() { // a limit, or the end
		defer close(closed)
		c.socket.Close(websocket.StatusGoingAway, "") // a page that does not answer is cut
	})
	defer func() {
		if !open() {
			<-closed
		}
		c.socket.CloseNow()
	}()
	for {
		kind, text, err := c.socket.Read(context.WithoutCancel(ctx)) // whose end would cut the page off without a word
		if err != nil {
			return
		}
		c.idle.Reset(g.cfg.Idle)
		body := string(text)
		if kind == websocket.MessageBinary {
			body = base64.StdEncoding.EncodeToString(text)
		}
		c.tell(ctx, "$default", "MESSAGE", body, func(e *events.APIGatewayWebsocketProxyRequest) { e.IsBase64Encoded = kind == websocket.MessageBinary })
	}
}

// send writes one text; it is called by pushes, from anywhere.
func (c *connection) send(ctx context.Context, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // a page that does not read is gone
	defer cancel()
	if err := c.socket.Write(ctx, websocket.MessageText, text); err != nil {
		return err
	}
	c.idle.Reset(c.gateway.cfg.Idle)
	return nil
}

// tell calls the function and gives its answer to the page, as a route response
// does. A function that fails is told as the service tells it.
func (c *connection) tell(ctx context.Context, route, kind, body string, edit ...func(*events.APIGatewayWebsocketProxyRequest)) {
	out, err := c.call(ctx, route, kind, body, edit...)
	if kind != "MESSAGE" {
		return
	}
	if err != nil || out.StatusCode/100 == 5 {
		failed, e := json.Marshal(map[string]string{"message": "Internal server error", "connectionId": c.id, "requestId": uuid.NewString()})
		if e != nil {
			return
		}
		out.Body = string(failed)
	}
	if out.Body != "" {
		if err := c.send(ctx, []byte(out.Body)); err != nil && !errors.Is(err, context.Canceled) {
			c.gateway.cfg.Log.DebugContext(ctx, "answer not written", "error", err)
		}
	}
}

func (c *connection) call(ctx context.Context, route, kind, body string, edit ...func(*events.APIGatewayWebsocketProxyRequest)) (events.APIGatewayProxyResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	e := c.event(route, kind, body)
	for _, f := range edit {
		f(&e)
	}
	out, err := c.gateway.cfg.Function(ctx, e)
	if err != nil {
		c.gateway.cfg.Log.ErrorContext(ctx, "function failed", "route", route, "error", err)
	}
	return out, err
}

// event is what the service would send. Only $connect brings headers and the
// query, as there.
func (c *connection) event(route, kind, body string) events.APIGatewayWebsocketProxyRequest {
	r := c.request
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	now := time.Now()
	e := events.APIGatewayWebsocketProxyRequest{Body: body, RequestContext: events.APIGatewayWebsocketProxyRequestContext{
		RouteKey: route, EventType: kind, ConnectionID: c.id, ConnectedAt: c.since.UnixMilli(), RequestTimeEpoch: now.UnixMilli(),
		RequestTime: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), RequestID: uuid.NewString(), ExtendedRequestID: uuid.NewString(),
		MessageDirection: "IN", Stage: "live", APIID: "local", DomainName: r.Host, Identity: events.APIGatewayRequestIdentity{SourceIP: source, UserAgent: r.UserAgent()},
	}}
	if kind == "CONNECT" {
		e.Headers, e.MultiValueHeaders = map[string]string{"Host": r.Host}, map[string][]string{"Host": {r.Host}}
		for name, values := range r.Header {
			e.Headers[name], e.MultiValueHeaders[name] = values[len(values)-1], values
		}
		e.QueryStringParameters, e.MultiValueQueryStringParameters = map[string]string{}, map[string][]string{}
		for name, values := range r.URL.Query() {
			e.QueryStringParameters[name], e.MultiValueQueryStringParameters[name] = values[len(values)-1], values
		}
	}
	return e
}

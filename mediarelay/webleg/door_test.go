package webleg

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"huawu/mediarelay/call"
	"huawu/mediarelay/webleg/webtest"
)

func (b *bed) ticket(who Identity) string {
	b.t.Helper()
	ticket, err := b.box.Issue(who)
	if err != nil {
		b.t.Fatal(err)
	}
	return ticket
}

func TestWhoMayOpenASocket(t *testing.T) {
	b := newBed(t, func(c *Config) { c.Origins = []string{"https://desk.example"} })
	own := "http://" + b.at
	used := b.ticket(agent)
	if ws, _, err := openSocket(b.at, own, used, "sip"); err != nil {
		t.Fatal(err)
	} else {
		_ = ws.CloseNow()
	}
	kept := b.ticket(agent)
	tests := []struct {
		name, origin, ticket, protocol string
		status                         int
	}{
		{"a page of another site", "https://evil.example", kept, "sip", 403},
		{"a site whose name begins like ours", "https://desk.example.evil.example", kept, "sip", 403},
		{"our site without encryption", "http://desk.example", kept, "sip", 403},
		{"no page at all", "", kept, "sip", 403},
		{"a file", "null", kept, "sip", 403},
		{"another subprotocol", own, kept, "chat", 400},
		{"a used ticket", own, used, "sip", 403},
		{"no ticket", own, "", "sip", 403},
		{"a guessed ticket", own, "abc", "sip", 403},
		{"a named site, with the ticket that all refusals left good", "https://desk.example", kept, "sip", 101},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ws, res, err := openSocket(b.at, tt.origin, tt.ticket, tt.protocol)
			if err == nil {
				defer ws.CloseNow()
			}
			if res == nil || res.StatusCode != tt.status {
				t.Fatalf("answered %v, %v", res, err)
			}
		})
	}
	b.s.Drain()
	if _, res, _ := openSocket(b.at, own, b.ticket(agent), "sip"); res == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("draining: %v", res)
	}
}

func TestTicketsAreGoodOnceAndForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := NewBox(time.Now)
		for _, tt := range []struct {
			name string
			wait time.Duration
			ok   bool
		}{{"at once", 0, true}, {"late", time.Minute, true}, {"too late", time.Minute + time.Second, false}} {
			ticket, err := box.Issue(agent)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(tt.wait)
			who, err := box.Redeem(t.Context(), ticket)
			if (err == nil) != tt.ok || tt.ok && who != agent {
				t.Errorf("%s: %+v, %v", tt.name, who, err)
			}
			if _, err := box.Redeem(t.Context(), ticket); err == nil {
				t.Errorf("%s: good twice", tt.name)
			}
		}
		if _, err := box.Issue(Identity{User: "lin"}); err == nil {
			t.Error("a ticket without a tenant")
		}
		for range maxTickets {
			_, _ = box.Issue(agent)
		}
		if _, err := box.Issue(agent); err == nil {
			t.Error("tickets have no bound")
		}
		time.Sleep(2 * time.Minute)
		if _, err := box.Issue(agent); err != nil {
			t.Error("old tickets take the room of new ones:", err)
		}
	})
}

// Clients that open a connection and say nothing, or speak one byte at a time,
// neither keep others out nor stay.
func TestSlowHandshakesHoldNobodyUp(t *testing.T) {
	b := newBed(t, nil)
	var slow []net.Conn
	for i := range 50 {
		c, err := net.Dial("tcp4", b.at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			_, _ = c.Write([]byte("GET /sip?ticket=x HTTP/1.1\r\nHost: x\r\nX-Slow: "))
		}
		slow = append(slow, c)
	}
	began := time.Now()
	p := b.page(agent)
	if code := p.Register("lin", 60); code != 200 {
		t.Fatalf("register: %d", code)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("a page waited %v", took)
	}
	late := time.Now().Add(30 * time.Second)
	for _, c := range slow {
		_ = c.SetReadDeadline(late)
		r := bufio.NewReader(c)
		for {
			if _, err := r.ReadByte(); err != nil {
				if e, ok := err.(net.Error); ok && e.Timeout() {
					t.Fatal("a silent client stays")
				}
				break
			}
		}
	}
}

func TestWhatASocketIsClosedFor(t *testing.T) {
	options := func(n int) string {
		return fmt.Sprintf("OPTIONS sip:huawu SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: <sip:huawu>\r\n"+
			"From: <sip:lin@huawu>;tag=1\r\nCall-ID: %s\r\nCSeq: %d OPTIONS\r\n\r\n", webtest.Word(), webtest.Word(), n)
	}
	for _, tt := range []struct {
		name string
		send func(p *webtest.Page)
		code websocket.StatusCode
	}{
		{"a message of 64 KB and more", func(p *webtest.Page) { p.Write(strings.Repeat("x", maxFrame+1)) }, websocket.StatusMessageTooBig},
		{"HTTP", func(p *webtest.Page) { p.Write("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, websocket.StatusUnsupportedData},
		{"bytes", func(p *webtest.Page) { p.Write("\x00\x01\x02\x03\x04\x05\x06\x07") }, websocket.StatusUnsupportedData},
		{"two messages in one", func(p *webtest.Page) {
			p.Write(strings.Replace(options(1), "\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n", 1) + options(2))
		}, websocket.StatusUnsupportedData},
		{"a length that lies", func(p *webtest.Page) {
			p.Write(strings.Replace(options(1), "\r\n\r\n", "\r\nContent-Length: 10\r\n\r\nabc", 1))
		}, websocket.StatusUnsupportedData},
		{"a flood", func(p *webtest.Page) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			for i := 0; p.Socket.Write(ctx, websocket.MessageText, []byte(options(i))) == nil && i < 100_000; i++ {
			}
		}, websocket.StatusPolicyViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBed(t, nil)
			p := b.page(agent)
			p.T = t
			tt.send(p)
			if code := p.Closing(); code != tt.code {
				t.Errorf("closed with %d", code)
			}
			eventually(t, "it is forgotten", func() bool {
				b.s.mu.Lock()
				defer b.s.mu.Unlock()
				return len(b.s.sockets) == 0 && b.s.opening == 0
			})
		})
	}
}

func TestWhatASocketBears(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(agent)
	p.Write("\r\n\r\n")
	p.Write("")
	p.Write("OPTIONS sip:huawu SIP/2.0\r\nCSeq: nonsense\r\n\r\n") // malformed, but one message
	p.Write(strings.Replace("OPTIONS sip:huawu SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKa\r\nMax-Forwards: 70\r\nTo: <sip:huawu>\r\n"+
		"From: <sip:lin@huawu>;tag=1\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\n", "Content", "", 1))
	if code := p.Status("OPTIONS"); code != 200 {
		t.Errorf("OPTIONS without a length: %d", code)
	}
	if code := p.Register("wu", 60); code != 403 {
		t.Errorf("another user's name: %d", code)
	}
	if code := p.Register("lin", 60); code != 200 {
		t.Errorf("register: %d", code)
	}
	if code := p.Call(440); code != 403 {
		t.Errorf("an agent's page dials: %d", code)
	}
	if code := p.Register("lin", 0); code != 200 || b.s.Online("demo", "lin") {
		t.Errorf("leaving: %d", code)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := strings.Join(b.online, " "); got != "lin -lin" {
		t.Errorf("changes: %s", got)
	}
	if c := b.s.Live(); c != 0 {
		t.Errorf("%d legs are left", c)
	}
}

func TestASocketThatDoesNotAnswerPingsIsDead(t *testing.T) {
	b := newBed(t, func(c *Config) { c.PingEvery = 100 * time.Millisecond })
	c, err := net.Dial("tcp4", b.at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = fmt.Fprintf(c, "GET /sip?ticket=%s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n", b.ticket(agent), b.at, b.at)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("%v, %v", res, err)
	}
	eventually(t, "it is cut off", func() bool { return b.s.Count().Dead == 1 })

	p := b.page(agent) // this one answers
	p.Register("lin", 60)
	time.Sleep(500 * time.Millisecond) // longer than a dead one lives
	p.Write("\r\n\r\n")
	p.Next("the answer to a keep-alive", func(m *webtest.Message) bool { return m.First == "" })
}

func TestACallGoesOnlyToTheSocket(t *testing.T) {
	b := newBed(t, nil)
	trap, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer trap.Close()
	caught := make(chan struct{})
	go func() {
		if c, err := trap.Accept(); err == nil {
			c.Close()
			close(caught)
		}
	}()
	p := b.page(agent)
	p.Contact = "<sip:x@" + trap.Addr().String() + ";transport=tcp>"
	p.Register("lin", 60)
	l := b.dial("lin", false)
	p.Answer(440, nil)
	b.await(call.Answered, 1)
	if err := l.Hangup("done"); err != nil {
		t.Fatal(err)
	}
	p.Reply(p.Request("BYE"), "200 OK", "")
	b.await(call.Ended, 1)
	select {
	case <-caught:
		t.Error("the relay connected to the Contact's host")
	default:
	}
}

func TestACustomerMayCallOnceAtATime(t *testing.T) {
	b := newBed(t, nil)
	p := b.page(guest)
	go func() { p.Call(440) }()
	in := b.inbound()
	again := b.page(guest)
	if code := again.Call(440); code != 503 {
		t.Errorf("a second call: %d", code)
	}
	if err := in.Leg.Reject(486, "busy"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
	b.mu.Lock()
	b.busy = errBusy
	b.mu.Unlock()
	if code := again.Call(440); code != 503 {
		t.Errorf("no room: %d", code)
	}
	eventually(t, "nothing is left", func() bool { return b.s.Live() == 0 && b.engine.Count().Ports == 0 })
}

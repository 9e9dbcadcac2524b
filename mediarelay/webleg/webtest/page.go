// Package webtest is a browser for tests: SIP over a WebSocket, full ICE,
// DTLS-SRTP, and a tone for a voice. It decides nothing by itself: the test says
// each step, as JsSIP and a browser would take it, and hostile ones too.
package webtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"
)

// patience is for a machine that is busy.
const patience = 30 * time.Second

// Page is a page as a browser runs it.
type Page struct {
	T      testing.TB
	User   string
	Socket *websocket.Conn
	Dialog Dialog

	PC    *webrtc.PeerConnection
	Mouth *Mouth
	Ear   *Ear
	UDP   *net.UDPConn // that the audio goes by

	regID   string // Call-ID of its REGISTERs: as long as the page lives
	Contact string // header of its registrations and calls
	cseq    int
	inbox   chan *Message
	asked   []*Message // requests that were passed over last
	done    sync.WaitGroup
	closed  chan websocket.StatusCode
}

// New makes a page of a user that has no socket yet.
func New(t testing.TB, user string) *Page {
	return &Page{T: t, User: user, regID: Word(), Contact: fmt.Sprintf("<sip:%s@%s.invalid;transport=ws>", Word(), Word())}
}

// Open opens a WebSocket as a page of an origin does.
func Open(address, origin, protocol string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return websocket.Dial(ctx, address, &websocket.DialOptions{Subprotocols: []string{protocol}, HTTPHeader: http.Header{"Origin": {origin}}})
}

// Connect opens the page's socket, its first or another one, at an address with
// a ticket in it; the page is of the same host.
func (p *Page) Connect(address string) {
	p.T.Helper()
	at, err := url.Parse(address)
	if err != nil {
		p.T.Fatal(err)
	}
	ws, _, err := Open(address, "http://"+at.Host, "sip")
	if err != nil {
		p.T.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	inbox, closed := make(chan *Message, 1000), make(chan websocket.StatusCode, 1)
	p.Socket, p.inbox, p.closed, p.asked = ws, inbox, closed, nil
	p.done.Go(func() {
		for {
			_, raw, err := ws.Read(ctx)
			if err != nil {
				closed <- websocket.CloseStatus(err)
				return
			}
			select {
			case inbox <- split(raw):
			default: // a flood's answers
			}
		}
	})
	p.T.Cleanup(func() { stop(); _ = ws.CloseNow(); p.done.Wait() })
}

// Leave is what a browser does when its page is closed or reloaded.
func (p *Page) Leave() {
	_ = p.Socket.CloseNow()
	if p.PC != nil {
		_ = p.PC.Close()
	}
}

// Closing is the status that the socket was closed with.
func (p *Page) Closing() websocket.StatusCode {
	p.T.Helper()
	select {
	case code := <-p.closed:
		return code
	case <-time.After(patience):
		p.T.Fatal("the socket stays open")
		return 0
	}
}

// Word is a random name, for tags and branches.
func Word() string { return fmt.Sprintf("%08x", rand.Uint32()) }

// Write sends one message as it is.
func (p *Page) Write(m string) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.Socket.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
		p.T.Errorf("write: %v", err)
	}
}

// Next is the next message that fits; those before it are passed over, but requests
// that came while a response was waited for: a call may be faster than the answer
// to the REGISTER that it follows.
func (p *Page) Next(what string, fits func(*Message) bool) *Message {
	p.T.Helper()
	if i := slices.IndexFunc(p.asked, fits); i >= 0 {
		m := p.asked[i]
		p.asked = p.asked[i+1:]
		return m
	}
	p.asked = nil
	late := time.After(patience)
	for {
		select {
		case m := <-p.inbox:
			if fits(m) {
				return m
			}
			if !strings.HasPrefix(m.First, "SIP/2.0 ") {
				p.asked = append(p.asked, m)
			}
		case <-late:
			p.T.Fatalf("%s did not come", what)
		}
	}
}

// Response is the next response to a method with a status.
func (p *Page) Response(code int, method string) *Message {
	p.T.Helper()
	return p.Next(fmt.Sprintf("%d to %s", code, method), func(m *Message) bool {
		return strings.HasPrefix(m.First, fmt.Sprintf("SIP/2.0 %d ", code)) && strings.HasSuffix(m.Get("CSeq"), " "+method)
	})
}

// Status is the next final response to a method.
func (p *Page) Status(method string) (code int) {
	p.T.Helper()
	p.Next("response to "+method, func(m *Message) bool {
		_, _ = fmt.Sscanf(m.First, "SIP/2.0 %d ", &code)
		return code >= 200 && strings.HasSuffix(m.Get("CSeq"), " "+method)
	})
	return code
}

// Request is the next request of the relay with a method.
func (p *Page) Request(method string) *Message {
	p.T.Helper()
	return p.Next(method, func(m *Message) bool { return strings.HasPrefix(m.First, method+" ") })
}

// Register registers the page as a user for some seconds, and returns the status.
func (p *Page) Register(user string, expires int) int {
	p.T.Helper()
	p.cseq++
	p.Write(fmt.Sprintf("REGISTER sip:huawu SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: <sip:%s@huawu>\r\n"+
		"From: <sip:%s@huawu>;tag=%s\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\nContact: %s;+sip.instance=\"<urn:uuid:%s>\";expires=%d\r\nExpires: %d\r\n"+
		"Content-Length: 0\r\n\r\n", Word(), user, user, Word(), p.regID, p.cseq, p.Contact, p.regID, expires, expires))
	return p.Status("REGISTER")
}

// Reply answers a request.
func (p *Page) Reply(req *Message, status, body string) {
	p.T.Helper()
	to := req.Get("To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=" + p.Dialog.Local
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	p.Write("SIP/2.0 " + status + "\r\n" + strings.Join(req.All("Via"), "\r\n") + "\r\nFrom: " + req.Get("From") + "\r\nTo: " + to +
		"\r\nCall-ID: " + req.Get("Call-ID") + "\r\nCSeq: " + req.Get("CSeq") + "\r\nContact: " + p.Contact + "\r\n" + kind +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

// Send sends a request within the dialog, or the INVITE that begins one.
func (p *Page) Send(method, body string) {
	p.T.Helper()
	d := &p.Dialog
	if method != "ACK" {
		d.Seq++
	}
	to := "<sip:huawu>"
	if d.Remote != "" {
		to += ";tag=" + d.Remote
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	p.Write(fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: %s\r\nFrom: <sip:%s@huawu>;tag=%s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, d.Target, Word(), to, p.User, d.Local, d.CallID, d.Seq, method, p.Contact, kind, len(body), body))
}

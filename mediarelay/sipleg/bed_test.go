package sipleg

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/trunk"
)

// wire is a network in memory, so that timers run on virtual time.
type wire struct {
	mu   sync.Mutex
	ends map[netip.AddrPort]*end
}

type packet struct {
	from netip.AddrPort
	data []byte
}

// end is one socket on the wire.
type end struct {
	w      *wire
	at     netip.AddrPort
	in     chan packet
	closed chan struct{}
	once   sync.Once
}

func (w *wire) open(at string) *end {
	e := &end{w: w, at: netip.MustParseAddrPort(at), in: make(chan packet, 4096), closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[e.at] = e
	return e
}

func (w *wire) deliver(from, to netip.AddrPort, data []byte) {
	w.mu.Lock()
	e := w.ends[to]
	w.mu.Unlock()
	if e == nil {
		return
	}
	select {
	case e.in <- packet{from, append([]byte(nil), data...)}:
	default: // a full socket drops
	}
}

func (e *end) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-e.in:
		return copy(b, p.data), net.UDPAddrFromAddrPort(p.from), nil
	case <-e.closed:
		return 0, nil, net.ErrClosed
	}
}

func (e *end) WriteTo(b []byte, to net.Addr) (int, error) {
	e.w.deliver(e.at, addrPort(to), b)
	return len(b), nil
}

func (e *end) Close() error                     { e.once.Do(func() { close(e.closed) }); return nil }
func (e *end) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(e.at) }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// bed is one server under test with a scripted peer, on virtual time.
type bed struct {
	t    *testing.T
	w    *wire
	s    *Server
	peer *peerEnd

	mu     sync.Mutex
	in     []call.Inbound
	events []call.LegEvent
	busy   error
	ports  []*fakePort
}

const (
	relayAt = "203.0.113.5:5060"
	peerAt  = "198.51.100.7:5060"
)

// virtual runs f with a server and a peer that is its trunk.
func virtual(t *testing.T, f func(*bed)) { virtualWith(t, func(*Config) {}, f) }

func virtualWith(t *testing.T, edit func(*Config), f func(*bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bed{t: t, w: &wire{ends: map[netip.AddrPort]*end{}}}
		b.peer = b.end(peerAt)
		table, err := trunk.NewTable(
			trunk.Trunk{ID: "carrier", Tenant: "demo", Peers: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Address: peerAt},
			trunk.Trunk{ID: "keyed", Tenant: "demo", Address: peerAt, Username: "user", Password: "secret", Realm: "carrier.test"},
			trunk.Trunk{ID: "pair", Tenant: "demo", Address: peerAt, Backups: []string{"198.51.100.8:5060"}},
			trunk.Trunk{ID: "few", Tenant: "few", Address: peerAt, MaxCalls: 1, Peers: []netip.Prefix{netip.MustParsePrefix("192.0.2.77/32")}},
		)
		if err != nil {
			t.Fatal(err)
		}
		book, err := registrar.NewBook(registrar.Account{Tenant: "demo", User: "lin", Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{Calls: b, Trunks: table, Registrar: registrar.New(book, registrar.Config{}), Media: b, PacketConn: b.w.open(relayAt)}
		edit(&cfg)
		if b.s, err = New(cfg); err != nil {
			t.Fatal(err)
		}
		defer b.s.Close()
		f(b)
	})
}

// Start takes a call, or refuses it with b.busy.
func (b *bed) Start(in call.Inbound) (call.Notify, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in = append(b.in, in)
	return b.tell, b.busy
}

func (b *bed) tell(e call.LegEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// fakePort remembers what it was told.
type fakePort struct {
	at      netip.AddrPort
	mu      sync.Mutex
	remotes []media.Remote
	closed  int
	events  func(media.Event)
}

func (p *fakePort) Local() netip.AddrPort { return p.at }
func (p *fakePort) SetRemote(r media.Remote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remotes = append(p.remotes, r)
}
func (p *fakePort) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed++
}

func (p *fakePort) last() media.Remote {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.remotes) == 0 {
		return media.Remote{}
	}
	return p.remotes[len(p.remotes)-1]
}

func (b *bed) Open(o media.PortOptions) (Port, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &fakePort{at: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.5"), uint16(20000+2*len(b.ports))), events: o.Events}
	b.ports = append(b.ports, p)
	return p, nil
}

// said returns what the call was told, as text, and forgets it.
func (b *bed) said() string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, e := range b.events {
		text := string(e.Kind)
		if e.Early {
			text += " early"
		}
		if e.Code != 0 {
			text += fmt.Sprint(" ", e.Code)
		}
		if e.Kind == call.Heard {
			text += fmt.Sprintf(" %c", e.Media.Digit)
		}
		all = append(all, text)
	}
	b.events = nil
	return strings.Join(all, ", ")
}

func (b *bed) heard(want string) {
	b.t.Helper()
	if got := b.said(); got != want {
		b.t.Fatalf("the call was told %q, want %q", got, want)
	}
}

// leg is the leg of the last inbound call.
func (b *bed) leg() call.Leg {
	b.t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.in) == 0 {
		b.t.Fatal("no call arrived")
	}
	return b.in[len(b.in)-1].Leg
}

func (b *bed) port() *fakePort {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ports[len(b.ports)-1]
}

// peerEnd is a scripted SIP peer.
type peerEnd struct {
	b *bed
	*end
}

func (b *bed) end(at string) *peerEnd { return &peerEnd{b, b.w.open(at)} }

// send sends a message; line ends are made right and Content-Length added.
func (p *peerEnd) send(msg string) {
	head, body, _ := strings.Cut(strings.TrimLeft(msg, "\n"), "\n\n")
	body = strings.ReplaceAll(strings.TrimLeft(body, "\n"), "\n", "\r\n")
	head = strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body))
	p.w.deliver(p.at, netip.MustParseAddrPort(relayAt), []byte(head+body))
	synctest.Wait()
}

// next returns the next message, waiting up to 200 virtual seconds.
func (p *peerEnd) next() sip.Message {
	p.b.t.Helper()
	select {
	case got := <-p.in:
		msg, err := sip.ParseMessage(got.data)
		if err != nil {
			p.b.t.Fatalf("got what cannot be read: %v\n%s", err, got.data)
		}
		return msg
	case <-time.After(200 * time.Second):
		p.b.t.Fatal("nothing came")
		return nil
	}
}

// gets expects a response.
func (p *peerEnd) gets(code int) *sip.Response {
	p.b.t.Helper()
	m := p.next()
	res, ok := m.(*sip.Response)
	if !ok || res.StatusCode != code {
		p.b.t.Fatalf("want %d, got\n%s", code, m)
	}
	return res
}

// asked expects a request.
func (p *peerEnd) asked(method sip.RequestMethod) *sip.Request {
	p.b.t.Helper()
	m := p.next()
	req, ok := m.(*sip.Request)
	if !ok || req.Method != method {
		p.b.t.Fatalf("want %s, got\n%s", method, m)
	}
	return req
}

// quiet expects nothing for d.
func (p *peerEnd) quiet(d time.Duration) {
	p.b.t.Helper()
	select {
	case got := <-p.in:
		p.b.t.Fatalf("want nothing, got\n%s", got.data)
	case <-time.After(d):
	}
}

// answer responds to a request; extra are further header lines, and a body after
// an empty line.
func (p *peerEnd) answer(req *sip.Request, code int, tag string, extra ...string) {
	res := sip.NewResponseFromRequest(req, code, "X", nil)
	if tag != "" {
		res.To().Params.Add("tag", tag)
	}
	res.RemoveHeader("Content-Length")
	head, _, _ := strings.Cut(res.String(), "\r\n\r\n")
	p.send(strings.ReplaceAll(head, "\r\n", "\n") + "\n" + strings.Join(extra, "\n"))
}

const peerSDP = `

v=0
o=peer 1 1 IN IP4 198.51.100.7
s=-
c=IN IP4 198.51.100.7
t=0 0
m=audio 4000 RTP/AVP 0 8 101
a=rtpmap:101 telephone-event/8000
`

const peerContact = "Contact: <sip:peer@198.51.100.7:5060>"

// request writes a request of the peer in its dialog; n is its CSeq.
func request(method string, n int, toTag string, extra ...string) string {
	if toTag != "" {
		toTag = ";tag=" + toTag
	}
	lines := []string{
		method + " sip:95000@203.0.113.5 SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s%d%d;rport", method, n, len(extra)),
		"Max-Forwards: 70",
		`From: "王" <sip:+8613800135678@198.51.100.7>;tag=peertag`,
		"To: <sip:95000@203.0.113.5>" + toTag,
		"Call-ID: call-1",
		fmt.Sprintf("CSeq: %d %s", n, method),
	}
	return strings.Join(append(lines, extra...), "\n")
}

// invite is an INVITE that begins a call.
func invite(extra ...string) string {
	return request("INVITE", 1, "", append([]string{peerContact, "Content-Type: application/sdp"}, extra...)...) + peerSDP
}

// established is a call from the peer that was answered; it returns our tag.
func (b *bed) established(extra ...string) string {
	b.t.Helper()
	b.peer.send(invite(extra...))
	b.peer.gets(100)
	if err := b.leg().Answer(); err != nil {
		b.t.Fatal(err)
	}
	tag := b.peer.gets(200).To().Params.GetOr("tag", "")
	b.peer.send(request("ACK", 1, tag))
	b.heard("answered")
	return tag
}

func lacksLine(body []byte, want ...string) (missing []string) {
	for _, w := range want {
		if !slices.Contains(strings.Split(string(body), "\r\n"), w) {
			missing = append(missing, w)
		}
	}
	return missing
}

func addrOf(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

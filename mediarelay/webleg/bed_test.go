package webleg

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/media/g711"
	"huawu/mediarelay/webleg/webtest"
	"huawu/shared/fault"
)

// bed is a server on loopback and the calls that it is given.
type bed struct {
	t      *testing.T
	s      *Server
	engine *media.Engine
	box    *Box
	at     string // host:port of the sockets

	mu     sync.Mutex
	in     []call.Inbound
	events []call.LegEvent
	online []string
	busy   error
}

func newBed(t *testing.T, edit func(*Config)) *bed {
	t.Helper()
	b := &bed{t: t, box: NewBox(time.Now)}
	var err error
	if b.engine, err = media.New(media.Config{PortMin: 41300, PortMax: 41399, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Tickets: b.box, Calls: b, Engine: b.engine, Changed: b.changed}
	if edit != nil {
		edit(&cfg)
	}
	if b.s, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.at = l.Addr().String()
	web := b.s.HTTP("/sip")
	var done sync.WaitGroup
	done.Go(func() {
		if err := web.Serve(l); err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if err := b.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		_ = web.Close()
		done.Wait()
		_ = b.engine.Close()
	})
	return b
}

// Start takes a browser's call, or refuses it.
func (b *bed) Start(in call.Inbound) (call.Notify, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy != nil {
		return nil, b.busy
	}
	b.in = append(b.in, in)
	return b.tell, nil
}

func (b *bed) tell(e call.LegEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

func (b *bed) changed(p Presence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	user := p.User
	if !p.Online {
		user = "-" + user
	}
	if p.Mute {
		user += " mute"
	}
	b.online = append(b.online, user)
}

// count is how many events of a kind came for a leg.
func (b *bed) count(kind call.LegEventKind) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (b *bed) digits() (all string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == call.Heard && e.Media.Kind == media.Digit {
			all += string(e.Media.Digit)
		}
	}
	return all
}

func (b *bed) await(kind call.LegEventKind, n int) {
	b.t.Helper()
	eventually(b.t, string(kind), func() bool { return b.count(kind) >= n })
}

// inbound is the first call that a browser began.
func (b *bed) inbound() (in call.Inbound) {
	b.t.Helper()
	eventually(b.t, "a call arrives", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.in) > 0 {
			in = b.in[0]
		}
		return len(b.in) > 0
	})
	return in
}

// dial calls a user's page.
func (b *bed) dial(user string, auto bool) call.Leg {
	b.t.Helper()
	l, err := b.s.Dial(b.t.Context(), call.Target{
		Kind: call.ToAgent, CallID: "call", LegID: "leg-" + webtest.Word(), Tenant: "demo", URI: user, CallerID: "13800000000", AutoAnswer: auto,
	}, b.tell)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// page opens a socket as a user's page.
func (b *bed) page(who Identity) *webtest.Page {
	b.t.Helper()
	p := webtest.New(b.t, who.User)
	b.connect(p, who)
	return p
}

// connect opens a page's socket, its first or another one.
func (b *bed) connect(p *webtest.Page, who Identity) {
	b.t.Helper()
	p.Connect("ws://" + b.at + "/sip?ticket=" + b.ticket(who))
}

// openSocket opens a WebSocket as a page does.
func openSocket(at, origin, ticket, protocol string) (*websocket.Conn, *http.Response, error) {
	return webtest.Open("ws://"+at+"/sip?ticket="+ticket, origin, protocol)
}

// listen keeps what the relay hears from a leg, and sing lets it hear a tone.
func (b *bed) listen(l call.Leg) *webtest.Ear {
	e, tap := &webtest.Ear{}, media.NewTap(1)
	l.Port().Tap(tap, 0)
	stop, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		var f media.Frame
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for tap.Read(&f) {
				if f.Law == media.PCMA {
					e.Add(g711.DecodeATo(nil, f.Payload))
				} else {
					e.Add(g711.DecodeMuTo(nil, f.Payload))
				}
			}
		}
	})
	b.t.Cleanup(func() { close(stop); done.Wait() })
	return e
}

func sing(l call.Leg, hertz float64) {
	pcm := make([]int16, 8000)
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*hertz*float64(i)/8000))
	}
	l.Port().Play(media.Playlist{ID: 1, Clips: []media.Clip{media.NewClip(pcm)}, Loop: true})
}

// eventually waits for a condition; the deadline is for a machine that is busy.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(60 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: did not happen", what)
		}
	}
}

var agent = Identity{Tenant: "demo", User: "lin"}

var guest = Identity{Tenant: "demo", User: "web-1", Dials: "95000"}

var errBusy = fault.New(fault.Unavailable, "busy")

package relaytest

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// Config says who an endpoint is. Zero fields take the value in their comment.
type Config struct {
	Listen netip.AddrPort // 127.0.0.1 and a free port
	TCP    bool           // speaks to the relay by TCP
	Relay  netip.AddrPort // whom it calls and registers with
	// User and Password are a phone's account, or a carrier's digest credentials.
	User, Password string
	Domain         string // of the account; "" the relay's address
	CallerID       string // number that a carrier's calls come from, unless they say another
	Codecs         []string
	// AutoAnswer answers every call at once.
	AutoAnswer bool
	Log        *slog.Logger // nil discards
}

// endpoint is what a carrier and a phone have in common.
type endpoint struct {
	cfg      Config
	sip      *sipleg.Server
	incoming chan *Call
}

// open starts an endpoint.
func open(cfg Config) (*endpoint, error) {
	if !cfg.Listen.IsValid() {
		cfg.Listen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	e := &endpoint{cfg: cfg, incoming: make(chan *Call, 64)}
	s, err := sipleg.New(sipleg.Config{
		Listen: cfg.Listen, TCP: cfg.TCP, Calls: e, Trunks: anyTrunk{cfg}, Media: ends{cfg.Listen.Addr()},
		Product: "Huawu-relaytest", Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	e.sip = s
	return e, nil
}

// anyTrunk takes calls from everywhere and sends its own to the relay.
type anyTrunk struct{ cfg Config }

// Match takes every caller.
func (t anyTrunk) Match(netip.Addr) (trunk.Trunk, error) {
	return trunk.Trunk{ID: "any", Tenant: "any", Codecs: t.cfg.Codecs}, nil
}

// Pick sends every call to the relay.
func (t anyTrunk) Pick(string, string) (trunk.Trunk, error) {
	if !t.cfg.Relay.IsValid() {
		return trunk.Trunk{}, fault.New(fault.NotFound, "relaytest: no relay to call")
	}
	tr := trunk.Trunk{ID: "relay", Tenant: "any", Address: t.cfg.Relay.String(), Codecs: t.cfg.Codecs, Username: t.cfg.User, Password: t.cfg.Password}
	if t.cfg.TCP {
		tr.Transport = "tcp"
	}
	return tr, nil
}

// Addr is where the endpoint listens for SIP.
func (e *endpoint) Addr() netip.AddrPort { return e.sip.Addr() }

// Incoming gives the calls that ring. They wait there, ringing, until read.
func (e *endpoint) Incoming() <-chan *Call { return e.incoming }

// Close hangs up and ends.
func (e *endpoint) Close() error { return e.sip.Close() }

// Start takes a call that comes in: it rings, or is answered at once.
func (e *endpoint) Start(in call.Inbound) (call.Notify, error) {
	c := newCall(in.Leg.(*sipleg.Leg), in.From, in.To)
	if e.cfg.AutoAnswer {
		if err := in.Leg.Answer(); err != nil {
			return nil, err
		}
	} else if err := in.Leg.Ring(); err != nil {
		return nil, err
	}
	select {
	case e.incoming <- c:
		return c.tell, nil
	default:
		return nil, call.ErrBusy
	}
}

// Option changes one call out.
type Option func(*call.Target)

// From shows another number than the endpoint's own.
func From(number string) Option { return func(t *call.Target) { t.CallerID = number } }

// WithHeader adds an X- or User-to-User header.
func WithHeader(name, value string) Option {
	return func(t *call.Target) {
		if t.Headers == nil {
			t.Headers = map[string]string{}
		}
		t.Headers[name] = value
	}
}

// Dial begins a call to a number and returns before it is answered.
func (e *endpoint) Dial(ctx context.Context, number string, options ...Option) (*Call, error) {
	to := call.Target{Kind: call.ToTrunk, Tenant: "any", URI: number, CallerID: cmp.Or(e.cfg.CallerID, e.cfg.User)}
	for _, o := range options {
		o(&to)
	}
	c := newCall(nil, to.CallerID, number)
	leg, err := e.sip.Dial(ctx, to, c.tell)
	if err != nil {
		return nil, err
	}
	c.attach(leg.(*sipleg.Leg))
	return c, nil
}

// Carrier is a carrier's gateway: the relay knows it by its address.
type Carrier struct{ *endpoint }

// NewCarrier starts a gateway.
func NewCarrier(cfg Config) (*Carrier, error) {
	e, err := open(cfg)
	if err != nil {
		return nil, err
	}
	return &Carrier{e}, nil
}

// Phone is a desk phone: the relay knows it by its registration.
type Phone struct {
	*endpoint
	stop context.CancelFunc
	done sync.WaitGroup
}

// registerFor is how long a phone asks to be kept.
const registerFor = 2 * time.Minute

// NewPhone starts a phone and registers it, again and again until Close.
func NewPhone(ctx context.Context, cfg Config) (*Phone, error) {
	e, err := open(cfg)
	if err != nil {
		return nil, err
	}
	p := &Phone{endpoint: e}
	lasts, err := p.register(ctx, registerFor)
	if err != nil {
		e.Close()
		return nil, err
	}
	keep, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.done.Go(func() { p.keepRegistered(keep, lasts) })
	return p, nil
}

func (p *Phone) register(ctx context.Context, d time.Duration) (time.Duration, error) {
	return p.sip.Register(ctx, sipleg.Registration{
		At: p.cfg.Relay, TCP: p.cfg.TCP, Domain: p.cfg.Domain, User: p.cfg.User, Password: p.cfg.Password, Expires: d,
	})
}

func (p *Phone) keepRegistered(ctx context.Context, lasts time.Duration) {
	for {
		t := time.NewTimer(max(lasts/2, time.Second))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if next, err := p.register(ctx, registerFor); err == nil {
			lasts = next
		} else {
			lasts = 10 * time.Second // the relay may be starting again
		}
	}
}

// Close unregisters, hangs up and ends.
func (p *Phone) Close() error {
	p.stop()
	p.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = p.register(ctx, 0) // the relay may be gone; the binding expires
	return p.endpoint.Close()
}

package webleg

import (
	"context"
	"maps"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// page is a registered user agent: a page that can be called. The registration
// is the socket's: it ends with it.
type page struct {
	id      string // Call-ID of its REGISTERs: a reloaded page has another
	contact string
	socket  *socket
}

type userKey struct{ tenant, user string }

func (i Identity) key() userKey { return userKey{i.Tenant, i.User} }

// front is the server as its SIP side sees it.
type front struct{ s *Server }

// Match says whose a flow is; only open sockets are anybody's.
func (f front) Match(at netip.Addr) (trunk.Trunk, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if c := f.s.sockets[at]; c != nil {
		return trunk.Trunk{ID: "browser", Tenant: c.who.Tenant}, nil
	}
	return trunk.Trunk{}, trunk.ErrUnknown
}

// Pick finds nothing: browsers are called by their flows.
func (f front) Pick(string, string) (trunk.Trunk, error) { return trunk.Trunk{}, trunk.ErrUnknown }

// Register answers a REGISTER: whoever the ticket named may be called here, and
// nowhere else any more.
func (f front) Register(r sipleg.FlowRegistration) (int, time.Duration) {
	s := f.s
	s.mu.Lock()
	c := s.sockets[r.Flow.Addr()]
	if c == nil || r.User != c.who.User {
		s.mu.Unlock()
		return 403, 0
	}
	key := c.who.key()
	old := s.pages[key]
	switch {
	case r.Contact == "":
	case r.Expires == 0:
		if old != nil && old.socket == c {
			delete(s.pages, key)
		}
	default:
		s.pages[key] = &page{r.CallID, r.Contact, c}
	}
	now := s.pages[key]
	legs := s.legsOf(key)
	s.mu.Unlock()
	s.changed(c.who, old != nil, now != nil, false)
	if now == nil || now == old {
		return 200, r.Expires
	}
	if old != nil && old.socket != c {
		old.socket.close(closeReplaced, "another page took over")
	}
	for _, l := range legs {
		s.background(func() { l.onPage(now) })
	}
	return 200, r.Expires
}

// leave forgets a socket that closed, and with it its registration.
func (s *Server) leave(c *socket) {
	s.mu.Lock()
	delete(s.sockets, c.name.Addr())
	key := c.who.key()
	p := s.pages[key]
	was := p != nil && p.socket == c
	if was {
		delete(s.pages, key)
	}
	s.mu.Unlock()
	s.changed(c.who, was, false, c.mute)
}

// Presence says whether somebody has a page that can be called.
type Presence struct {
	Identity
	Online bool
	// Mute says that the page is gone because its socket had given no sign of life
	// for three times Config.PingEvery; otherwise it was closed, as by a reload.
	Mute bool
}

// changed tells whether somebody can be called, when that changed.
func (s *Server) changed(who Identity, was, is, mute bool) {
	if s.cfg.Changed != nil && was != is {
		s.cfg.Changed(Presence{who, is, mute})
	}
}

// Online reports whether a user has a page that can be called.
func (s *Server) Online(tenant, user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages[userKey{tenant, user}] != nil
}

// Talking reports whether a user has a leg, be its page there or awaited.
func (s *Server) Talking(tenant, user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.legsOf(userKey{tenant, user})) > 0
}

// legsOf returns a user's legs. s.mu is held.
func (s *Server) legsOf(key userKey) (own []*Leg) {
	for l := range s.legs {
		if l.who.key() == key {
			own = append(own, l)
		}
	}
	return own
}

func (s *Server) keep(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legs[l] = struct{}{}
	s.list()
}

func (s *Server) forget(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, l)
	s.list()
}

// list shows the writer which legs there are. s.mu is held.
func (s *Server) list() {
	all := make([]*Leg, 0, len(s.legs))
	for l := range s.legs {
		all = append(all, l)
	}
	s.shown.Store(&all)
}

// Open opens the sound of a browser that calls: the leg is made here, and given
// to the call by Start.
func (f front) Open(o media.PortOptions) (sipleg.Port, error) {
	l, err := f.s.newLeg("", o.CallID, Identity{})
	if err != nil {
		return nil, err
	}
	a, err := f.s.newAudio(l)
	if err != nil {
		l.mu.Lock()
		l.end(call.LegEvent{})
		l.mu.Unlock()
		return nil, err
	}
	l.now.Store(a)
	return a, nil
}

// Start takes a browser's call. Who calls and whom is the ticket's word.
func (f front) Start(in call.Inbound) (call.Notify, error) {
	d, ok := in.Leg.(*sipleg.Leg)
	if !ok {
		return nil, fault.New(fault.Internal, "webleg: a leg of another kind")
	}
	a, ok := d.Audio().(*audio)
	if !ok {
		return nil, fault.New(fault.Internal, "webleg: sound of another kind")
	}
	l, s := a.leg, f.s
	s.mu.Lock()
	c := s.sockets[d.Flow().Addr()]
	if c == nil || c.who.Dials == "" {
		s.mu.Unlock()
		return nil, fault.New(fault.Forbidden, "webleg: calls are dialled at the desk")
	}
	if len(s.legsOf(c.who.key())) > 0 {
		s.mu.Unlock()
		return nil, fault.New(fault.Throttled, "webleg: one call at a time")
	}
	l.who = c.who
	registered := ""
	if p := s.pages[c.who.key()]; p != nil && p.socket == c {
		registered = p.id
	}
	s.mu.Unlock()
	l.mu.Lock()
	l.id, l.headers, l.dialog, l.begun = d.ID(), c.who.headers(d.Headers()), d, true
	l.page = registered
	l.mu.Unlock()
	in.Leg, in.From, in.To, in.TrunkID, in.User = l, c.who.Number, c.who.Dials, "", c.who.User
	tell, err := s.cfg.Calls.Start(in)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.end(call.LegEvent{Kind: call.Ended, Reason: "refused"})
		return nil, err
	}
	l.tell = tell
	return l.listener(0), nil
}

// headers are those of a call from a page, with what the ticket says: that, and
// not the page, knows best.
func (i Identity) headers(sent map[string]string) map[string]string {
	all := maps.Clone(sent)
	maps.DeleteFunc(all, func(name, _ string) bool { return strings.EqualFold(name, headerLanguage) })
	if i.Language != "" {
		if all == nil {
			all = map[string]string{}
		}
		all[headerLanguage] = i.Language
	}
	return all
}

const headerLanguage = "X-Language"

// Dial calls an agent's page. It is fault.NotFound if there is none.
func (s *Server) Dial(_ context.Context, to call.Target, tell call.Notify) (call.Leg, error) {
	key := userKey{to.Tenant, to.URI}
	s.mu.Lock()
	p := s.pages[key]
	s.mu.Unlock()
	if to.Kind != call.ToAgent || p == nil {
		return nil, fault.New(fault.NotFound, "webleg: no page is registered")
	}
	if to.LegID == "" {
		to.LegID = uuid.Must(uuid.NewV7()).String()
	}
	l, err := s.newLeg(to.LegID, to.CallID, p.socket.who)
	if err != nil {
		return nil, err
	}
	l.target, l.tell, l.begun = to, tell, true
	if err := l.ring(p, to, 0); err != nil {
		l.mu.Lock()
		l.tell = nil // the error says it
		l.end(call.LegEvent{})
		l.mu.Unlock()
		return nil, err
	}
	return l, nil
}

// Before is a dialer that calls agents' pages where there are any, and leaves
// all other calls to next.
func (s *Server) Before(next call.Dialer) call.Dialer { return first{s, next} }

type first struct {
	s    *Server
	next call.Dialer
}

// Dial calls somebody by browser or otherwise.
func (f first) Dial(ctx context.Context, to call.Target, tell call.Notify) (call.Leg, error) {
	if to.Kind == call.ToAgent && f.s.Online(to.Tenant, to.URI) {
		l, err := f.s.Dial(ctx, to, tell)
		if fault.KindOf(err) != fault.NotFound {
			return l, err
		}
	}
	return f.next.Dial(ctx, to, tell)
}

// ring calls a page: the n-th dialog of the leg.
func (l *Leg) ring(p *page, to call.Target, n int) error {
	a, err := l.s.newAudio(l)
	if err != nil {
		return err
	}
	l.now.Store(a)
	d, err := l.s.sip.DialFlow(l.s.ctx, sipleg.FlowTarget{Target: to, Flow: p.socket.name, Contact: p.contact, Audio: a}, l.listener(n))
	if err != nil {
		a.Close()
		return err
	}
	l.mu.Lock()
	l.page = p.id
	stale := l.over || l.serial != n
	if !stale && l.failed != n {
		l.dialog = d
	}
	l.mu.Unlock()
	if stale {
		d.Drop("not wanted any more")
	}
	return nil
}

// onPage is told that a page of the leg's agent registered by another socket.
// The same page only lost its socket: its dialog moves. Another one knows
// nothing of the call: it is called, and answers by itself.
func (l *Leg) onPage(p *page) {
	l.mu.Lock()
	d, known := l.dialog, l.page == p.id
	l.mu.Unlock()
	if known || d != nil && d.Flow() == p.socket.name { // the latter registers late
		if d != nil {
			d.Move(p.socket.name)
		}
		l.mu.Lock()
		l.page = p.id
		l.mu.Unlock()
		return
	}
	l.mu.Lock()
	if l.over || l.page == p.id {
		l.mu.Unlock()
		return
	}
	l.page = p.id
	if !l.answered && l.target.Kind == "" { // it called, and nobody had answered
		l.mu.Unlock()
		_ = l.Hangup("page was replaced")
		return
	}
	l.serial++
	n := l.serial
	l.dialog = nil
	if l.answered {
		l.lose()
	}
	to := call.Target{
		Kind: call.ToAgent, CallID: l.callID, LegID: uuid.Must(uuid.NewV7()).String(), Tenant: l.who.Tenant, URI: l.who.User,
		CallerID: l.target.CallerID, CallerName: l.target.CallerName, AutoAnswer: l.answered || l.target.AutoAnswer,
		Headers: map[string]string{"X-Resume": l.id},
	}
	l.mu.Unlock()
	l.s.count.resumed.Add(1)
	if d != nil {
		d.Drop("page was replaced")
	}
	if err := l.ring(p, to, n); err != nil {
		l.s.log.Warn("webleg: page cannot be called again", "leg", l.id, "error", err)
	}
}

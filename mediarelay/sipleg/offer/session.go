package offer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"huawu/mediarelay/media"
)

// eventFormat is the payload type of telephone-event in our own offers.
const eventFormat = "101"

// Agreed is what two parties agreed about one audio stream.
type Agreed struct {
	media.Remote      // without Via, which only the signalling knows
	Held         bool // the other party will not hear us: sendonly, inactive or 0.0.0.0
}

// Session is one leg's side of offer and answer. It remembers what was said, so
// that a later description keeps its lines, payload types and version as RFC
// 3264 §8 asks. It is not safe for concurrent use.
type Session struct {
	local   netip.AddrPort
	laws    []media.Law // in our order of preference
	id      uint64
	version uint64
	said    string // our last description, without its o= line
	settled string // the last one that was agreed on

	lines  []ours // the media lines of the session, ours is not port 0
	law    media.Law
	agreed bool
	event  string // payload type of telephone-event; "" none
	events string // its fmtp
	hold   bool   // we offer sendonly
}

// ours is one media line as we last wrote it.
type ours struct {
	kind, proto string
	formats     []string // of a refused line: as offered
	used        bool
}

// NewSession begins a session for audio that is received at local. laws are in
// our order of preference; id names the session to peers (RFC 8866 §5.2).
func NewSession(local netip.AddrPort, laws []media.Law, id uint64) *Session {
	if len(laws) == 0 {
		laws = []media.Law{media.PCMA, media.PCMU}
	}
	// Some peers read the id as a signed or even a 32-bit number.
	return &Session{local: local, laws: laws, id: id & 0x7fffffff, event: eventFormat, events: "0-16"}
}

// Answer reads an offer and writes the answer. On an error the session is as before.
func (s *Session) Answer(body []byte) ([]byte, Agreed, error) {
	d, err := parse(body)
	if err != nil {
		return nil, Agreed{}, err
	}
	chosen := -1
	for i := range d.media {
		if _, ok := s.choose(d, &d.media[i]); ok {
			chosen = i
			break
		}
	}
	if chosen < 0 {
		return nil, Agreed{}, ErrNothing
	}
	m := &d.media[chosen]
	s.law, _ = s.choose(d, m)
	s.agreed = true
	s.event, s.events = eventOf(m)
	s.lines = s.lines[:0]
	for i, l := range d.media {
		s.lines = append(s.lines, ours{l.kind, l.proto, l.formats, i == chosen})
	}
	a := s.settle(d, m)
	answer := s.write([]media.Law{s.law}, ways(a.Send, a.Receive), m.mux)
	s.settled = s.said
	return answer, a, nil
}

// choose returns the law of a media line that we can use.
func (s *Session) choose(d *description, m *line) (media.Law, bool) {
	at, zero := d.remote(m)
	if m.kind != "audio" || m.port == 0 || (m.proto != "RTP/AVP" && m.proto != "RTP/AVPF") {
		return 0, false
	}
	if !zero && (!at.Addr().IsValid() || at.Addr().Unmap().Is4() != s.local.Addr().Unmap().Is4() || at.Addr().IsMulticast()) {
		return 0, false
	}
	first, found := media.Law(0), false
	for _, f := range m.formats {
		law, ok := lawOf(m, f)
		if !ok || !slices.Contains(s.laws, law) {
			continue
		}
		if s.agreed && law == s.law {
			return law, true // another order in a later offer is no wish to change
		}
		if !found {
			first, found = law, true
		}
	}
	return first, found
}

// lawOf returns the law that a format names. Payload types 0 and 8 need no rtpmap.
func lawOf(m *line, format string) (media.Law, bool) {
	name, mapped := m.codecs[format]
	switch format {
	case "0":
		return media.PCMU, !mapped || name == "PCMU/8000"
	case "8":
		return media.PCMA, !mapped || name == "PCMA/8000"
	}
	return 0, false
}

// eventOf returns the payload type and events of telephone-event at 8 kHz, the
// clock of both laws; another clock would confuse the sender's timestamps.
func eventOf(m *line) (format, events string) {
	for _, f := range m.formats {
		if m.codecs[f] != "TELEPHONE-EVENT/8000" || payloadType(f) == 0 {
			continue
		}
		events = m.fmtp[f]
		if events == "" || len(events) > 32 || strings.Trim(events, "0123456789,-") != "" {
			events = "0-15"
		}
		return f, events
	}
	return "", ""
}

// payloadType reads a dynamic payload type; 0 if it is none.
func payloadType(format string) uint8 {
	n := 0
	for _, c := range format {
		if c < '0' || c > '9' || n > 127 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	if n < 96 || n > 127 {
		return 0
	}
	return uint8(n)
}

// settle says what the peer's line and our wish come to.
func (s *Session) settle(d *description, m *line) Agreed {
	at, zero := d.remote(m)
	peerSends, peerReceives := m.dir.sends(), m.dir.receives() && !zero
	a := Agreed{Held: !peerReceives}
	a.Law = s.law
	a.EventType = payloadType(s.event)
	a.Send = peerReceives
	a.Receive = peerSends && !s.hold
	a.Mux = m.mux
	a.PTime = 20 * time.Millisecond
	if m.ptime >= 10*time.Millisecond && m.ptime <= 40*time.Millisecond {
		a.PTime = m.ptime
	}
	if zero {
		return a
	}
	a.Addr = at
	if m.rtcp.Port() != 0 {
		a.RTCP = netip.AddrPortFrom(m.rtcp.Addr(), m.rtcp.Port())
		if !m.rtcp.Addr().IsValid() || m.rtcp.Addr().IsUnspecified() {
			a.RTCP = netip.AddrPortFrom(at.Addr(), m.rtcp.Port())
		}
	}
	return a
}

// Offer writes an offer: the first of a session, or a later one with the same
// lines and payload types and every law we know.
func (s *Session) Offer() []byte {
	if len(s.lines) == 0 {
		s.lines = []ours{{kind: "audio", proto: "RTP/AVP", used: true}}
	}
	laws := slices.Clone(s.laws)
	if s.agreed { // the law in use stays the preferred one
		slices.SortStableFunc(laws, func(a, b media.Law) int {
			return cmp.Compare(rank(a == s.law), rank(b == s.law))
		})
	}
	return s.write(laws, ways(true, !s.hold), false)
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// Hold makes later offers sendonly: the other party is to stay silent. false
// takes it back.
func (s *Session) Hold(on bool) { s.hold = on }

// Again repeats our last description that was agreed on, for a session refresh;
// nil if there is none.
func (s *Session) Again() []byte {
	if s.settled == "" {
		return nil
	}
	if s.said != s.settled { // a later offer was refused
		s.said = s.settled
		s.version++
	}
	return []byte(s.origin() + s.said)
}

// Accept reads the answer to our offer.
func (s *Session) Accept(body []byte) (Agreed, error) {
	d, err := parse(body)
	if err != nil {
		return Agreed{}, err
	}
	use := slices.IndexFunc(s.lines, func(o ours) bool { return o.used })
	if use < 0 || use >= len(d.media) {
		return Agreed{}, ErrMalformed
	}
	m := &d.media[use]
	before := s.agreed
	s.agreed = false // an answer's own order decides
	law, ok := s.choose(d, m)
	if !ok {
		s.agreed = before
		return Agreed{}, ErrNothing
	}
	s.law, s.agreed, s.settled = law, true, s.said
	event, _ := eventOf(m)
	a := s.settle(d, m)
	a.EventType = payloadType(event)
	return a, nil
}

// write makes our description.
func (s *Session) write(laws []media.Law, dir direction, mux bool) []byte {
	family := "IP4"
	if a := s.local.Addr().Unmap(); a.Is6() {
		family = "IP6"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n", family, s.local.Addr().Unmap())
	for _, l := range s.lines {
		if !l.used {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", l.kind, l.proto, strings.Join(l.formats, " "))
			continue
		}
		var formats, maps strings.Builder
		for _, law := range laws {
			fmt.Fprintf(&formats, " %d", law)
			fmt.Fprintf(&maps, "a=rtpmap:%d %s/8000\r\n", law, map[media.Law]string{media.PCMU: "PCMU", media.PCMA: "PCMA"}[law])
		}
		if s.event != "" {
			formats.WriteString(" " + s.event)
			fmt.Fprintf(&maps, "a=rtpmap:%s telephone-event/8000\r\na=fmtp:%s %s\r\n", s.event, s.event, s.events)
		}
		if mux {
			maps.WriteString("a=rtcp-mux\r\n")
		}
		fmt.Fprintf(&b, "m=audio %d %s%s\r\n%sa=ptime:20\r\na=%s\r\n", s.local.Port(), l.proto, formats.String(), maps.String(), dir)
	}
	if b.String() != s.said {
		s.said = b.String()
		s.version++
	}
	return []byte(s.origin() + s.said)
}

// origin is the head of our description; its version grows when the rest changed.
func (s *Session) origin() string {
	family := "IP4"
	if s.local.Addr().Unmap().Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=- %d %d IN %s %s\r\n", s.id, s.version, family, s.local.Addr().Unmap())
}

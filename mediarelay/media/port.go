package media

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Law is how G.711 audio is coded; its value is the RTP payload type.
type Law uint8

// The two laws of G.711 (RFC 3551 §6).
const (
	PCMU Law = 0
	PCMA Law = 8
)

// PortOptions are fixed when a port opens.
type PortOptions struct {
	// CallID puts all ports of a call on one worker, so that bridging them
	// needs no hand-over between threads.
	CallID string
	// Shared puts the port on a socket that many calls share. It is for trunks,
	// which send from the address that their SDP names: there is no learning of
	// another source, and no two live calls may have the same remote address.
	Shared bool
	// InbandDigits listens for the tones of digits while the party has no
	// telephone-event (Remote.EventType 0). It costs a third of the packet path.
	InbandDigits bool
	// Link carries the port's packets instead of a socket. Such a port takes the
	// sender's word for who it is: the link's other side has proved it.
	Link *Link
	// Events is called from the worker thread: it must not block and must not
	// call Stats. It may be nil.
	Events func(Event)
}

// Remote is what offer and answer agreed about a party.
type Remote struct {
	Addr netip.AddrPort // where it wants RTP, from its SDP; invalid: nothing is sent
	RTCP netip.AddrPort // where it wants RTCP; invalid: the port after Addr's
	Mux  bool           // RTCP on the RTP port (RFC 5761)
	// Via is the address its signalling came from. A phone behind NAT sends from
	// there and not from Addr; if Via is valid no other host can be learned.
	Via       netip.Addr
	Law       Law   // what the party wants to receive; it may send either
	EventType uint8 // payload type of telephone-event/8000; 0: none agreed
	EventIn   uint8 // … that our own SDP named, if another; 0: the same
	Send      bool  // this port sends to the party
	Receive   bool  // the party may send to this port; false before answer and on hold by the party
	PTime     time.Duration
}

// EventKind says what happened on a port.
type EventKind uint8

// The kinds of events.
const (
	Digit       EventKind = iota + 1 // the party pressed Event.Digit; once per press
	PlayDone                         // the playlist Event.ID played to its end (not if stopped or replaced)
	DigitsSent                       // the digits Event.ID are sent
	FirstPacket                      // the first believable packet since the port opened
	MediaLost                        // no packet for as long as Config says, though the party may send
)

// Event tells the owner of a port what happened on it.
type Event struct {
	Kind  EventKind
	Digit byte   // '0'–'9', '*', '#', 'A'–'D'
	ID    uint64 // of the playlist or digits
	At    time.Time
}

// Port is one party's audio. Its methods may be called from any goroutine; they
// take effect in order, within a tick. After Close they do nothing.
type Port struct {
	local netip.AddrPort
	w     *worker
	final atomic.Pointer[Stats] // set when the port closed

	leg // owned by the worker
}

// Local returns the address the port receives RTP on.
func (p *Port) Local() netip.AddrPort { return p.local }

// SetRemote sets what offer and answer agreed, at each exchange of them. Only
// then may the party's source address change.
func (p *Port) SetRemote(r Remote) {
	r.Addr = unmap(r.Addr)
	r.RTCP = unmap(r.RTCP)
	r.Via = r.Via.Unmap()
	p.w.post(func() { p.setRemote(r) })
}

// Play plays a list to the party, instead of what plays now. While it plays a
// bridged port's party does not hear the other one, who still hears it. While
// nothing is sent (Remote.Send) the list waits.
func (p *Port) Play(l Playlist) { p.w.post(func() { p.play(l) }) }

// Stop ends what plays, within one frame.
func (p *Port) Stop() { p.w.post(func() { p.player.clear() }) }

// Bridge joins two ports both ways and stops what plays on both; each leaves
// the bridge it was in. Bridge(nil) leaves the bridge.
func (p *Port) Bridge(other *Port) {
	if other == p {
		other = nil
	}
	p.w.post(func() { p.join(other) })
	if other != nil {
		other.w.post(func() { other.join(p) })
	}
}

// Tap copies the audio that the party sends to channel of t from now on, before
// any change of law. nil ends it. One port at a time may feed a channel.
func (p *Port) Tap(t *Tap, channel int) {
	r := t.ring(channel)
	p.w.post(func() { p.tap, p.fresh = r, true })
}

// SendDigits sends '0'–'9', '*', '#', 'A'–'D' as telephone-events, or as tones
// if none were agreed; ',' waits half a second. tone is the length of a digit,
// 100 ms if 0, and 40 ms to 6 s in any case. Audio to the party waits meanwhile.
// Digits given before the last ones are all sent follow them.
func (p *Port) SendDigits(id uint64, digits string, tone time.Duration) {
	p.w.post(func() { p.sendDigits(id, digits, tone) })
}

// Stats returns what the port counted; after Close, what it had counted then.
func (p *Port) Stats() Stats {
	var s Stats
	if p.w.do(func() {
		if !p.closed {
			s = p.statistics(p.w.now)
		}
	}) {
		if f := p.final.Load(); f == nil {
			return s
		}
	}
	if f := p.final.Load(); f != nil {
		return *f
	}
	return s
}

// Close ends the port. Its UDP port rests in quarantine before it is used
// again, so that a late sender is not heard in the next call.
func (p *Port) Close() { p.w.post(func() { p.shut() }) }

// unmap makes an IPv4 address in IPv6 form the plain one that packets have.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

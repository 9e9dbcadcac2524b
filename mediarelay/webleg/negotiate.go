package webleg

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg/offer"
)

// eventType is the payload type of telephone-event in our offers: what browsers
// use for 8 kHz.
const eventType = 126

// negotiation is a browser leg's side of offer and answer; it is a
// sipleg.Session, guarded by the dialog that uses it.
type negotiation struct {
	a       *audio
	at      netip.AddrPort
	print   string
	laws    []media.Law // in our order
	id      uint64
	version uint64
	said    string

	lines  []line
	use    int
	agreed bool
	law    media.Law
	event  uint8
	setup  string
	hold   bool
}

func newNegotiation(a *audio, at netip.AddrPort, print string, laws []media.Law) *negotiation {
	return &negotiation{
		a: a, at: at, print: print, laws: laws, id: uint64(rand.Uint32() >> 1), event: eventType, setup: "actpass",
		lines: []line{{kind: "audio", mid: "0", protos: []string{"UDP", "TLS", "RTP", "SAVPF"}}},
	}
}

// Answer reads an offer and writes the answer.
func (n *negotiation) Answer(body []byte) ([]byte, offer.Agreed, error) {
	d, err := describe(body)
	if err != nil {
		return nil, offer.Agreed{}, err
	}
	if err := n.a.meet(d, d.setup == "passive"); err != nil {
		return nil, offer.Agreed{}, err
	}
	n.law, n.event, n.agreed = n.choose(d), d.event, true
	n.lines, n.use, n.setup = d.lines, d.use, "passive"
	if d.setup == "passive" {
		n.setup = "active"
	}
	a := n.settle(d)
	return n.write([]media.Law{n.law}, a.Send, a.Receive), a, nil
}

// choose keeps the law in use if it is offered, else takes the one we like best.
func (n *negotiation) choose(d *described) media.Law {
	if n.agreed && slices.Contains(d.laws, n.law) {
		return n.law
	}
	for _, law := range n.laws {
		if slices.Contains(d.laws, law) {
			return law
		}
	}
	return d.laws[0]
}

// settle says what both sides' wishes come to.
func (n *negotiation) settle(d *described) offer.Agreed {
	a := offer.Agreed{Held: !d.receives}
	a.Law, a.EventType, a.Mux = n.law, d.event, true
	a.Send, a.Receive = d.receives, d.sends && !n.hold
	a.PTime = 20 * time.Millisecond
	if d.ptime != 0 {
		a.PTime = d.ptime
	}
	return a
}

// Offer writes an offer: the first, or a later one with the same lines.
func (n *negotiation) Offer() []byte {
	laws := slices.Clone(n.laws)
	if n.agreed {
		slices.SortStableFunc(laws, func(a, b media.Law) int {
			switch {
			case a == b:
				return 0
			case a == n.law:
				return -1
			case b == n.law:
				return 1
			}
			return 0
		})
	}
	return n.write(laws, true, !n.hold)
}

// Hold makes later offers sendonly, or takes it back.
func (n *negotiation) Hold(on bool) { n.hold = on }

// Again repeats our last description; nil if nothing was said yet.
func (n *negotiation) Again() []byte {
	if n.said == "" {
		return nil
	}
	return []byte(n.origin() + n.said)
}

// Accept reads the answer to our offer.
func (n *negotiation) Accept(body []byte) (offer.Agreed, error) {
	d, err := describe(body)
	if err != nil {
		return offer.Agreed{}, err
	}
	if d.use != n.use || len(d.lines) != len(n.lines) || d.setup == "actpass" {
		return offer.Agreed{}, offer.ErrMalformed
	}
	if err := n.a.meet(d, d.setup == "passive"); err != nil {
		return offer.Agreed{}, err
	}
	n.law, n.agreed = d.laws[0], true // an answer's own order decides
	n.setup = "passive"
	if d.setup == "passive" {
		n.setup = "active"
	}
	return n.settle(d), nil
}

// write makes our description; its version grows when the rest changed.
func (n *negotiation) write(laws []media.Law, sends, receives bool) []byte {
	ufrag, pwd := n.a.credentials()
	o := own{
		at: n.at, ufrag: ufrag, pwd: pwd, print: n.print, setup: n.setup, laws: laws, event: n.event,
		sends: sends, receives: receives, ssrc: n.a.leg.link.SSRC(), lines: n.lines, use: n.use,
	}
	if text := o.write(); text != n.said {
		n.said = text
		n.version++
	}
	return []byte(n.origin() + n.said)
}

func (n *negotiation) origin() string {
	family := "IP4"
	if n.at.Addr().Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=- %d %d IN %s %s\r\n", n.id, n.version, family, n.at.Addr())
}

// Package offer negotiates audio in SDP by the offer/answer model (RFC 3264,
// RFC 8866). It decides which codec, address, direction and payload types two
// parties use, and that every media line gets an answer. It leaves SIP, and when
// an offer may be made at all, to sipleg, and sending audio to media.
//
// The reader is our own because peers send what strict ones refuse: T.38
// (m=image), unknown bandwidth types, 64-bit versions, lines out of order.
package offer

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"huawu/shared/fault"
)

// Bounds of what is read; a peer that needs more is refused.
const (
	maxLines   = 1000
	maxMedia   = 10
	maxFormats = 64
	maxLine    = 1024
)

// The ways a description can be refused. SIP answers 400 and 488.
var (
	ErrMalformed = fault.New(fault.Invalid, "offer: malformed SDP")
	ErrNothing   = fault.New(fault.Conflict, "offer: no audio that we can use")
)

// direction says who sends, seen from the one who wrote it.
type direction uint8

const (
	sendrecv direction = iota
	sendonly
	recvonly
	inactive
)

var directions = map[string]direction{"sendrecv": sendrecv, "sendonly": sendonly, "recvonly": recvonly, "inactive": inactive}

func (d direction) String() string {
	return [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}[d]
}

func (d direction) sends() bool    { return d == sendrecv || d == sendonly }
func (d direction) receives() bool { return d == sendrecv || d == recvonly }

// ways returns the direction of one who sends and receives as said.
func ways(sends, receives bool) direction {
	switch {
	case sends && receives:
		return sendrecv
	case sends:
		return sendonly
	case receives:
		return recvonly
	}
	return inactive
}

// description is what a peer wrote.
type description struct {
	addr  netip.Addr // session-level c=; invalid if absent or a name
	dir   direction
	media []line
}

// line is one m= section.
type line struct {
	kind, proto string
	port        int
	formats     []string
	addr        netip.Addr // media-level c=; invalid if absent or a name
	own         bool       // it has a c= of its own
	dir         direction
	ptime       time.Duration
	rtcp        netip.AddrPort // a=rtcp; port 0 if absent, address invalid if only a port was given
	mux         bool
	codecs      map[string]string // payload type → "PCMU/8000", upper case
	fmtp        map[string]string
}

// parse reads a description. What it does not know it skips.
func parse(body []byte) (*description, error) {
	d := &description{}
	var m *line
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	for i, l := range strings.SplitN(text, "\n", maxLines+1) {
		switch {
		case i == maxLines:
			return nil, ErrMalformed
		case i == 0 && strings.TrimRight(l, " ") != "v=0":
			return nil, ErrMalformed
		case len(l) < 2 || l[1] != '=' || len(l) > maxLine:
			if l != "" {
				return nil, ErrMalformed
			}
			continue
		}
		value := strings.TrimSpace(l[2:])
		var err error
		switch l[0] {
		case 'm':
			m, err = d.begin(value)
		case 'c':
			err = d.connection(m, value)
		case 'a':
			d.attribute(m, value)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(d.media) == 0 {
		return nil, ErrMalformed
	}
	return d, nil
}

// begin reads an m= line.
func (d *description) begin(value string) (*line, error) {
	f := strings.Fields(value)
	if len(f) < 4 || len(f)-3 > maxFormats || len(d.media) == maxMedia {
		return nil, ErrMalformed
	}
	digits, _, _ := strings.Cut(f[1], "/") // "/2" is a number of ports
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || !word(f[0]) || !word(f[2]) {
		return nil, ErrMalformed
	}
	for _, format := range f[3:] {
		if !word(format) {
			return nil, ErrMalformed
		}
	}
	d.media = append(d.media, line{
		kind: strings.ToLower(f[0]), proto: f[2], port: int(port), formats: f[3:],
		dir: d.dir, codecs: map[string]string{}, fmtp: map[string]string{},
	})
	return &d.media[len(d.media)-1], nil
}

// word reports whether s may be repeated in an answer: visible ASCII.
func word(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// connection reads a c= line. A name instead of an address is left invalid:
// looking names up that a peer chose is not our business.
func (d *description) connection(m *line, value string) error {
	f := strings.Fields(value)
	if len(f) != 3 || !strings.EqualFold(f[0], "IN") || (f[1] != "IP4" && f[1] != "IP6") {
		return ErrMalformed
	}
	host, _, _ := strings.Cut(f[2], "/") // multicast TTL
	addr, _ := netip.ParseAddr(host)
	addr = addr.WithZone("")
	if m != nil {
		m.addr, m.own = addr, true
		return nil
	}
	d.addr = addr
	return nil
}

// attribute reads an a= line of the session (m nil) or of a media line.
func (d *description) attribute(m *line, value string) {
	name, rest, _ := strings.Cut(value, ":")
	if dir, ok := directions[name]; ok {
		if m == nil {
			d.dir = dir
		} else {
			m.dir = dir
		}
		return
	}
	if m == nil {
		return
	}
	format, rest2, _ := strings.Cut(rest, " ")
	rest2 = strings.TrimSpace(rest2)
	switch name {
	case "rtpmap":
		if len(m.codecs) < maxFormats {
			m.codecs[format] = strings.TrimSuffix(strings.ToUpper(rest2), "/1")
		}
	case "fmtp":
		if len(m.fmtp) < maxFormats {
			m.fmtp[format] = rest2
		}
	case "ptime":
		if ms, err := strconv.ParseUint(rest, 10, 16); err == nil {
			m.ptime = time.Duration(ms) * time.Millisecond
		}
	case "rtcp-mux":
		m.mux = true
	case "rtcp":
		m.rtcp = rtcpAddress(format, rest2)
	}
}

// rtcpAddress reads "53020" or "53020 IN IP4 126.16.64.4" (RFC 3605).
func rtcpAddress(port, rest string) netip.AddrPort {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}
	}
	var addr netip.Addr
	if f := strings.Fields(rest); len(f) == 3 {
		addr, _ = netip.ParseAddr(f[2])
	}
	return netip.AddrPortFrom(addr, uint16(n))
}

// remote returns where the line's media goes; the address is invalid on a
// name and on the old form of hold, 0.0.0.0.
func (d *description) remote(m *line) (at netip.AddrPort, zero bool) {
	addr := d.addr
	if m.own {
		addr = m.addr
	}
	if addr.IsUnspecified() {
		return netip.AddrPortFrom(netip.Addr{}, uint16(m.port)), true
	}
	return netip.AddrPortFrom(addr, uint16(m.port)), false
}

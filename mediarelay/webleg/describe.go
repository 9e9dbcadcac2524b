package webleg

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/sdp/v3"

	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg/offer"
)

// Bounds of a description; browsers stay far below.
const (
	maxSDP     = 32 << 10
	maxMedia   = 10
	maxFormats = 64
)

// described is what a browser says about its audio.
type described struct {
	lines      []line
	use        int // the line with audio that we can use
	ufrag, pwd string
	hash       string // of the fingerprint
	print      []byte // fingerprint
	setup      string // RFC 4145: actpass, active, passive
	laws       []media.Law
	event      uint8 // payload type of telephone-event/8000; 0 none
	sends      bool
	receives   bool
	ptime      time.Duration
}

// line is one media line, as it has to be answered.
type line struct {
	kind, mid string
	protos    []string
	formats   []string
}

// prints are the hashes of fingerprints that are strong enough (RFC 8122 §5), by
// their length in bytes.
var prints = map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}

// describe reads a browser's description. Its candidates do not matter: the
// browser finds us, and the address it comes from is the one that works.
func describe(body []byte) (*described, error) {
	var s sdp.SessionDescription
	if len(body) > maxSDP || s.Unmarshal(body) != nil || len(s.MediaDescriptions) == 0 || len(s.MediaDescriptions) > maxMedia {
		return nil, offer.ErrMalformed
	}
	d := &described{use: -1}
	for i, m := range s.MediaDescriptions {
		l := line{kind: m.MediaName.Media, protos: m.MediaName.Protos, formats: m.MediaName.Formats}
		l.mid, _ = m.Attribute("mid")
		if len(l.formats) > maxFormats || !token(l.kind) || l.mid != "" && (!token(l.mid) || len(l.mid) > 32) || !tokens(l.formats) || !tokens(l.protos) {
			return nil, offer.ErrMalformed
		}
		d.lines = append(d.lines, l)
		if d.use < 0 && d.audio(&s, m) {
			d.use = i
		}
	}
	if d.use < 0 {
		return nil, offer.ErrNothing
	}
	return d, nil
}

// audio reports whether a media line is audio that we can use, and reads it.
func (d *described) audio(s *sdp.SessionDescription, m *sdp.MediaDescription) bool {
	proto := strings.Join(m.MediaName.Protos, "/")
	if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 || !strings.HasSuffix(proto, "RTP/SAVPF") && !strings.HasSuffix(proto, "RTP/SAVP") {
		return false
	}
	get := func(name string) string {
		if v, ok := m.Attribute(name); ok {
			return v
		}
		v, _ := s.Attribute(name)
		return v
	}
	d.ufrag, d.pwd, d.setup = get("ice-ufrag"), get("ice-pwd"), get("setup")
	if _, ok := m.Attribute("rtcp-mux"); !ok || !credential(d.ufrag, 4) || !credential(d.pwd, 22) || !d.fingerprint(s, m) {
		return false
	}
	switch d.setup {
	case "actpass", "active", "passive":
	default:
		return false
	}
	d.direction(s, m)
	d.codecs(m)
	return len(d.laws) > 0
}

// fingerprint finds the strongest fingerprint of a line, or of the session.
func (d *described) fingerprint(s *sdp.SessionDescription, m *sdp.MediaDescription) bool {
	d.hash, d.print = "", nil
	for _, a := range slices.Concat(m.Attributes, s.Attributes) {
		if a.Key != "fingerprint" {
			continue
		}
		hash, value, _ := strings.Cut(a.Value, " ")
		hash = strings.ToLower(hash)
		sum, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(value), ":", ""))
		if n := prints[hash]; err != nil || n == 0 || len(sum) != n || n <= len(d.print) {
			continue
		}
		d.hash, d.print = hash, sum
	}
	return d.hash != ""
}

func (d *described) direction(s *sdp.SessionDescription, m *sdp.MediaDescription) {
	d.sends, d.receives = true, true
	for _, a := range slices.Concat(s.Attributes, m.Attributes) {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			d.sends, d.receives = a.Key[:4] == "send", a.Key == "sendrecv" || a.Key == "recvonly"
		}
	}
}

// codecs reads the formats in the browser's order.
func (d *described) codecs(m *sdp.MediaDescription) {
	maps := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000"}
	for _, a := range m.Attributes {
		switch a.Key {
		case "rtpmap":
			format, name, _ := strings.Cut(a.Value, " ")
			maps[format] = strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(name)), "/1")
		case "ptime":
			if ms, err := strconv.ParseUint(a.Value, 10, 8); err == nil && ms >= 10 && ms <= 60 {
				d.ptime = time.Duration(ms) * time.Millisecond
			}
		}
	}
	d.laws, d.event = nil, 0
	for _, f := range m.MediaName.Formats {
		switch name := maps[f]; {
		case f == "0" && name == "PCMU/8000":
			d.laws = append(d.laws, media.PCMU)
		case f == "8" && name == "PCMA/8000":
			d.laws = append(d.laws, media.PCMA)
		case name == "TELEPHONE-EVENT/8000" && d.event == 0:
			if n, err := strconv.ParseUint(f, 10, 7); err == nil && n >= 96 {
				d.event = uint8(n)
			}
		}
	}
}

// credential reports whether s may be an ICE name or password (RFC 8839 §5.4).
func credential(s string, least int) bool {
	return len(s) >= least && len(s) <= 256 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/-=_") == ""
}

// token reports whether s may be repeated in an answer: visible ASCII.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func tokens(all []string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !token(s) })
}

// own is our side of a description.
type own struct {
	at         netip.AddrPort // where the browser finds us
	ufrag, pwd string
	print      string // "sha-256 AB:…"
	setup      string
	laws       []media.Law
	event      uint8
	sends      bool
	receives   bool
	ssrc       uint32
	lines      []line // to be answered; one of our own if we offer
	use        int
}

// write makes the description without its first two lines.
func (o *own) write() string {
	family := "IP4"
	if o.at.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	put := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
		b.WriteString("\r\n")
	}
	host, port := o.at.Addr().String(), strconv.Itoa(int(o.at.Port()))
	mid := o.lines[o.use].mid
	put("s=-")
	put("t=0 0")
	put("a=ice-lite")
	if mid != "" {
		put("a=group:BUNDLE ", mid)
	}
	for i, l := range o.lines {
		proto := strings.Join(l.protos, "/")
		if i != o.use {
			put("m=", l.kind, " 0 ", proto, " ", strings.Join(l.formats, " "))
			put("c=IN ", family, " ", host)
			if l.mid != "" {
				put("a=mid:", l.mid)
			}
			continue
		}
		formats, maps := o.formats()
		put("m=audio ", port, " ", proto, formats)
		put("c=IN ", family, " ", host)
		b.WriteString(maps)
		put("a=ptime:20")
		put("a=", way(o.sends, o.receives))
		if mid != "" {
			put("a=mid:", mid)
		}
		put("a=rtcp-mux")
		put("a=ice-ufrag:", o.ufrag)
		put("a=ice-pwd:", o.pwd)
		put("a=fingerprint:", o.print)
		put("a=setup:", o.setup)
		put("a=candidate:1 1 udp 2130706431 ", host, " ", port, " typ host")
		put("a=end-of-candidates")
		ssrc := strconv.FormatUint(uint64(o.ssrc), 10)
		put("a=msid:huawu audio")
		put("a=ssrc:", ssrc, " cname:huawu")
	}
	return b.String()
}

// formats lists our codecs and explains them.
func (o *own) formats() (list, maps string) {
	for _, law := range o.laws {
		name := "PCMU"
		if law == media.PCMA {
			name = "PCMA"
		}
		pt := strconv.Itoa(int(law))
		list += " " + pt
		maps += "a=rtpmap:" + pt + " " + name + "/8000\r\n"
	}
	if o.event != 0 {
		pt := strconv.Itoa(int(o.event))
		list += " " + pt
		maps += "a=rtpmap:" + pt + " telephone-event/8000\r\na=fmtp:" + pt + " 0-16\r\n"
	}
	return list, maps
}

func way(sends, receives bool) string {
	switch {
	case sends && receives:
		return "sendrecv"
	case sends:
		return "sendonly"
	case receives:
		return "recvonly"
	}
	return "inactive"
}

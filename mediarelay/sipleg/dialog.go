package sipleg

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// party is one side of a dialog as From and To name it.
type party struct {
	name string
	uri  sip.Uri
	tag  string
}

// dialog is the state of RFC 3261 §12: what both sides must keep to tell their
// requests from others'. Its owner serialises all use.
type dialog struct {
	callID        string
	local, remote party
	localSeq      uint32
	remoteSeq     uint32 // 0: none yet
	target        sip.Uri
	routes        []sip.Uri
	transport     string         // "UDP" or "TCP"
	flow          netip.AddrPort // where the peer's messages come from
	viaFlow       bool           // send there, not to the target: a phone behind NAT
}

// dialogKey finds a dialog by Call-ID and our own tag, which nobody can guess.
func dialogKey(callID, localTag string) string { return callID + "\x00" + localTag }

// serverDialog is the dialog that an INVITE begins at its receiver (§12.1.1).
func serverDialog(req *sip.Request, from netip.AddrPort, viaFlow bool) (dialog, error) {
	d := dialog{
		callID:    req.CallID().Value(),
		local:     party{req.To().DisplayName, *req.To().Address.Clone(), req.To().Params.GetOr("tag", "")},
		remote:    party{req.From().DisplayName, *req.From().Address.Clone(), req.From().Params.GetOr("tag", "")},
		localSeq:  firstSeq,
		remoteSeq: req.CSeq().SeqNo,
		transport: req.Transport(),
		flow:      from,
		viaFlow:   viaFlow,
		target:    *req.From().Address.Clone(), // RFC 2543 peers may send no Contact
	}
	if c := req.Contact(); c != nil {
		d.target = *c.Address.Clone()
	} else {
		d.viaFlow = true
	}
	d.routes = recordRoutes(req.GetHeaders("record-route"))
	return d, d.check()
}

// clientDialog is the dialog that a response begins at the sender of the INVITE
// (§12.1.2).
func clientDialog(req *sip.Request, res *sip.Response, to netip.AddrPort, viaFlow bool) (dialog, error) {
	d := dialog{
		callID:    req.CallID().Value(),
		local:     party{req.From().DisplayName, *req.From().Address.Clone(), req.From().Params.GetOr("tag", "")},
		remote:    party{res.To().DisplayName, *res.To().Address.Clone(), res.To().Params.GetOr("tag", "")},
		localSeq:  req.CSeq().SeqNo,
		transport: req.Transport(),
		flow:      to,
		viaFlow:   viaFlow,
		target:    *req.Recipient.Clone(),
	}
	if c := res.Contact(); c != nil {
		d.target = *c.Address.Clone()
	} else {
		d.viaFlow = true
	}
	d.routes = recordRoutes(res.GetHeaders("record-route"))
	slices.Reverse(d.routes)
	return d, d.check()
}

// firstSeq leaves room below for a takeover to jump over (spec: CSeq + 1000).
const firstSeq = 1

// check refuses a dialog whose requests could not be written or sent.
func (d *dialog) check() error {
	for _, u := range append([]sip.Uri{d.target}, d.routes...) {
		switch strings.ToLower(u.Scheme) {
		case "sip", "sips":
		default:
			return fault.New(fault.Invalid, "sipleg: contact or route is no SIP URI")
		}
		if u.Host == "" {
			return fault.New(fault.Invalid, "sipleg: contact or route without a host")
		}
	}
	return nil
}

func recordRoutes(hs []sip.Header) (routes []sip.Uri) {
	for _, h := range hs {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			routes = append(routes, *rr.Address.Clone())
		}
	}
	return routes
}

// refresh takes the target of a later INVITE or UPDATE, or of its 2xx (§12.2).
func (d *dialog) refresh(c *sip.ContactHeader) {
	if c == nil {
		return
	}
	next := *d
	next.target = *c.Address.Clone()
	if next.check() == nil {
		d.target = next.target
	}
}

// sequence checks the CSeq of a request from the peer: false if it is old.
func (d *dialog) sequence(n uint32) bool {
	if n <= d.remoteSeq {
		return false
	}
	d.remoteSeq = n
	return true
}

// request writes the dialog's next request. An ACK and a CANCEL take the number
// of their INVITE instead of a new one.
func (d *dialog) request(method sip.RequestMethod, seq uint32) *sip.Request {
	if seq == 0 {
		d.localSeq++
		seq = d.localSeq
	}
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") { // a strict router (§12.2.1.1)
		uri, routes = routes[0], append(slices.Clone(routes[1:]), d.target)
	}
	req := sip.NewRequest(method, *uri.Clone())
	req.Recipient.Headers = nil
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	from := &sip.FromHeader{DisplayName: d.local.name, Address: *d.local.uri.Clone()}
	from.Params.Add("tag", d.local.tag)
	to := &sip.ToHeader{DisplayName: d.remote.name, Address: *d.remote.uri.Clone()}
	if d.remote.tag != "" {
		to.Params.Add("tag", d.remote.tag)
	}
	req.AppendHeader(from)
	req.AppendHeader(to)
	id := sip.CallIDHeader(d.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.SetTransport(d.transport)
	return req
}

// nextHop is where the dialog's requests go. Names are not looked up: what came
// from the adjacent hop came from the address behind its name.
func (d *dialog) nextHop() netip.AddrPort {
	if d.viaFlow && len(d.routes) == 0 || isFlow(d.flow) {
		return d.flow
	}
	uri := d.target
	if len(d.routes) > 0 {
		uri = d.routes[0]
	}
	addr, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || hidden(addr, d.flow.Addr()) {
		return d.flow
	}
	port := uint16(5060)
	if uri.Port > 0 && uri.Port <= 65535 {
		port = uint16(uri.Port)
	}
	return netip.AddrPortFrom(addr.Unmap(), port)
}

// hidden reports whether an address that a peer names can only be its side of a
// NAT: private, while the peer was heard from outside.
func hidden(named, heard netip.Addr) bool {
	return inside(named) && !inside(heard) || named.IsUnspecified()
}

func inside(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a)
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // carrier-grade NAT (RFC 6598)

package sipleg

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/fault"
)

// hop is one address that a trunk's call can go to.
type hop struct {
	name string // as configured
	host string
	port uint16
	at   netip.AddrPort
}

// resolveTime bounds looking up one address.
const resolveTime = 2 * time.Second

// resolve finds the addresses behind "host:port", "host" or an address, in order
// of preference: SRV if there is no port, then A and AAAA (RFC 3263 §4).
func (s *Server) resolve(ctx context.Context, name, transport string) ([]hop, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	if at, err := netip.ParseAddrPort(name); err == nil {
		return []hop{{name, at.Addr().String(), at.Port(), at}}, nil
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return []hop{{name, a.String(), 5060, netip.AddrPortFrom(a, 5060)}}, nil
	}
	host, port := splitHost(name)
	if port == 0 {
		if hops := s.srv(ctx, name, host, strings.ToLower(transport)); len(hops) > 0 {
			return hops, nil
		}
		port = 5060
	}
	return s.addresses(ctx, name, host, port)
}

// splitHost parts "host:port"; port 0 if there is none.
func splitHost(name string) (string, uint16) {
	host, digits, err := net.SplitHostPort(name)
	if err != nil {
		return name, 0
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return host, 0
	}
	return host, uint16(port)
}

// srv looks up the servers of a domain; the resolver orders them by priority and
// weight. None is no error: the name may be a host.
func (s *Server) srv(ctx context.Context, name, host, transport string) []hop {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "sip", transport, host)
	if err != nil {
		return nil
	}
	var all []hop
	for _, r := range records {
		hops, err := s.addresses(ctx, name, strings.TrimSuffix(r.Target, "."), r.Port)
		if err == nil {
			all = append(all, hops...)
		}
	}
	return all
}

// addresses looks up a host's addresses, those of our own family only.
func (s *Server) addresses(ctx context.Context, name, host string, port uint16) ([]hop, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "sipleg: look up trunk address")
	}
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return a.Unmap().Is4() != s.at.Addr().Is4() })
	if len(addrs) == 0 {
		return nil, fault.New(fault.Unavailable, "sipleg: trunk address has no address of our family")
	}
	var hops []hop
	for _, a := range addrs {
		hops = append(hops, hop{name, host, port, netip.AddrPortFrom(a.Unmap(), port)})
	}
	return hops, nil
}

package crm

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"huawu/shared/fault"
)

// ErrTarget is the error of a URL or address that deliveries must not reach.
var ErrTarget = fault.New(fault.Forbidden, "crm: not a public address")

// Guard keeps deliveries out of our own network: a tenant chooses the URL, and
// the name behind it may resolve to anything, differently each time. So every
// address of a name is checked, and the one that was checked is dialled.
type Guard struct {
	// AllowLoopback lets deliveries reach this machine, also without TLS. It is
	// for local mode only.
	AllowLoopback bool
	// Lookup resolves a name; net.DefaultResolver's if nil.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// CheckURL returns the parsed URL of an endpoint if it may be one: https, a name
// or a public address, nothing in it that is no part of an address.
func (g Guard) CheckURL(raw string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fault.Wrap(fault.Invalid, ErrTarget, "url: %s", why)
	}
	if len(raw) > maxURL {
		return refuse("too long")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return refuse("not an absolute URL")
	}
	if u.User != nil || u.Fragment != "" {
		return refuse("user or fragment")
	}
	host := u.Hostname()
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return refuse("port")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return refuse("port")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if err := g.checkAddr(addr); err != nil {
			return nil, err
		}
	} else if !plainName(host) {
		return refuse("host")
	}
	if u.Scheme == "http" && g.AllowLoopback && isLoopbackName(host) || u.Scheme == "https" {
		return u, nil
	}
	return refuse("not https")
}

// plainName reports whether a host is a DNS name that no resolver takes for an
// address: decimal, octal, hex and short forms of IPv4 all end in a number.
func plainName(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, notNameRune) {
			return false
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	if last[0] >= '0' && last[0] <= '9' { // no top-level domain begins so; 0x7f does
		return false
	}
	return true
}

func notNameRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func isLoopbackName(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// denied4 lists what of IPv4 is not the public Internet (IANA special-purpose
// registry), metadata services included.
func denied4() []string {
	return []string{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"168.63.129.16/32", "224.0.0.0/4", "240.0.0.0/4"}
}

// denied6 lists what of 2000::/3 is not, or carries an IPv4 address inside.
// Everything outside 2000::/3 is denied as a whole.
func denied6() []string {
	return []string{"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"}
}

// checkAddr returns ErrTarget unless addr is public.
func (g Guard) checkAddr(addr netip.Addr) error {
	if addr.Zone() != "" {
		return fault.Wrap(fault.Forbidden, ErrTarget, "address with a zone")
	}
	addr = addr.Unmap()
	if g.AllowLoopback && addr.IsLoopback() {
		return nil
	}
	list := denied4()
	if addr.Is6() {
		list = denied6()
		if !netip.MustParsePrefix("2000::/3").Contains(addr) {
			return ErrTarget
		}
	}
	for _, p := range list {
		if netip.MustParsePrefix(p).Contains(addr) {
			return ErrTarget
		}
	}
	return nil
}

// resolve returns the addresses of a host, all of them public, or ErrTarget: a
// name with one private address among public ones is an attack, not a choice.
func (g Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, g.checkAddr(addr)
	}
	if !plainName(host) {
		return nil, ErrTarget
	}
	lookup := g.Lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	addrs, err := lookup(ctx, "ip", host)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "crm: resolve")
	}
	if len(addrs) == 0 {
		return nil, fault.New(fault.Unavailable, "crm: name without address")
	}
	for _, a := range addrs {
		if err := g.checkAddr(a); err != nil {
			return nil, err
		}
	}
	return addrs, nil
}

// dial connects to the first address of a host that answers, after all of them
// were checked.
func (g Guard) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "crm: dial")
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	var last error
	for _, a := range addrs {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, fault.Wrap(fault.Unavailable, last, "crm: dial")
}

// Limits of one delivery.
const (
	deliveryTimeout = 15 * time.Second
	dialTimeout     = 5 * time.Second
	maxResponse     = 64 << 10
)

// NewClient returns the HTTP client for deliveries. It follows no redirect, uses
// no proxy, and reaches only what the guard allows.
func NewClient(g Guard) *http.Client {
	t := &http.Transport{
		DialContext: g.dial, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: deliveryTimeout, MaxResponseHeaderBytes: maxResponse,
		DisableCompression: true, MaxIdleConns: 32, MaxIdleConnsPerHost: 4, IdleConnTimeout: 50 * time.Second,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Protocols: new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return &http.Client{Transport: t, Timeout: deliveryTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

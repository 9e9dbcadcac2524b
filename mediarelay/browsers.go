package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"huawu/mediarelay/call"
	"huawu/mediarelay/webleg"
	"huawu/shared/fault"
)

// SocketPath is where browsers open their sockets.
const SocketPath = "/sip"

// Browsers says how browsers reach the relay: agents' pages, and the page that
// lets customers call.
type Browsers struct {
	Media netip.AddrPort // UDP port of all browsers' audio; port 0 takes a free one; needed
	// Sockets is where the relay serves SocketPath itself, over HTTP: TLS ends
	// before it. Invalid: nowhere, and whoever has the relay serves Relay.Sockets.
	Sockets netip.AddrPort
	Origins []string       // pages of other hosts that may open a socket, as "https://desk.example"
	Tickets webleg.Tickets // who a socket belongs to; needed
}

// openBrowsers opens the audio port of browsers, and their sockets where the
// relay serves them itself.
func (r *Relay) openBrowsers(p Ports) (err error) {
	b := r.cfg.Browsers
	if b == nil {
		return nil
	}
	r.devices = newDevices(p.Queue, r.log)
	if r.web, err = webleg.New(webleg.Config{
		Listen: b.Media, Advertise: r.cfg.Advertise, Origins: b.Origins, Tickets: b.Tickets, Calls: r.calls, Engine: r.media,
		Changed: r.devices.changed, Log: r.log,
	}); err != nil {
		return err
	}
	r.devices.present = func(k device) bool { return r.web.Online(k.tenant, k.user) }
	r.devices.talking = func(k device) bool { return r.web.Talking(k.tenant, k.user) }
	if !b.Sockets.IsValid() {
		return nil
	}
	l, err := net.Listen("tcp", b.Sockets.String())
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "relay: open the port of browsers' sockets")
	}
	r.socketsAt = l.Addr().(*net.TCPAddr).AddrPort()
	r.sockets = r.web.HTTP(SocketPath)
	r.serving.Go(func() { _ = r.sockets.Serve(l) }) // ErrServerClosed after Close
	return nil
}

// closeBrowsers says BYE to browsers and closes their sockets.
func (r *Relay) closeBrowsers() error {
	var faults []error
	if r.web != nil {
		faults = append(faults, r.web.Close())
	}
	if r.sockets != nil {
		faults = append(faults, r.sockets.Close())
	}
	return errors.Join(faults...)
}

// dialer is who calls people: browsers where there are any, else SIP.
func (r *Relay) dialer() call.Dialer {
	if r.web == nil {
		return r.sip
	}
	return r.web.Before(r.sip)
}

// lateDialer is dialing as calls know it: servers and calls need each other, and
// the servers come second.
type lateDialer struct{ to atomic.Pointer[call.Dialer] }

// Dial calls somebody. Until SIP is up, which is before the first call, nobody
// can be.
func (d *lateDialer) Dial(ctx context.Context, to call.Target, tell call.Notify) (call.Leg, error) {
	dialer := d.to.Load()
	if dialer == nil {
		return nil, fault.New(fault.Unavailable, "relay: SIP is not up yet")
	}
	return (*dialer).Dial(ctx, to, tell)
}

// Sockets serves the sockets of browsers, for who serves them beside other
// things; nil without Config.Browsers. Requests have to come with their own path.
func (r *Relay) Sockets() http.Handler {
	if r.web == nil {
		return nil
	}
	return r.web
}

// SocketsAt is where the relay itself serves the sockets of browsers; invalid if
// nowhere.
func (r *Relay) SocketsAt() netip.AddrPort { return r.socketsAt }

// Audio is where browsers send their audio; invalid without Config.Browsers.
func (r *Relay) Audio() netip.AddrPort {
	if r.web == nil {
		return netip.AddrPort{}
	}
	return r.web.Media()
}

// browserMetrics writes what was counted of browsers.
func (r *Relay) browserMetrics(b *strings.Builder) {
	if r.web == nil {
		return
	}
	c := r.web.Count()
	fmt.Fprintf(b, "# HELP huawu_relay_browser_legs Browsers in calls.\n# TYPE huawu_relay_browser_legs gauge\nhuawu_relay_browser_legs %d\n", r.web.Live())
	for _, m := range []struct {
		name, help string
		value      uint64
	}{
		{"sockets", "Sockets that browsers opened.", c.Sockets},
		{"sockets_refused", "Sockets not let in, or cut off for what they sent.", c.Refused},
		{"sockets_dead", "Sockets without a sign of life.", c.Dead},
		{"audio_up", "Audio connections that came up.", c.Up},
		{"audio_failed", "Audio connections that did not.", c.Failed},
		{"impostors", "Audio connections with another certificate than promised.", c.Impostors},
		{"resumed", "Legs taken over by a reloaded page.", c.Resumed},
		{"lost", "Legs whose page did not come back.", c.Lost},
		{"packets_early", "Packets before there were keys.", c.Early},
		{"packets_forged", "Packets that were not the browser's, or repeated.", c.Forged},
		{"packets_unsent", "Packets that could not be sent.", c.Unsent},
	} {
		fmt.Fprintf(b, "# HELP huawu_relay_browser_%[1]s_total %[2]s\n# TYPE huawu_relay_browser_%[1]s_total counter\nhuawu_relay_browser_%[1]s_total %[3]d\n", m.name, m.help, m.value)
	}
}

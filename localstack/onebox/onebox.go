// Package onebox is the whole contact centre in one process: the relay, every
// function, and the embedded side of the cloud, on loopback. It decides only how
// they are put together, which is as template.yaml does: functions get the
// events that AWS would send them, and know nothing of being here.
package onebox

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	acdfn "huawu/functions/acd/handler"
	"huawu/localstack/gateway"
	relay "huawu/mediarelay"
	"huawu/mediarelay/media"
	"huawu/mediarelay/webleg"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

// Config says where a centre lives and listens. A port of 0 takes a free one.
type Config struct {
	Data  string         // folder of everything that is kept; one process at a time
	HTTP  netip.AddrPort // desk: pages, API, sockets
	SIP   netip.AddrPort // UDP and TCP
	Admin netip.AddrPort // the relay's health and metrics
	Audio uint16         // UDP port of browsers' audio, at SIP's address; 0 takes a free one
	RTP   [2]uint16      // first and last media port; zeros: the media engine's own choice

	Fast     bool   // acknowledge before the disk has synced: survives kill -9, not a loss of power
	DieAfter int64  // kill this process after so many acknowledged writes; 0 never
	DieOf    string // … of this kind of item only, as localcloud.KindOf names it

	Demo        bool         // seed the demo tenant
	RingSeconds int          // of the demo queue; 0 = 20
	ACWSeconds  int          // of the demo queue; 0 = 30
	Carrier     netip.Prefix // whom the demo trunk lists; the whole loopback if not valid
	CallsOut    string       // host:port that the demo trunk sends calls out to; "" for none

	NoRules   bool          // no sweep each minute: for one who counts what a call uses
	MaxCalls  int           // at once; 0 = 200
	DrainWait time.Duration // how long calls may go on after the end was asked for; 0 = 5 s
	Log       *slog.Logger
}

// Box is one running centre. Make it with Start, let it serve with Run.
type Box struct {
	cfg     Config
	log     *slog.Logger
	cloud   *localcloud.Cloud
	relay   *relay.Relay
	http    *http.Server
	web     net.Listener
	live    *gateway.Gateway
	demo    *demo // nil without the demo tenant
	sweeper *acdfn.Handler
	box     *webleg.Box // tickets of browsers' SIP sockets
	info    Info
}

// Start opens everything; calls are taken from then on. What fails to open is
// named, and all else is closed again.
func Start(ctx context.Context, cfg Config) (*Box, error) {
	b := &Box{cfg: cfg, log: cfg.Log, box: webleg.NewBox(time.Now)}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *Box) start(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.cfg.Data, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "make data folder")
	}
	if b.cloud, err = b.open(); err != nil {
		return err
	}
	if b.web, err = net.Listen("tcp", b.cfg.HTTP.String()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "listen for the desk on %s (another centre running? see --http)", b.cfg.HTTP)
	}
	if b.cfg.Demo {
		if err := b.seed(ctx); err != nil {
			return err
		}
	}
	if err := b.wire(); err != nil {
		return err
	}
	if b.relay, err = b.openRelay(ctx); err != nil {
		return err
	}
	b.http = b.server()
	if b.cfg.DieAfter > 0 { // the seeding and wiring do not count
		b.cloud.SetFaults(localcloud.Faults{DieAfter: b.cfg.DieAfter, DieOf: b.cfg.DieOf, Dead: localcloud.KillSelf})
	}
	if b.info, err = b.describe(ctx); err != nil {
		return err
	}
	return b.info.write(b.cfg.Data)
}

func (b *Box) open() (*localcloud.Cloud, error) {
	o := localcloud.Options{
		Dir: filepath.Join(b.cfg.Data, "cloud"), Queues: queues(), Log: b.log,
		Created: []localcloud.BlobNotice{{Prefix: "recordings/", Queue: "recording"}},
	}
	if b.cfg.Fast {
		o.Durability = localcloud.Process
	}
	c, err := localcloud.Open(o)
	return c, fault.Wrap(fault.KindOf(err), err, "open data folder %s (does another centre run with it?)", b.cfg.Data)
}

func (b *Box) openRelay(ctx context.Context) (*relay.Relay, error) {
	prompts, err := b.prompts()
	if err != nil {
		return nil, err
	}
	trunks, phones, err := b.peers()
	if err != nil {
		return nil, err
	}
	calls, drain := b.cfg.MaxCalls, b.cfg.DrainWait
	if calls == 0 {
		calls = 200
	}
	if drain == 0 {
		drain = 5 * time.Second
	}
	c := b.cloud
	return relay.New(ctx, relay.Config{
		ID: relayName(1), Dir: filepath.Join(b.cfg.Data, "relay"), Tenants: b.tenants(),
		Listen: b.cfg.SIP, TCP: true, Admin: b.cfg.Admin, Language: "zh-CN",
		Browsers: &relay.Browsers{Media: netip.AddrPortFrom(b.cfg.SIP.Addr(), b.cfg.Audio), Tickets: b.box},
		Media:    media.Config{Bind: b.cfg.SIP.Addr(), PortMin: b.cfg.RTP[0], PortMax: b.cfg.RTP[1]},
		MaxCalls: calls, DrainWait: drain, Trunks: trunks, Accounts: phones, Prompts: prompts, Log: b.log,
	}, relay.Ports{Functions: c.Invoker(), Queue: c.Queue(), Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys()})
}

// Info says where the centre is.
func (b *Box) Info() Info { return b.info }

// Cloud is the embedded side of the cloud: tests count and break it.
func (b *Box) Cloud() *localcloud.Cloud { return b.cloud }

// Run serves until ctx ends; then calls are drained, what was recorded is
// uploaded, and all is closed.
func (b *Box) Run(ctx context.Context) error {
	on, off := context.WithCancel(context.WithoutCancel(ctx)) // functions outlive the calls that ask them
	defer off()
	ended := make(chan error, 4)
	go func() { ended <- b.cloud.Run(on) }()
	go func() { ended <- b.relay.Run(on) }()
	go func() { ended <- b.rules(on) }()
	go func() { ended <- b.serve() }()

	var first error
	left := 4
	select {
	case <-ctx.Done():
	case first = <-ended:
		left--
	}
	first = errors.Join(first, b.relay.Drain(context.WithoutCancel(ctx)))
	b.live.Close() // its connections are not the server's any more
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := b.http.Shutdown(bye); err != nil { // a browser that holds a connection does not hold us
		b.log.Info("connections to the desk are cut", "error", err)
		first = errors.Join(first, b.http.Close())
	}
	off()
	for range left {
		first = errors.Join(first, <-ended)
	}
	return errors.Join(first, b.close())
}

func (b *Box) serve() error {
	if err := b.http.Serve(b.web); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(fault.Unavailable, err, "serve the desk")
	}
	return nil
}

// close closes what is left open after Run, or after a Start that failed.
func (b *Box) close() error {
	var faults []error
	if b.web != nil {
		b.web.Close() // closed already where it was served
	}
	if b.cloud != nil {
		faults = append(faults, b.cloud.Close())
	}
	if err := os.Remove(filepath.Join(b.cfg.Data, InfoFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// Package relay is the always-on part of the contact centre: it takes calls
// from carriers and phones, asks the function of a call what to do, and does it.
// Here its rooms are put together: sipleg, webleg and media below call, the
// recorder beside it, the hook above.
//
// It decides which id (and so which queue of commands) is its own, how many
// calls it takes, and how it ends: refusing, waiting, hanging up, uploading. It
// decides nothing about routing.
package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"huawu/mediarelay/call"
	"huawu/mediarelay/hook"
	"huawu/mediarelay/media"
	"huawu/mediarelay/recorder"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/trunk"
	"huawu/mediarelay/webleg"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Ports are the cloud as a relay uses it.
type Ports struct {
	Functions cloud.Invoker
	Queue     cloud.Queue
	Table     cloud.Table
	Blobs     cloud.Blobs
	Keys      cloud.Keys
}

// Config says what a relay is. Zero fields take the value in their comment.
type Config struct {
	ID      string   // fixed relay id, which is also the name of its queue; "" leases one of Pool
	Pool    []string // ids that relays share; "relay-1", "relay-2"
	Dir     string   // journal and spool; one process at a time
	Tenants []string // whose recording keys are fetched ahead

	Listen      netip.AddrPort // SIP over UDP; port 0 takes a free one
	TCP         bool           // SIP over TCP on the same port
	Advertise   netip.Addr     // address that peers use; invalid: Listen's
	Domains     []string       // SIP domains of ours
	Realm       string         // of phones' passwords; "huawu"
	SharedPorts bool           // trunks with public addresses share media sockets
	Media       media.Config
	Admin       netip.AddrPort // health and metrics; invalid: none

	Function       string        // that is asked; "ivr"
	FunctionWait   time.Duration // for one try of it; 5 s
	Language       string        // of prompts that name none
	MaxCalls       int           // at once; 0 sets no limit
	CallsPerSecond float64       // new ones; 0 sets no limit
	DrainWait      time.Duration // calls that are up may go on so long after SIGTERM; 100 s

	Browsers *Browsers // nil: no browser may call or be called
	Trunks   *trunk.Table
	Accounts registrar.Accounts                     // nil: no phones
	Prompts  call.Prompts                           //
	Route    func(call.Inbound) call.Route          // nil: all extensions, Language
	Phones   func(tenant, user string, online bool) // told when a user's first phone comes and the last one goes
	Log      *slog.Logger                           // nil discards
}

// Relay is one running relay. Make it with New, let it serve with Run, end it
// with Drain.
type Relay struct {
	cfg      Config
	log      *slog.Logger
	lease    *lease
	media    *media.Engine
	recorder *recorder.Recorder
	hook     *hook.Hook
	calls    *call.Calls
	sip      *sipleg.Server
	web      *webleg.Server // nil without Config.Browsers
	devices  *devices       // likewise
	journal  *journal
	reporter *reporter
	commands *commands
	placing  *placing
	admin    *http.Server
	adminAt  netip.AddrPort

	sockets   *http.Server // of browsers; nil where another one serves them
	socketsAt netip.AddrPort

	draining atomic.Bool
	lost     chan struct{}  // closed when another process has taken our id
	loops    sync.WaitGroup // those of Run
	serving  sync.WaitGroup // admin
	once     sync.Once
	over     chan struct{} // closed when Drain has ended everything
}

// New takes an id, opens the sockets and takes calls from then on; but nothing
// comes from the queue before Run. It waits for an id of the pool until ctx ends.
func New(ctx context.Context, cfg Config, p Ports) (*Relay, error) {
	if err := cfg.check(p); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	r := &Relay{cfg: cfg, log: cfg.Log, lost: make(chan struct{}), over: make(chan struct{})}
	owner, err := uuid.NewV7()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "relay: make an id")
	}
	if r.lease, err = takeLease(ctx, p.Table, cfg.ID, cfg.Pool, owner.String(), cfg.Log); err != nil {
		return nil, err
	}
	r.log = cfg.Log.With("relay", r.lease.id)
	if err := r.open(p); err != nil {
		r.close(context.Background())
		return nil, err
	}
	r.log.Info("relay is up", "sip", r.sip.Addr().String(), "admin", r.adminAt.String())
	return r, nil
}

func (c Config) check(p Ports) error {
	var faults []error
	need := func(ok bool, what string) {
		if !ok {
			faults = append(faults, fault.New(fault.Invalid, "relay: %s", what))
		}
	}
	need(p.Functions != nil && p.Queue != nil && p.Table != nil && p.Blobs != nil && p.Keys != nil, "all ports are needed")
	need(c.Dir != "", "Dir is needed")
	need(c.Trunks != nil, "Trunks is needed")
	need(c.Prompts != nil, "Prompts is needed")
	need(c.Listen.IsValid(), "Listen is needed")
	if b := c.Browsers; b != nil {
		need(b.Media.IsValid() && b.Tickets != nil, "Browsers needs Media and Tickets")
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if len(c.Pool) == 0 {
		c.Pool = []string{"relay-1", "relay-2"}
	}
	if c.DrainWait <= 0 {
		c.DrainWait = 100 * time.Second // of the 120 s that Fargate gives at most
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Media.Log == nil {
		c.Media.Log = c.Log
	}
	if c.Route == nil {
		route := call.Route{Application: "huawu", Capabilities: call.Offered(), Language: c.Language}
		c.Route = func(call.Inbound) call.Route { return route }
	}
	return c
}

// open makes the rooms, the lowest first.
func (r *Relay) open(p Ports) (err error) {
	cfg := r.cfg
	if r.media, err = media.New(cfg.Media); err != nil {
		return err
	}
	if r.recorder, err = recorder.New(recorder.Config{
		Dir: filepath.Join(cfg.Dir, "spool"), Tenants: cfg.Tenants, Table: p.Table, Blobs: p.Blobs, Keys: p.Keys, Log: r.log,
	}); err != nil {
		return err
	}
	if r.journal, err = openJournal(filepath.Join(cfg.Dir, "journal")); err != nil {
		return err
	}
	r.hook = hook.New(p.Functions, hook.Config{Function: cfg.Function, Timeout: cfg.FunctionWait, Log: r.log})
	ordered := hook.NewOrdered(r.hook)
	dial := &lateDialer{}
	r.calls = call.New(call.Config{
		RelayID: r.lease.id, Handler: ordered, Dialer: dial, Prompts: cfg.Prompts, Recorders: r.recorder, Journal: r.journal,
		Route: cfg.Route, MaxCalls: cfg.MaxCalls, CallsPerSecond: cfg.CallsPerSecond, Log: r.log,
	})
	r.reporter = &reporter{
		journal: r.journal, handler: ordered, live: r.calls.Has, log: r.log, pause: reportPause,
		offer: sma.Offer{Version: sma.ExtensionVersion, RelayID: r.lease.id, Capabilities: call.Offered()},
	}
	r.placing = &placing{queue: p.Queue, calls: r.calls, room: func(tenant string) bool { return r.sip.Room(tenant) }, log: r.log}
	r.commands = &commands{queue: p.Queue, name: r.lease.id, calls: r.calls, log: r.log}
	if err := r.openAdmin(); err != nil {
		return err
	}
	if err := r.openBrowsers(p); err != nil {
		return err
	}
	return r.openSIP(dial)
}

// openSIP comes last: from then on calls arrive.
func (r *Relay) openSIP(dial *lateDialer) (err error) {
	cfg := r.cfg
	var phones *registrar.Registrar
	if cfg.Accounts != nil {
		phones = registrar.New(cfg.Accounts, registrar.Config{Realm: cfg.Realm, Changed: cfg.Phones})
	}
	r.sip, err = sipleg.New(sipleg.Config{
		Listen: cfg.Listen, TCP: cfg.TCP, Advertise: cfg.Advertise, Domains: cfg.Domains, SharedPorts: cfg.SharedPorts,
		Calls: r.calls, Trunks: cfg.Trunks, Registrar: phones, Media: sipleg.Engine(r.media), Log: r.log,
	})
	if err == nil {
		to := r.dialer()
		dial.to.Store(&to)
	}
	return err
}

// ID is the relay's id and the name of its queue.
func (r *Relay) ID() string { return r.lease.id }

// SIP is where the relay listens for SIP.
func (r *Relay) SIP() netip.AddrPort { return r.sip.Addr() }

// Admin is where health and metrics are served; invalid if nowhere.
func (r *Relay) Admin() netip.AddrPort { return r.adminAt }

// Calls are the relay's calls.
func (r *Relay) Calls() *call.Calls { return r.calls }

// Run serves until Drain has ended, then returns nil. If ctx ends before, all is
// closed at once: calls are hung up, what cannot be reported or uploaded any
// more stays for the next process. It fails when another process has taken the
// relay's id; then Drain is due.
func (r *Relay) Run(ctx context.Context) error {
	loops, stop := context.WithCancel(ctx)
	defer stop()
	r.loops.Go(func() { r.commands.run(loops) })
	r.loops.Go(func() { r.placing.run(loops) })
	r.loops.Go(func() { r.reporter.run(loops) })
	r.loops.Go(func() { r.beats(loops) })
	if r.devices != nil {
		r.loops.Go(func() { r.devices.run(loops) })
	}
	select {
	case <-r.over:
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		r.end(end, 0)
	case <-r.lost:
		stop()
		r.loops.Wait()
		return errLost
	}
	stop()
	r.loops.Wait()
	return nil
}

// beats renews the lease.
func (r *Relay) beats(ctx context.Context) {
	for {
		err := r.lease.renew(ctx, r.calls.Live(), r.draining.Load())
		switch {
		case errors.Is(err, errLost):
			r.log.Error("relay id lost: no new calls", "error", err)
			r.refuse()
			close(r.lost)
			return
		case err != nil && ctx.Err() == nil:
			r.log.Warn("heartbeat failed", "error", err)
		}
		if wait(ctx, beatEvery) != nil {
			return
		}
	}
}

func (r *Relay) refuse() {
	r.draining.Store(true)
	r.calls.Refuse()
	r.sip.Drain()
	if r.web != nil {
		r.web.Drain()
	}
}

// Drain ends the relay: new calls are refused (503) and OPTIONS say so, calls
// that are up go on for at most DrainWait or until ctx ends, what is left is
// hung up with a reason, recordings are uploaded, the id is given back.
func (r *Relay) Drain(ctx context.Context) error {
	return r.end(ctx, r.cfg.DrainWait)
}

func (r *Relay) end(ctx context.Context, patience time.Duration) (err error) {
	r.once.Do(func() {
		r.log.Info("relay drains", "calls", r.calls.Len())
		r.refuse()
		until, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if r.calls.Wait(until) != nil {
			r.log.Warn("drain: calls are hung up", "calls", r.calls.Len())
			r.calls.HangUpAll("drain")
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWait)
			defer cancel()
			if err := r.calls.Wait(last); err != nil {
				r.log.Error("drain: calls are left to the next process", "error", err)
			}
		}
		err = r.close(ctx)
		close(r.over)
	})
	<-r.over
	return err
}

// endWait is how long calls that were hung up have to report it.
const endWait = 12 * time.Second

// close closes what is open, the uppermost first.
func (r *Relay) close(ctx context.Context) error {
	var faults []error
	if r.calls != nil {
		r.calls.Close()
	}
	faults = append(faults, r.closeBrowsers())
	if r.sip != nil {
		faults = append(faults, r.sip.Close())
	}
	if r.recorder != nil {
		faults = append(faults, r.recorder.Close(ctx))
	}
	if r.media != nil {
		faults = append(faults, r.media.Close())
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	faults = append(faults, r.lease.release(last))
	if r.admin != nil {
		if err := r.admin.Shutdown(last); !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
		r.serving.Wait()
	}
	return errors.Join(faults...)
}

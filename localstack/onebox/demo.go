package onebox

import (
	"context"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"huawu/flows"
	"huawu/localstack/seed"
	"huawu/mediarelay/prompts"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/trunk"
	"huawu/shared/auth"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/speech"
	"huawu/shared/speech/espeak"
)

// tokenLife is how long the printed tokens are valid.
const tokenLife = 24 * time.Hour

// demo is what the demo tenant brings besides its items.
type demo struct {
	phones map[string]string // passwords by SIP user; kept, so that phones stay set up
	logins map[string]string // passwords by user name; kept, so that people need not look again
	crm    *receiver
}

// seed writes the demo tenant. Its webhook endpoint is made anew at each start,
// because this machine's port may have changed and its secret is told only once.
func (b *Box) seed(ctx context.Context) error {
	phones, err := keep(filepath.Join(b.cfg.Data, "phones.json"), phonePassword)
	if err != nil {
		return err
	}
	logins, err := keep(filepath.Join(b.cfg.Data, "logins.json"), loginPassword)
	if err != nil {
		return err
	}
	endpoint, secret, err := crm.NewEndpoint(ctx, b.cloud.Keys(), crm.Guard{AllowLoopback: true}, time.Now(), seed.Tenant, "demo-crm",
		"http://"+b.web.Addr().String()+receiverPath, event.Completed)
	if err != nil {
		return err
	}
	if _, err := b.cloud.Table().Write(ctx, endpoint.Put()); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "seed the webhook endpoint")
	}
	got, err := newReceiver(b.cfg.Data, secret, b.log)
	if err != nil {
		return err
	}
	b.demo = &demo{phones: phones, logins: logins, crm: got}
	if err := seed.Demo(ctx, b.cloud.Table(), seed.Options{RingSeconds: b.cfg.RingSeconds, ACWSeconds: b.cfg.ACWSeconds}); err != nil {
		return err
	}
	return seed.Logins(ctx, b.cloud.Table(), time.Now(), logins)
}

func (b *Box) tenants() []string {
	if b.demo == nil {
		return nil
	}
	return []string{seed.Tenant}
}

// carrier is where the demo trunk calls from: whatever runs on this machine.
func (b *Box) carrier() netip.Prefix {
	if b.cfg.Carrier.IsValid() {
		return b.cfg.Carrier
	}
	return netip.MustParsePrefix("127.0.0.0/8")
}

// peers returns the trunks and phones of the centre.
func (b *Box) peers() (*trunk.Table, *registrar.Book, error) {
	var trunks []trunk.Trunk
	var phones []registrar.Account
	if b.demo != nil {
		trunks = append(trunks, trunk.Trunk{ID: seed.Trunk, Tenant: seed.Tenant, Peers: []netip.Prefix{b.carrier()}, Address: b.cfg.CallsOut})
		for _, p := range seed.People() {
			phones = append(phones, registrar.Account{Tenant: seed.Tenant, User: p.Username, Password: b.demo.phones[p.Username]})
		}
	}
	table, err := trunk.NewTable(trunks...)
	if err != nil {
		return nil, nil, err
	}
	book, err := registrar.NewBook(phones...)
	return table, book, err
}

// prompts returns what the centre can say: stored prompts always, any other text
// where espeak-ng is installed.
func (b *Box) prompts() (*prompts.Prompts, error) {
	files, err := fs.Sub(flows.Prompts, "prompts")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "stored prompts")
	}
	var voice speech.Synthesizer
	if found, err := espeak.Find(); err == nil {
		voice = speech.Cached{From: found, Dir: filepath.Join(b.cfg.Data, "speech")}
	} else {
		b.log.Info("only stored prompts can be spoken", "reason", err)
	}
	library, err := speech.NewLibrary(files, prompts.Decode, voice)
	if err != nil {
		return nil, err
	}
	return prompts.New(library, b.cloud.Blobs()), nil
}

// describe gathers what a user and the commands need to find their way.
func (b *Box) describe(ctx context.Context) (Info, error) {
	in := Info{PID: os.Getpid(), URL: "http://" + b.web.Addr().String(), SIP: b.relay.SIP().String(), Health: "http://" + b.relay.Admin().String() + "/healthz"}
	in.Desk = in.URL + "/"
	if b.demo == nil {
		return in, nil
	}
	in.Tenant, in.Number, in.Messages, in.CRM, in.Caller = seed.Tenant, seed.Number, seed.Message, in.URL+receiverPath, in.URL+"/call"
	expires := time.Now().Add(tokenLife)
	for _, p := range seed.People() {
		token, err := b.tokens().Issue(ctx, auth.Identity{Tenant: seed.Tenant, Agent: p.ID, Role: p.Role, Expires: expires})
		if err != nil {
			return in, err
		}
		in.Agents = append(in.Agents, Login{ID: p.ID, Username: p.Username, Name: p.Name, Role: string(p.Role), DeskPassword: b.demo.logins[p.Username],
			Device: string(p.Device), SIPUser: p.Username, Password: b.demo.phones[p.Username], Token: token})
	}
	var err error
	in.Admin, err = b.tokens().Issue(ctx, auth.Identity{Tenant: seed.Tenant, Agent: "admin", Role: auth.Admin, Expires: expires})
	return in, err
}

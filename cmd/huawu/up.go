package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"huawu/localstack/onebox"
)

// upFlags are the flags of huawu up.
type upFlags struct {
	data, http, sip, admin, rtp, ports, output, durability, die *string
	demo, verbose                                               *bool
	ring, acw                                                   *int
}

func (u *upFlags) add(f *flag.FlagSet) {
	u.data = f.String("data", "data", "folder of everything that is kept")
	u.demo = f.Bool("demo", false, "seed the demo tenant where it is not there yet")
	u.http = f.String("http", "127.0.0.1:8080", "address of the desk: pages, API, sockets")
	u.sip = f.String("sip", "127.0.0.1:5060", "address of SIP, UDP and TCP")
	u.admin = f.String("admin", "127.0.0.1:8081", "address of the relay's health and metrics")
	u.rtp = f.String("rtp", "20000-29999", "first and last port of audio")
	u.ports = f.String("ports", "", "auto: take free ports for HTTP, SIP and admin")
	u.output = f.String("o", "text", "text, or json for machines: one line once it is up")
	u.durability = f.String("durability", "sync", "sync: acknowledged writes outlive a loss of power; process: the end of the process only, faster")
	u.ring = f.Int("ring-seconds", 20, "how long an offer of the demo queue rings")
	u.acw = f.Int("acw-seconds", 30, "time for after-contact work in the demo queue")
	u.verbose = f.Bool("v", false, "log every step")
	u.die = f.String("die-after", "", "for tests: kill this process after so many acknowledged writes, 120, or after so many of one kind of item, C/META:3")
}

// config checks the flags and names every fault at once.
func (u *upFlags) config() (onebox.Config, error) {
	cfg := onebox.Config{Data: *u.data, Demo: *u.demo, Fast: *u.durability == "process", RingSeconds: *u.ring, ACWSeconds: *u.acw}
	var faults []string
	note := func(bad bool, text string, args ...any) {
		if bad {
			faults = append(faults, fmt.Sprintf(text, args...))
		}
	}
	for _, a := range []struct {
		name, value string
		to          *netip.AddrPort
	}{{"--http", *u.http, &cfg.HTTP}, {"--sip", *u.sip, &cfg.SIP}, {"--admin", *u.admin, &cfg.Admin}} {
		at, err := netip.ParseAddrPort(a.value)
		note(err != nil, "%s %q is not an address like 127.0.0.1:8080", a.name, a.value)
		if *u.ports == "auto" {
			at = netip.AddrPortFrom(at.Addr(), 0)
		}
		*a.to = at
	}
	var err error
	cfg.RTP, err = portRange(*u.rtp)
	note(err != nil, "--rtp %q is not a range like 20000-29999", *u.rtp)
	cfg.DieOf, cfg.DieAfter, err = death(*u.die)
	note(err != nil, "--die-after %q is neither a number nor a kind of item and a number, like C/META:3", *u.die)
	note(*u.ports != "" && *u.ports != "auto", "--ports %q: only auto is known", *u.ports)
	note(*u.output != "text" && *u.output != "json", "-o %q: text or json", *u.output)
	note(*u.durability != "sync" && *u.durability != "process", "--durability %q: sync or process", *u.durability)
	note(*u.ring < 1 || *u.ring > 300, "--ring-seconds %d: 1 to 300", *u.ring)
	note(*u.acw < 0 || *u.acw > 3600, "--acw-seconds %d: 0 to 3600", *u.acw)
	if len(faults) > 0 {
		return cfg, fmt.Errorf("%s", strings.Join(faults, "\n       "))
	}
	return cfg, nil
}

// death reads "120" or "C/META:3".
func death(s string) (kind string, after int64, err error) {
	if s == "" {
		return "", 0, nil
	}
	if at := strings.LastIndexByte(s, ':'); at >= 0 {
		kind, s = s[:at], s[at+1:]
	}
	if after, err = strconv.ParseInt(s, 10, 64); err == nil && after < 1 {
		err = strconv.ErrRange
	}
	return kind, after, err
}

func portRange(s string) ([2]uint16, error) {
	lo, hi, _ := strings.Cut(s, "-")
	first, err := strconv.ParseUint(lo, 10, 16)
	if err != nil {
		return [2]uint16{}, err
	}
	last, err := strconv.ParseUint(hi, 10, 16)
	if err == nil && last < first+3 {
		err = fmt.Errorf("too few ports")
	}
	return [2]uint16{uint16(first), uint16(last)}, err
}

// up runs a centre until the context ends.
func up(ctx context.Context, out io.Writer, args []string) error {
	f := flags("up", "[--data DIR] [--demo] [--ports auto] [-o json]")
	var u upFlags
	u.add(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	cfg, err := u.config()
	if err != nil {
		return err
	}
	log, closeLog, err := logTo(cfg.Data, *u.verbose)
	if err != nil {
		return err
	}
	defer closeLog()
	cfg.Log = log
	slog.SetDefault(log)
	b, err := onebox.Start(ctx, cfg)
	if err != nil {
		return err
	}
	if *u.output == "json" {
		if err := json.NewEncoder(out).Encode(b.Info()); err != nil {
			return err
		}
	} else {
		greet(out, b.Info(), cfg.Data)
	}
	return b.Run(ctx)
}

// logTo opens the centre's log file: JSON lines in the data folder, and with -v
// text on the terminal too.
func logTo(dir string, verbose bool) (*slog.Logger, func(), error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if verbose {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})), func() {}, nil
	}
	file, err := os.OpenFile(filepath.Join(dir, "huawu.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewJSONHandler(file, nil)), func() { file.Close() }, nil
}

// greet says where everything is and how to place a first call.
func greet(out io.Writer, in onebox.Info, dir string) {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	say("Huawu 话务 is up. Ctrl-C ends it; the data is kept in %s, the log in %s.", dir, filepath.Join(dir, "huawu.log"))
	say("")
	say("  Desk · 坐席      %s", in.Desk)
	if in.Caller != "" {
		say("  Call us · 来电   %s", in.Caller)
	}
	say("  API        %s/openapi.json", in.URL)
	say("  SIP        %s (UDP and TCP)", in.SIP)
	say("  Health     %s", in.Health)
	if in.Tenant == "" {
		say("\nNo tenant is set up. --demo seeds one to try.")
		return
	}
	say("  Webhooks   %s (what the demo CRM got)", in.CRM)
	say("")
	logins(say, in)
	say("")
	say("The first call · 第一通电话：")
	say("  log in at the desk and go available; open the caller's page in a second window, call and press 1")
	say("  登录坐席页面并置闲；在另一窗口打开来电页面，呼叫后按 1")
	say("  or all by itself, in another terminal: go run ./cmd/huawu call demo --data %s", dir)
	say("")
	say("By SIP phones · 用 SIP 话机：call sip:%s@%s, or sip:%s@%s to leave a message · 留言", in.Number, in.SIP, in.Messages, in.SIP)
	for _, a := range in.Agents {
		if a.Device == devicePhone {
			say("  %s (%s): register sip:%s@%s, password %s; it rings on an offer once the agent is available:", a.Name, a.Username, a.SIPUser, in.SIP, a.Password)
			say("    curl -X POST %s/v1/agents/me/status -H 'Content-Type: application/json' \\\n      -H 'Authorization: Bearer %s' -d '{\"status\":\"available\"}'", in.URL, a.Token)
		}
	}
}

// devicePhone is the device of agents who have a SIP phone.
const devicePhone = "phone"

// logins says who may log in, those first who need nothing but a browser.
func logins(say func(string, ...any), in onebox.Info) {
	say("Log in · 登录（tenant · 租户 %s）", in.Tenant)
	for _, phone := range []bool{false, true} {
		for _, a := range in.Agents {
			if (a.Device == devicePhone) != phone {
				continue
			}
			with := "talks in the browser · 浏览器通话"
			if phone {
				with = "has a SIP phone · SIP 话机"
			}
			say("  %-10s %-6s password · 密码 %s  %s, %s", a.Role, a.Username, a.DeskPassword, a.Name, with)
		}
	}
}

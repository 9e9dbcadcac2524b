package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	relay "huawu/mediarelay"
	"huawu/mediarelay/media"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/trunk"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// The environment variables of the relay besides those of its ports. What is
// not set takes the value in the comment.
const (
	envData      = "RELAY_DATA"      // folder of journal and spool; needed
	envID        = "RELAY_ID"        // fixed id; none: one of the pool is leased
	envPool      = "RELAY_POOL"      // how many ids there are: relay-1 … relay-n; 2
	envListen    = "RELAY_LISTEN"    // SIP over UDP and TCP; 0.0.0.0:5060
	envAdmin     = "RELAY_ADMIN"     // health and metrics; 0.0.0.0:8080
	envAdvertise = "RELAY_ADVERTISE" // our address as peers see it, or the https URL that tells it; https://checkip.amazonaws.com
	envPorts     = "RELAY_RTP_PORTS" // first-last; 20000-39999
	envTrunks    = "RELAY_TRUNKS"    // JSON list of trunks, or @file
	envAccounts  = "RELAY_ACCOUNTS"  // JSON list of phones' accounts, or @file
	envTenants   = "RELAY_TENANTS"   // a,b: whose recording keys are fetched ahead; those of the trunks
	envDomains   = "RELAY_DOMAINS"   // a,b: SIP domains of ours
	envRealm     = "RELAY_REALM"     // of phones' passwords; huawu
	envLanguage  = "RELAY_LANGUAGE"  // of prompts that name none; zh-CN
	envMaxCalls  = "RELAY_MAX_CALLS" // at once; 300, one vCPU with recording
	envRate      = "RELAY_CPS"       // new calls a second; 20
	envDrain     = "RELAY_DRAIN"     // how long calls may go on after SIGTERM; 100s
	envFunction  = "RELAY_FUNCTION"  // that is asked; ivr
	envLog       = "LOG_LEVEL"       // DEBUG, INFO, WARN, ERROR; INFO
	envAgent     = "ECS_AGENT_URI"   // set by ECS: where a task protects itself
	envSockets   = "RELAY_SOCKETS"   // WebSockets of browsers at /sip, TLS ends before it; none: no browsers
	envBrowsers  = "RELAY_BROWSERS"  // browsers' audio, one UDP port; 0.0.0.0:19000
	envOrigins   = "RELAY_ORIGINS"   // a,b: pages of other hosts that may open a socket, https://desk.example
	envIssuer    = "TOKEN_ISSUER"    // who signs browsers' tickets: this installation's name
	envAudience  = "TOKEN_AUDIENCE"  // as the desk has it
	envSpeech    = "RELAY_SPEECH"    // polly, none: who speaks what no prompt says; polly
)

// settings is what the environment says.
type settings struct {
	cloud     awscloud.Config
	relay     relay.Config
	advertise string // URL that tells our address; "" if relay.Advertise is set
	agent     string
	speech    string
	level     slog.Level

	issuer, audience string // of browsers' tickets
}

// reader reads variables and gathers what is wrong with them.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) bad(name, want string) {
	r.faults = append(r.faults, fault.New(fault.Invalid, "%s is not %s", name, want))
}

func (r *reader) text(name, otherwise string) string {
	if v := r.getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (r *reader) number(name string, otherwise, low, high int) int {
	n, err := strconv.Atoi(r.text(name, strconv.Itoa(otherwise)))
	if err != nil || n < low || n > high {
		r.bad(name, "a number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
	}
	return n
}

func (r *reader) address(name, otherwise string) netip.AddrPort {
	a, err := netip.ParseAddrPort(r.text(name, otherwise))
	if err != nil {
		r.bad(name, "an address with port, such as "+otherwise)
	}
	return a
}

func (r *reader) list(name string) []string {
	var all []string
	for part := range strings.SplitSeq(r.getenv(name), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// object reads JSON from a variable, or from the file it names with @.
func (r *reader) object(name string, v any) {
	raw := []byte(r.getenv(name))
	if file, ok := strings.CutPrefix(string(raw), "@"); ok {
		var err error
		if raw, err = os.ReadFile(file); err != nil {
			r.faults = append(r.faults, fault.Wrap(fault.Invalid, err, "%s", name))
			return
		}
	}
	if len(raw) == 0 {
		return
	}
	if err := json.Unmarshal(raw, v); err != nil {
		// Never the text itself: it holds passwords.
		r.faults = append(r.faults, fault.New(fault.Invalid, "%s is not a JSON list of the right form", name))
	}
}

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (settings, error) {
	r := &reader{getenv: getenv}
	var s settings
	var err error
	needs := []string{awscloud.EnvTable, awscloud.EnvBucket, awscloud.EnvDataKey, awscloud.EnvQueuePrefix, awscloud.EnvFunctionPrefix}
	if getenv(envSockets) != "" {
		needs = append(needs, awscloud.EnvSignKey)
	}
	s.cloud, err = awscloud.FromEnv(getenv, needs...)
	r.faults = append(r.faults, err)
	s.agent = getenv(envAgent)
	if s.speech = r.text(envSpeech, "polly"); s.speech != "polly" && s.speech != "none" {
		r.bad(envSpeech, "polly or none")
	}
	if err := s.level.UnmarshalText([]byte(r.text(envLog, "INFO"))); err != nil {
		r.bad(envLog, "DEBUG, INFO, WARN or ERROR")
	}
	s.relay = relay.Config{
		ID: getenv(envID), Dir: getenv(envData), TCP: true,
		Listen: r.address(envListen, "0.0.0.0:5060"), Admin: r.address(envAdmin, "0.0.0.0:8080"),
		Domains: r.list(envDomains), Realm: getenv(envRealm), Function: getenv(envFunction), Language: r.text(envLanguage, "zh-CN"),
		MaxCalls: r.number(envMaxCalls, 300, 1, 20000), CallsPerSecond: float64(r.number(envRate, 20, 1, 10000)),
		SharedPorts: true,
	}
	for n := range r.number(envPool, 2, 1, 100) {
		s.relay.Pool = append(s.relay.Pool, "relay-"+strconv.Itoa(n+1))
	}
	if !filepath.IsAbs(s.relay.Dir) {
		r.bad(envData, "an absolute path")
	}
	if s.relay.DrainWait, err = time.ParseDuration(r.text(envDrain, "100s")); err != nil || s.relay.DrainWait < 0 {
		r.bad(envDrain, "a duration such as 100s")
	}
	s.relay.Media = r.ports()
	s.advertise = r.self(&s.relay)
	r.peers(&s.relay)
	r.browsers(&s)
	return s, errors.Join(r.faults...)
}

// browsers reads how browsers are served, if they are.
func (r *reader) browsers(s *settings) {
	if r.getenv(envSockets) == "" {
		return
	}
	s.relay.Browsers = &relay.Browsers{Sockets: r.address(envSockets, "0.0.0.0:8443"), Media: r.address(envBrowsers, "0.0.0.0:19000"), Origins: r.list(envOrigins)}
	for _, o := range s.relay.Browsers.Origins {
		if u, err := url.Parse(o); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
			r.bad(envOrigins, "a list of pages' origins such as https://desk.example")
		}
	}
	if s.issuer, s.audience = r.getenv(envIssuer), r.getenv(envAudience); s.issuer == "" || s.audience == "" {
		r.bad(envIssuer+" or "+envAudience, "set, as browsers' tickets need both")
	}
}

// ports reads the range of media ports.
func (r *reader) ports() media.Config {
	first, last, ok := strings.Cut(r.text(envPorts, "20000-39999"), "-")
	from, err1 := strconv.ParseUint(first, 10, 16)
	to, err2 := strconv.ParseUint(last, 10, 16)
	if !ok || err1 != nil || err2 != nil || from < 1024 || to < from+3 {
		r.bad(envPorts, "a range of ports such as 20000-39999")
	}
	return media.Config{Bind: netip.IPv4Unspecified(), PortMin: uint16(from), PortMax: uint16(to)}
}

// self reads our address, or returns the URL that tells it.
func (r *reader) self(c *relay.Config) string {
	text := r.text(envAdvertise, "https://checkip.amazonaws.com")
	if u, err := url.Parse(text); err == nil && u.Scheme == "https" && u.Host != "" {
		return text
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.IsUnspecified() {
		r.bad(envAdvertise, "an address or an https URL that tells it")
	}
	c.Advertise = a
	return ""
}

// peers reads trunks and phones.
func (r *reader) peers(c *relay.Config) {
	var trunks []trunk.Trunk
	var accounts []registrar.Account
	r.object(envTrunks, &trunks)
	r.object(envAccounts, &accounts)
	var err error
	if c.Trunks, err = trunk.NewTable(trunks...); err != nil {
		r.faults = append(r.faults, err)
	}
	book, err := registrar.NewBook(accounts...)
	if err != nil {
		r.faults = append(r.faults, err)
	}
	if len(accounts) > 0 {
		c.Accounts = book
	}
	if c.Tenants = r.list(envTenants); len(c.Tenants) > 0 {
		return
	}
	for _, t := range trunks {
		if !slices.Contains(c.Tenants, t.Tenant) {
			c.Tenants = append(c.Tenants, t.Tenant)
		}
	}
}

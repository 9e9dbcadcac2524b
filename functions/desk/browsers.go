package main

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/desk"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

// The environment variables of browsers that talk.
const (
	envSIP    = "SIP_SOCKETS"    // wss://… of the relay, for softphones in browsers; none: there are none
	envCalled = "CALL_NUMBER"    // tenant:number that the public page calls; none: it is off
	envCalls  = "CALLS_A_MINUTE" // how many tickets that page gets, all callers together; 120
)

// callsPerAddress is how many tickets of the public page one address gets in a
// minute: an office may be behind it.
const callsPerAddress = 10

// browsers is how browsers reach the relay.
type browsers struct {
	sockets string
	caller  *desk.CallerPage
}

// loadBrowsers reads the environment. Every fault is in the error.
func loadBrowsers(getenv func(string) string) (browsers, error) {
	b := browsers{sockets: getenv(envSIP)}
	var faults []error
	bad := func(text string, args ...any) { faults = append(faults, fault.New(fault.Invalid, text, args...)) }
	if b.sockets != "" {
		if u, err := url.Parse(b.sockets); err != nil || u.Scheme != "wss" || u.Host == "" || u.RawQuery != "" {
			bad("%s is not an address like wss://relay.example/sip", envSIP)
		}
	}
	if text := getenv(envCalled); text != "" {
		tenant, number, ok := strings.Cut(text, ":")
		if _, err := phone.Parse(number); !ok || tenant == "" || err != nil || b.sockets == "" {
			bad("%s is not tenant:number, or %s is not set", envCalled, envSIP)
		}
		calls, err := strconv.Atoi(cmp.Or(getenv(envCalls), "120"))
		if err != nil || calls < 1 {
			bad("%s is not a number of calls", envCalls)
		}
		b.caller = &desk.CallerPage{Tenant: tenant, Number: number, Allowance: login.Allowance{PerAddress: callsPerAddress, Total: calls}}
	}
	return b, errors.Join(faults...)
}

// sip is how browsers reach the relay, which checks what is signed here.
func (c config) sip(k cloud.Keys) desk.SIP {
	if c.browsers.sockets == "" {
		return desk.SIP{}
	}
	return desk.SIP{Tickets: auth.NewTickets(k, c.issuer, c.audience, time.Now), Sockets: c.browsers.sockets, Caller: c.browsers.caller}
}

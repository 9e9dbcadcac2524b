package main

import "testing"

func TestBrowsersTalkWhereTheEnvironmentSaysSo(t *testing.T) {
	load := func(more ...string) (config, error) {
		b, err := loadBrowsers(func(name string) string {
			for n := 0; n < len(more); n += 2 {
				if more[n] == name {
					return more[n+1]
				}
			}
			return ""
		})
		return config{issuer: "i", audience: "a", browsers: b}, err
	}
	if c, err := load(); err != nil || c.sip(nil).Tickets != nil || c.sip(nil).Caller != nil {
		t.Errorf("nobody said so: %+v, %v", c, err)
	}
	c, err := load("SIP_SOCKETS", "wss://relay.example/sip", "CALL_NUMBER", "acme:95000", "CALLS_A_MINUTE", "30")
	if s := c.sip(nil); err != nil || s.Tickets == nil || s.Sockets != "wss://relay.example/sip" || s.Caller.Tenant != "acme" || s.Caller.Number != "95000" || s.Caller.Allowance.Total != 30 {
		t.Errorf("with browsers: %+v, %v", s, err)
	}
	for _, bad := range [][]string{{"SIP_SOCKETS", "ws://relay.example/sip"}, {"SIP_SOCKETS", "wss://relay.example/sip", "CALL_NUMBER", "95000"}, {"CALL_NUMBER", "acme:95000"},
		{"SIP_SOCKETS", "wss://relay.example/sip", "CALL_NUMBER", "acme:95000", "CALLS_A_MINUTE", "many"}} {
		if _, err := load(bad...); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

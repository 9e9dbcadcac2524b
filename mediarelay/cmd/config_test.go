package main

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// base is an environment as template.yaml makes it.
func base() map[string]string {
	return map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
		"TABLE": "t", "RECORDINGS_BUCKET": "b", "DATA_KEY_ARN": "arn:aws:kms:eu-central-1:1:key/x",
		"QUEUE_PREFIX": "https://sqs.eu-central-1.amazonaws.com/1/huawu-", "FUNCTION_PREFIX": "huawu-", "FUNCTION_ALIAS": "live",
		"RELAY_DATA": "/data", "RELAY_POOL": "4", "RELAY_RTP_PORTS": "20000-29999",
	}
}

func load(env map[string]string) (settings, error) {
	return loadConfig(func(name string) string { return env[name] })
}

func TestTheTemplatesEnvironmentIsEnough(t *testing.T) {
	s, err := load(base())
	if err != nil {
		t.Fatal(err)
	}
	c := s.relay
	if len(c.Pool) != 4 || c.Pool[3] != "relay-4" || c.Media.PortMax != 29999 || c.Listen.Port() != 5060 || c.Admin.Port() != 8080 ||
		c.DrainWait != 100*time.Second || c.Language != "zh-CN" || s.advertise == "" || c.Accounts != nil || s.level != slog.LevelInfo {
		t.Errorf("settings: %+v", s)
	}
}

func TestEverythingCanBeSet(t *testing.T) {
	env := base()
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, []byte(`[{"Tenant":"acme","User":"lin","Password":"p"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	maps.Copy(env, map[string]string{
		"RELAY_ID": "relay-9", "RELAY_LISTEN": "10.0.0.1:5070", "RELAY_ADMIN": "127.0.0.1:9", "RELAY_ADVERTISE": "203.0.113.7",
		"RELAY_TRUNKS":   `[{"id":"c","tenant":"acme","peers":["198.51.100.0/24"],"address":"sip.example.net"},{"id":"d","tenant":"acme","peers":["192.0.2.0/24"]}]`,
		"RELAY_ACCOUNTS": "@" + file, "RELAY_DOMAINS": "a.example, b.example", "RELAY_MAX_CALLS": "50", "RELAY_CPS": "5",
		"RELAY_DRAIN": "10s", "LOG_LEVEL": "debug", "ECS_AGENT_URI": "http://169.254.170.2/api/x", "RELAY_SPEECH": "none",
	})
	s, err := load(env)
	if err != nil {
		t.Fatal(err)
	}
	c := s.relay
	if c.ID != "relay-9" || c.Advertise.String() != "203.0.113.7" || s.advertise != "" || len(c.Domains) != 2 || c.Accounts == nil ||
		len(c.Tenants) != 1 || c.MaxCalls != 50 || c.CallsPerSecond != 5 || c.DrainWait != 10*time.Second || s.level != slog.LevelDebug {
		t.Errorf("settings: %+v", s)
	}
	if _, ok := c.Accounts.Account("lin", ""); !ok {
		t.Error("the account is not there")
	}
	if c.Browsers != nil {
		t.Error("browsers are served and nobody said so")
	}
}

func TestBrowsersAreServedWhereTheEnvironmentSaysSo(t *testing.T) {
	env := base()
	maps.Copy(env, map[string]string{"RELAY_SOCKETS": "0.0.0.0:8443", "RELAY_ORIGINS": "https://desk.example", "SIGN_KEY_ARN": "arn:aws:kms:eu-central-1:1:key/y",
		"TOKEN_ISSUER": "huawu", "TOKEN_AUDIENCE": "huawu-desk"})
	s, err := load(env)
	if err != nil {
		t.Fatal(err)
	}
	if b := s.relay.Browsers; b == nil || b.Sockets.Port() != 8443 || b.Media.Port() != 19000 || len(b.Origins) != 1 || s.issuer != "huawu" || s.audience != "huawu-desk" {
		t.Errorf("browsers %+v of %q, %q", b, s.issuer, s.audience)
	}
	env = base()
	maps.Copy(env, map[string]string{"RELAY_SOCKETS": "8443", "RELAY_BROWSERS": "x", "RELAY_ORIGINS": "desk.example"})
	_, err = load(env)
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"RELAY_SOCKETS", "RELAY_BROWSERS", "RELAY_ORIGINS", "SIGN_KEY_ARN", "TOKEN_ISSUER", "TOKEN_AUDIENCE"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%s", name, err)
		}
	}
}

func TestEveryFaultIsReportedAtOnceAndNoSecret(t *testing.T) {
	env := map[string]string{
		"RELAY_DATA": "data", "RELAY_POOL": "0", "RELAY_LISTEN": "5060", "RELAY_ADMIN": "x", "RELAY_ADVERTISE": "0.0.0.0", "RELAY_RTP_PORTS": "5-6",
		"RELAY_TRUNKS": `[{"password":"hunter2"`, "RELAY_ACCOUNTS": `[{"User":"lin","Password":"hunter2"}]`, "RELAY_MAX_CALLS": "many", "RELAY_CPS": "-1",
		"RELAY_DRAIN": "soon", "LOG_LEVEL": "loud", "RELAY_SPEECH": "loud",
	}
	_, err := load(env)
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	for _, name := range []string{
		"AWS_REGION", "TABLE", "RECORDINGS_BUCKET", "DATA_KEY_ARN", "QUEUE_PREFIX", "FUNCTION_PREFIX", "RELAY_DATA", "RELAY_POOL", "RELAY_LISTEN",
		"RELAY_ADMIN", "RELAY_ADVERTISE", "RELAY_RTP_PORTS", "RELAY_TRUNKS", "registrar: account", "RELAY_MAX_CALLS", "RELAY_CPS", "RELAY_DRAIN", "LOG_LEVEL", "RELAY_SPEECH",
	} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not named in:\n%s", name, text)
		}
	}
	if strings.Contains(text, "hunter2") {
		t.Error("a password is in the error")
	}
}

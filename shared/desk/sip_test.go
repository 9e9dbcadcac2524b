package desk

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/fault"
)

// clerk issues tickets with running numbers and remembers for whom.
type clerk struct {
	issued []auth.Ticket
	full   bool
}

func (c *clerk) Issue(_ context.Context, who auth.Ticket) (string, error) {
	if c.full {
		return "", fault.New(fault.Throttled, "too many tickets are open")
	}
	c.issued = append(c.issued, who)
	return fmt.Sprintf("t/%d", len(c.issued)), nil
}

func (c *clerk) last() auth.Ticket { return c.issued[len(c.issued)-1] }

// withSIP is a bench whose desk serves browsers.
func withSIP(t *testing.T, edit func(*SIP)) (*bench, *clerk) {
	t.Helper()
	c := &clerk{}
	b := newBenchWith(t, func(cfg *Config) {
		cfg.SIP = SIP{Tickets: c, Caller: &CallerPage{Tenant: "demo", Number: "95000", Allowance: login.Allowance{PerAddress: 3, Total: 4}}}
		if edit != nil {
			edit(&cfg.SIP)
		}
	})
	return b, c
}

func TestASoftphoneGetsATicketForItsSocket(t *testing.T) {
	b, c := withSIP(t, nil)
	got := b.want(201, b.token("demo", lin, auth.Agent), "POST", "/v1/sip/tickets", "")
	want := "map[ticket:t/1 uri:sip:sip@huawu url:wss://example.com/sip?ticket=t%2F1 user:sip]"
	if fmt.Sprint(got.body) != want || c.last() != (auth.Ticket{Tenant: "demo", User: "sip", Agent: lin}) {
		t.Errorf("%v for %+v", got.body, c.last())
	}
	got = b.want(409, b.token("demo", wu, auth.Agent), "POST", "/v1/sip/tickets", "")
	if !strings.Contains(fmt.Sprint(got.body["detail"]), "telephone") {
		t.Errorf("detail %v", got.body["detail"])
	}
	b.want(401, "", "POST", "/v1/sip/tickets", "")
	b.want(403, b.token("demo", root, auth.Admin), "POST", "/v1/sip/tickets", "")
	b.want(404, b.token("demo", "01938d2c-0000-7abc-8def-000000000009", auth.Agent), "POST", "/v1/sip/tickets", "")

	b, _ = withSIP(t, func(s *SIP) { s.Sockets = "wss://relay.example/sip" })
	got = b.want(201, b.token("demo", lin, auth.Agent), "POST", "/v1/sip/tickets", "")
	if u, err := url.Parse(got.body["url"].(string)); err != nil || u.Host != "relay.example" || u.Query().Get("ticket") != "t/1" {
		t.Errorf("url %v", got.body["url"])
	}
	b = newBench(t)
	b.want(404, b.token("demo", lin, auth.Agent), "POST", "/v1/sip/tickets", "")
}

func TestTheCallersPageGetsATicketForOneNumber(t *testing.T) {
	b, c := withSIP(t, nil)
	got := b.want(201, "", "POST", "/v1/call/tickets", `{"language":"en-US"}`)
	who := c.last()
	if who.Tenant != "demo" || who.Dials != "95000" || who.Language != "en-US" || who.Agent != "" || who.Number != "" || !strings.HasPrefix(who.User, "web-") {
		t.Errorf("ticket for %+v", who)
	}
	if got.body["target"] != "sip:95000@huawu" || got.body["user"] != who.User || got.body["uri"] != "sip:"+who.User+"@huawu" || got.body["url"] != "wss://example.com/sip?ticket=t%2F1" {
		t.Errorf("answer %v", got.body)
	}
	b.want(201, "", "POST", "/v1/call/tickets", "")
	if c.last().User == who.User {
		t.Error("two callers are one")
	}
	b.want(422, "", "POST", "/v1/call/tickets", `{"language":"<script>"}`)
	b.want(201, "", "POST", "/v1/call/tickets", `{}`)
	late := b.want(429, "", "POST", "/v1/call/tickets", `{}`)
	if late.Header.Get("Retry-After") != "60" || !strings.Contains(fmt.Sprint(late.body["detail"]), "60 seconds") {
		t.Errorf("%v %v", late.Header, late.body)
	}
	b.clock.Advance(time.Minute)
	b.want(201, "", "POST", "/v1/call/tickets", `{}`)
	c.full = true
	if late = b.want(429, "", "POST", "/v1/call/tickets", `{}`); late.Header.Get("Retry-After") == "" {
		t.Errorf("%v", late.Header)
	}
}

func TestTheCallersPageIsOffUnlessConfigured(t *testing.T) {
	b, _ := withSIP(t, func(s *SIP) { s.Caller = nil })
	b.want(404, "", "POST", "/v1/call/tickets", `{}`)
	b, _ = withSIP(t, func(s *SIP) { s.Tickets = nil })
	b.want(404, "", "POST", "/v1/call/tickets", `{}`)
}

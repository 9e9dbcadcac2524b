package desk

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud/localcloud"
)

const password = "k7m2-xq9d-p4ta-hs3w"

// people writes users of the demo tenant who may log in.
func (b *bench) people() {
	b.t.Helper()
	hash, err := login.Hash(rand.Reader, password)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, u := range map[string]login.User{"lin": {Agent: lin, Role: auth.Agent}, "boss": {Agent: boss, Role: auth.Supervisor}} {
		u.Tenant, u.Username, u.Hash, u.Since = "demo", name, hash, noon.Add(-time.Hour)
		w, err := u.Put()
		if err != nil {
			b.t.Fatal(err)
		}
		b.write(w)
	}
}

// browser keeps a cookie as a browser does.
type browser struct {
	*bench
	refresh *http.Cookie
	access  string
}

// post does a request to log-in from our own page.
func (b *browser) post(status int, verb, body string, headers ...string) answer {
	b.t.Helper()
	headers = append([]string{"Sec-Fetch-Site", "same-origin"}, headers...)
	if b.refresh != nil {
		headers = append(headers, "Cookie", "other=1; "+b.refresh.Name+"="+b.refresh.Value)
	}
	a := b.want(status, "", "POST", "/v1/auth/"+verb, body, headers...)
	for _, c := range a.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/v1/auth" || !c.Secure || c.Domain != "" || c.Name != "huawu-refresh" {
			b.t.Errorf("%s sets the cookie %s", verb, c)
		}
		if b.refresh = c; c.MaxAge < 0 {
			b.refresh = nil
		}
	}
	b.access, _ = a.body["accessToken"].(string)
	if b.access != "" && b.refresh != nil && strings.Contains(string(a.raw), b.refresh.Value) {
		b.t.Error("the refresh token is in the body, where scripts see it")
	}
	return a
}

func (b *browser) logIn(status int, name, with string) answer {
	b.t.Helper()
	return b.post(status, "login", fmt.Sprintf(`{"tenant":"demo","username":%q,"password":%q}`, name, with))
}

func TestADayAtTheDesk(t *testing.T) {
	b := &browser{bench: newBench(t)}
	b.people()
	a := b.logIn(200, "lin", password)
	if a.body["expiresIn"] != 600.0 || a.body["agentId"] != lin || a.body["tenant"] != "demo" || a.body["role"] != "agent" || a.body["sessionUntil"] != "2026-03-04T14:00:00Z" || b.refresh.MaxAge != 7200 {
		t.Errorf("log-in %s, cookie %s", a.raw, b.refresh)
	}
	first := b.access
	b.want(200, first, "GET", "/v1/agents/me", "")
	b.clock.Advance(9 * time.Minute)
	was := b.refresh.Value
	b.post(200, "refresh", "")
	if b.refresh.Value == was || b.access == first {
		t.Error("nothing is new")
	}
	b.clock.Advance(5 * time.Minute)
	b.want(401, first, "GET", "/v1/agents/me", "")
	b.want(200, b.access, "GET", "/v1/agents/me", "")
	last := b.refresh
	b.post(204, "logout", "")
	if b.refresh != nil {
		t.Error("the cookie is still there")
	}
	b.post(204, "logout", "") // again is no change
	b.post(401, "refresh", "")
	b.refresh = last // as one who kept it
	if a := b.post(401, "refresh", ""); a.Header.Get("WWW-Authenticate") != "Bearer" || b.refresh != nil {
		t.Errorf("after log-out %v", a.Header)
	}
	if a := b.logIn(200, "BOSS", password); a.body["role"] != "supervisor" {
		t.Errorf("log-in %s", a.raw)
	}
}

func TestOnOneMachineTheCookieNeedsNoTLS(t *testing.T) {
	b := newBench(t)
	d := Desk{local: true, now: b.clock.Now}
	if c := d.cookie("x", 1); c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %s", &c)
	}
}

func TestTwoBrowsersOfOneAgent(t *testing.T) {
	here := &browser{bench: newBench(t)}
	here.people()
	there := &browser{bench: here.bench}
	here.logIn(200, "lin", password)
	there.logIn(200, "lin", password)
	if here.refresh.Value == there.refresh.Value {
		t.Error("one session for both")
	}
	stolen := *here.refresh
	here.post(200, "refresh", "")
	here.clock.Advance(time.Minute)
	thief := &browser{bench: here.bench, refresh: &stolen}
	thief.post(401, "refresh", "")
	here.post(401, "refresh", "") // its session is over, too
	there.post(200, "refresh", "")
}

func TestTenWrongPasswordsAtTheDesk(t *testing.T) {
	b := &browser{bench: newBench(t)}
	b.people()
	for n := range 10 {
		if n < 5 {
			a, x := b.logIn(401, "lin", "wrong"), b.logIn(401, "nemo", "wrong")
			if string(a.raw) != string(x.raw) || fmt.Sprint(a.Header) != fmt.Sprint(x.Header) || a.body["detail"] != "the name or the password is wrong" {
				t.Errorf("a known name %s %v, an unknown one %s %v", a.raw, a.Header, x.raw, x.Header)
			}
			continue
		}
		a, x := b.logIn(429, "lin", "wrong"), b.logIn(429, "nemo", "wrong")
		if a.Header.Get("Retry-After") != "30" || string(a.raw) != string(x.raw) {
			t.Errorf("a known name %s %v, an unknown one %s", a.raw, a.Header, x.raw)
		}
	}
	b.logIn(429, "lin", password)
	b.logIn(200, "boss", password) // a colleague at the same address
	b.clock.Advance(30 * time.Second)
	b.logIn(200, "lin", password)
}

func TestAWrongLogInDoesNotEchoThePassword(t *testing.T) {
	b := newBench(t)
	b.people()
	const typed = "my-only-password"
	for body, status := range map[string]int{
		`{"tenant":"demo","username":"lin","password":"` + typed + `"}`:                                    401,
		`{"tenant":"demo","username":"` + typed + `","password":"lin"}`:                                    401,
		`{"tenant":"demo","username":"lin","password":"` + strings.Repeat(typed, 20) + `"}`:                422,
		`{"tenant":"demo","username":"lin","password":"` + typed + `","x":"` + typed + `"}`:                422,
		`{"tenant":"demo","username":"lin","passwort":"` + typed + `"}`:                                    422,
		`{"tenant":"demo","username":"lin","password":["` + typed + `"]}`:                                  422,
		`{"tenant":"demo","username":"lin","password":"` + typed + `"`:                                     400,
		`{"tenant":"demo","username":"lin","password":"` + strings.Repeat(typed, maxBody/len(typed)) + `"`: 413,
	} {
		if a := b.want(status, "", "POST", "/v1/auth/login", body); strings.Contains(string(a.raw), typed) {
			t.Errorf("%d: %s", status, a.raw)
		}
	}
	if strings.Contains(b.log.String(), typed) {
		t.Errorf("logged %s", b.log)
	}
}

func TestLogInIsNotForOtherSites(t *testing.T) {
	b := newBench(t)
	b.people()
	body := `{"tenant":"demo","username":"lin","password":"` + password + `"}`
	for _, tt := range []struct {
		name, header, value string
		status              int
	}{
		{"our own page", "Sec-Fetch-Site", "same-origin", 200},
		{"typed by hand", "Sec-Fetch-Site", "none", 200},
		{"a program", "User-Agent", "curl", 200},
		{"an older browser on our own page", "Origin", "https://example.com", 200}, // httptest's host
		{"another site", "Sec-Fetch-Site", "cross-site", 403},
		{"another host of the same site", "Sec-Fetch-Site", "same-site", 403},
		{"an older browser on another site", "Origin", "https://evil.example", 403},
		{"a sandboxed page", "Origin", "null", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.want(tt.status, "", "POST", "/v1/auth/login", body, tt.header, tt.value)
		})
	}
	b.want(403, "", "POST", "/v1/auth/logout", "", "Sec-Fetch-Site", "cross-site")
}

func TestLogInWithoutTheTable(t *testing.T) {
	b := newBench(t)
	b.people()
	b.cloud.SetFaults(localcloud.Faults{Each: func(localcloud.Call) localcloud.Verdict { return localcloud.Down }})
	if a := b.want(503, "", "POST", "/v1/auth/login", `{"tenant":"demo","username":"lin","password":"`+password+`"}`); a.Header.Get("Retry-After") == "" || strings.Contains(b.log.String(), "k7m2") {
		t.Errorf("%v %s", a.Header, b.log)
	}
}

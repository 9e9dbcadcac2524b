package onebox

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
)

// start runs a demo centre until stop is called.
func start(t *testing.T, dir string, log *slog.Logger) (b *Box, stop func()) {
	t.Helper()
	free := netip.MustParseAddrPort("127.0.0.1:0")
	b, err := Start(t.Context(), Config{Data: dir, HTTP: free, SIP: free, Admin: free, Fast: true, Demo: true, DrainWait: time.Millisecond, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	return b, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// logIn logs one in over HTTP, as a browser would.
func logIn(t *testing.T, in Info, name, password string) (*http.Response, map[string]any) {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"tenant": in.Tenant, "username": name, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.URL+"/v1/auth/login", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", in.URL)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return r, body
}

func TestTheDemoPeopleLogInByWhatIsPrinted(t *testing.T) {
	dir := t.TempDir()
	var lines bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, stop := start(t, dir, log)
	first, err := ReadInfo(dir)
	if err != nil || len(first.Agents) != 4 {
		t.Fatalf("%+v, %v", first, err)
	}
	for _, a := range first.Agents {
		r, body := logIn(t, first, a.Username, a.DeskPassword)
		c := r.Cookies()
		if r.StatusCode != 200 || body["role"] != a.Role || body["agentId"] != a.ID || len(c) != 1 || c[0].Secure || !c[0].HttpOnly {
			t.Errorf("%s: %s %v %v", a.Username, r.Status, body["detail"], c)
		}
		if r, _ := logIn(t, first, a.Username, a.Password); r.StatusCode != 401 {
			t.Errorf("%s by the phone's password: %s", a.Username, r.Status)
		}
	}
	stop()
	for _, name := range []string{"logins.json", "phones.json"} {
		if s, err := os.Stat(filepath.Join(dir, name)); err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	for _, a := range first.Agents {
		if strings.Contains(lines.String(), a.DeskPassword) || strings.Contains(lines.String(), a.Password) {
			t.Error("a password is in the log")
		}
	}
	// Lost and found: a file that is gone gives new passwords, which are true; the rest is kept.
	if err := os.Remove(filepath.Join(dir, "logins.json")); err != nil {
		t.Fatal(err)
	}
	b, stop := start(t, dir, log)
	defer stop()
	for n, a := range b.Info().Agents {
		if a.Password != first.Agents[n].Password || a.DeskPassword == first.Agents[n].DeskPassword {
			t.Errorf("%s: passwords %+v, before %+v", a.Username, a, first.Agents[n])
		}
	}
	if r, _ := logIn(t, b.Info(), "chen", b.Info().Agents[3].DeskPassword); r.StatusCode != 200 {
		t.Errorf("by the new password: %s", r.Status)
	}
	if r, _ := logIn(t, b.Info(), "chen", first.Agents[3].DeskPassword); r.StatusCode != 401 {
		t.Errorf("by the old password: %s", r.Status)
	}
}

func TestPasswordsAreKeptAndTheMissingAreAdded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(file, []byte(`{"lin":"kept"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	one, err := keep(file, phonePassword)
	if err != nil || one["lin"] != "kept" || len(one["wu"]) != 12 || one["wu"] == one["chen"] {
		t.Fatalf("%v, %v", one, err)
	}
	two, err := keep(file, loginPassword)
	if err != nil || two["wu"] != one["wu"] || two["chen"] != one["chen"] {
		t.Errorf("%v, then %v, %v", one, two, err)
	}
	if err := os.WriteFile(file, []byte(`{"lin":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keep(file, phonePassword); fault.KindOf(err) != fault.Invalid {
		t.Errorf("half a file: %v", err)
	}
}

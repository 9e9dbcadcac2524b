package crm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"huawu/shared/fault"
)

// names resolves what an attacker's name server would answer.
func names(t *testing.T) func(context.Context, string, string) ([]netip.Addr, error) {
	zone := map[string]string{
		"public.example": "93.184.215.14", "public6.example": "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
		"private.example": "10.1.2.3", "loop.example": "127.0.0.1", "loop6.example": "::1", "mapped.example": "::ffff:127.0.0.1",
		"meta.example": "169.254.169.254", "mixed.example": "93.184.215.14 10.0.0.1", "mixed6.example": "2606:4700::1 fd00::1",
		"127.0.0.1.nip.example": "127.0.0.1", "ecs.example": "169.254.170.2", "azure.example": "168.63.129.16", "alibaba.example": "100.100.100.200",
		"nat64.example": "64:ff9b::7f00:1", "six2four.example": "2002:7f00:1::", "teredo.example": "2001:0:7f00:1::", "ula.example": "fd00:ec2::254",
		"localhost": "127.0.0.1", "localtest.me": "127.0.0.1", "zero.example": "0.0.0.0", "broadcast.example": "255.255.255.255", "multicast.example": "224.0.0.1",
		"metadata.google.internal": "169.254.169.254", "empty.example": "",
	}
	return func(_ context.Context, _, host string) ([]netip.Addr, error) {
		list, ok := zone[strings.TrimSuffix(strings.ToLower(host), ".")]
		if !ok {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		var out []netip.Addr
		for a := range strings.FieldsSeq(list) {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

// hostile lists URLs of which none may reach anything.
var hostile = []string{
	// Not an https URL of a host.
	"", "x", "//public.example/", "http://public.example/", "ftp://public.example/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_", "data:text/plain,x",
	"javascript:alert(1)", "https:", "https://", "https:///path", "https://:443/", "https:public.example", "unix:///var/run/docker.sock", "https://user:pass@public.example/",
	"https://public.example@127.0.0.1/", "https://127.0.0.1#@public.example/", "https://public.example/#frag", "https://public.example:0/", "https://public.example:99999/",
	"https://public.example:/", "https://public.example:443x/", "https://public.example\r\nHost: x/", "https://pub lic.example/", "https://public.example\\@127.0.0.1/",
	"HTTPS://%31%32%37.0.0.1/", "https://" + strings.Repeat("a", 3000) + ".example/", "https://-a.example/", "https://a..example/", "https://ⓛocalhost/", "https://①②⑦.⓪.⓪.①/",
	// Addresses of this machine, written in every way.
	"https://127.0.0.1/", "https://127.0.0.1:8443/", "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0x0.0x0.0x1/",
	"https://0177.0.0.1/", "https://017700000001/", "https://0/", "https://0.0.0.0/", "https://127.255.255.254/", "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/",
	"https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://localhost/", "https://LOCALHOST/", "https://localhost./",
	// Private, link-local, shared, reserved.
	"https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/", "https://100.64.0.1/", "https://169.254.1.1/", "https://192.0.0.1/", "https://192.0.2.1/",
	"https://198.18.0.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://224.0.0.1/", "https://240.0.0.1/", "https://255.255.255.255/", "https://192.88.99.1/",
	"https://[fd00::1]/", "https://[fc00::1]/", "https://[fe80::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/",
	"https://[2001:0:a00:1::]/", "https://[100::1]/", "https://[3fff::1]/", "https://[5f00::1]/", "https://[64:ff9b:1::1]/",
	// Metadata services.
	"https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://169.254.170.2/v2/credentials/", "https://100.100.100.200/", "https://168.63.129.16/", "https://metadata.google.internal/",
	"https://0xa9fea9fe/", "https://2852039166/", "https://[::ffff:169.254.169.254]/",
	// Names that lead there.
	"https://private.example/", "https://loop.example/", "https://loop6.example/", "https://mapped.example/", "https://meta.example/", "https://mixed.example/", "https://mixed6.example/",
	"https://127.0.0.1.nip.example/", "https://ecs.example/", "https://azure.example/", "https://alibaba.example/", "https://nat64.example/", "https://six2four.example/", "https://teredo.example/",
	"https://ula.example/", "https://localtest.me/", "https://zero.example/", "https://broadcast.example/", "https://multicast.example/", "https://empty.example/", "https://nowhere.example/",
	"https://private.example./", "https://PRIVATE.example/",
}

func TestNoHostileURLReachesAnything(t *testing.T) {
	if len(hostile) < 60 {
		t.Fatalf("only %d URLs", len(hostile))
	}
	g := Guard{Lookup: names(t)}
	client := NewClient(g)
	var dialled atomic.Int32
	guarded := client.Transport.(*http.Transport).DialContext
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err == nil {
			if _, err := g.resolve(ctx, host); err == nil {
				dialled.Add(1) // it would have gone through
				return nil, errors.New("reached")
			}
		}
		return guarded(ctx, network, addr)
	}
	for _, raw := range hostile {
		u, err := g.CheckURL(raw)
		if err == nil {
			var res *http.Response
			if res, err = client.Post(u.String(), "application/json", strings.NewReader("{}")); err == nil {
				res.Body.Close()
			}
		}
		if err == nil {
			t.Errorf("%s was reached", raw)
		}
		// Without the check of the URL, the dialler stands alone.
		if host, ok := hostOf(raw); ok {
			if _, err := g.dial(t.Context(), "tcp", net.JoinHostPort(host, "443")); err == nil {
				t.Errorf("%s: dialled", raw)
			} else if k := fault.KindOf(err); k != fault.Forbidden && k != fault.Unavailable {
				t.Errorf("%s: dial says %v", raw, err)
			}
		}
	}
	if dialled.Load() != 0 {
		t.Errorf("%d connections would have been made", dialled.Load())
	}
}

// hostOf takes the host of a URL as a lenient parser would, where the URL itself
// is one that may be tried.
func hostOf(raw string) (string, bool) {
	_, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.Contains(raw, "public") {
		return "", false
	}
	host, _, _ := strings.Cut(rest, "/")
	host = strings.Trim(strings.TrimSuffix(host, ":8443"), "[]")
	return host, host != ""
}

func TestPublicURLsMayBeReached(t *testing.T) {
	g := Guard{Lookup: names(t)}
	for _, raw := range []string{"https://public.example/", "https://public6.example/hook?a=b", "https://public.example:8443/x", "https://93.184.215.14/", "https://[2606:4700::1111]/"} {
		u, err := g.CheckURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if _, err := g.resolve(t.Context(), u.Hostname()); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestANameThatChangesItsMindIsCheckedEachTime(t *testing.T) {
	calls := 0
	g := Guard{Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		calls++
		if calls == 1 {
			return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}
	if _, err := g.resolve(t.Context(), "rebind.example"); err != nil {
		t.Fatal(err)
	}
	// Between the check and the connection nothing is resolved again, and a new
	// connection is checked anew.
	if _, err := g.dial(t.Context(), "tcp", "rebind.example:443"); !errors.Is(err, ErrTarget) || calls != 2 {
		t.Errorf("dial after %d look-ups: %v", calls, err)
	}
}

func TestLoopbackOnlyWhereItIsAllowed(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	local := Guard{AllowLoopback: true}
	if _, err := local.CheckURL(srv.URL); err != nil {
		t.Errorf("allowed: %v", err)
	}
	res, err := NewClient(local).Post(srv.URL, "application/json", nil)
	if err != nil || !reached {
		t.Fatalf("allowed, but %v", err)
	}
	res.Body.Close()
	for _, raw := range []string{"http://10.0.0.1/", "http://public.example/", "https://192.168.0.1/", "https://[fd00::1]/", "http://169.254.169.254/"} {
		if _, err := local.CheckURL(raw); err == nil {
			t.Errorf("%s is allowed in local mode", raw)
		}
	}
	if _, err := (Guard{}).CheckURL(srv.URL); err == nil {
		t.Error("loopback is allowed by default")
	}
	if _, err := NewClient(Guard{}).Post(srv.URL, "application/json", nil); !errors.Is(err, ErrTarget) {
		t.Errorf("the dialler allows loopback by default: %v", err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("https://public.example/x")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := Guard{}.CheckURL(raw)
		if err != nil {
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Host == "" {
			t.Fatalf("%q is allowed as %v", raw, u)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()) {
			t.Fatalf("%q is allowed", raw)
		}
	})
}

package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// built is what make web leaves.
func built() fstest.MapFS {
	long := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: bytes.Repeat([]byte(s), 100)} }
	return fstest.MapFS{
		".keep": {}, ".vite/manifest.json": long("{}"),
		"index.html": long("desk "), "call.html": long("call "), "favicon.svg": long("<svg>"), "odd.bin": long("odd "),
		"assets/main-1a2b.js": long("main "), "assets/main-1a2b.js.br": {Data: []byte("br")}, "assets/main-1a2b.js.gz": {Data: []byte("gz")},
		"assets/big-1.css": {Data: []byte("b")}, "assets/big-1.css.gz": long("larger than before "),
	}
}

func get(h http.Handler, method, path string, headers ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, path, nil)
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	raw, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(raw)
}

func TestWhichFileAnswersWhichPath(t *testing.T) {
	h := handler(built(), Config{})
	tests := []struct {
		name, path string
		status     int
		begins     string
		kind       string
	}{
		{"the first page", "/", 200, "desk ", "text/html; charset=utf-8"},
		{"a page's own path", "/login", 200, "desk ", "text/html; charset=utf-8"},
		{"a deeper one", "/floor/queues/1", 200, "desk ", "text/html; charset=utf-8"},
		{"the caller's page", "/call", 200, "call ", "text/html; charset=utf-8"},
		{"below it", "/call/en", 200, "call ", "text/html; charset=utf-8"},
		{"a bundle", "/assets/main-1a2b.js", 200, "main ", "text/javascript; charset=utf-8"},
		{"a picture", "/favicon.svg", 200, "<svg>", "image/svg+xml"},
		{"a file of unknown kind", "/odd.bin", 200, "odd ", "application/octet-stream"},
		{"a bundle of an older version", "/assets/main-0000.js", 404, "", ""},
		{"no file", "/robots.txt", 404, "", ""},
		{"a folder", "/assets/", 404, "", ""},
		{"the API", "/v1/nothing", 404, "", ""},
		{"the socket of SIP", "/sip", 404, "", ""},
		{"the socket of live updates", "/live", 404, "", ""},
		{"what is not for browsers", "/.vite/manifest.json", 404, "", ""},
		{"a packed form by its name", "/assets/main-1a2b.js.br", 404, "", ""},
		{"a way out", "/../../etc/passwd", 200, "desk ", "text/html; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, body := get(h, "GET", tt.path)
			if r.StatusCode != tt.status || !strings.HasPrefix(body, tt.begins) || tt.kind != "" && r.Header.Get("Content-Type") != tt.kind {
				t.Errorf("%s %q: %.30s", r.Status, r.Header.Get("Content-Type"), body)
			}
		})
	}
	if r, _ := get(h, "POST", "/"); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %s", r.Status)
	}
}

func TestHowABrowserGetsAndKeepsAFile(t *testing.T) {
	h := handler(built(), Config{})
	js := "/assets/main-1a2b.js"
	tests := []struct {
		name, path, accept, encoding, body, cache string
	}{
		{"the smallest form", js, "gzip, deflate, br, zstd", "br", "br", "public, max-age=31536000, immutable"},
		{"an older browser", js, "gzip", "gzip", "gz", "public, max-age=31536000, immutable"},
		{"one that refuses", js, "br;q=0, gzip;q=0.5", "gzip", "gz", "public, max-age=31536000, immutable"},
		{"a form larger than the file", "/assets/big-1.css", "gzip", "", "b", "public, max-age=31536000, immutable"},
		{"a page", "/desk", "br", "", strings.Repeat("desk ", 100), "no-cache"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, body := get(h, "GET", tt.path, "Accept-Encoding", tt.accept)
			if r.Header.Get("Content-Encoding") != tt.encoding || body != tt.body || r.Header.Get("Cache-Control") != tt.cache || r.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%v %.20q", r.Header, body)
			}
			again, body := get(h, "GET", tt.path, "Accept-Encoding", tt.accept, "If-None-Match", r.Header.Get("ETag"))
			if again.StatusCode != 304 || body != "" {
				t.Errorf("again: %s %.20q", again.Status, body)
			}
		})
	}
	if r, _ := get(h, "GET", js, "Accept-Encoding", "br", "Range", "bytes=1-1"); r.StatusCode != 200 {
		t.Errorf("a part of a packed file: %s", r.Status)
	}
}

func TestWhatAPageMayLoad(t *testing.T) {
	h := handler(built(), Config{Connect: []string{"wss://relay.example"}})
	r, _ := get(h, "GET", "/")
	csp := r.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'self'", "connect-src 'self' ws://example.com wss://example.com wss://relay.example"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%s lacks %s", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", r.Header)
	}
	odd := httptest.NewRequest("GET", "/", nil)
	odd.Host = "x; script-src *"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, odd)
	if strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src *") {
		t.Error("a host changes the policy")
	}
}

func TestWithoutBundlesAPageSaysHowTheyAreBuilt(t *testing.T) {
	h := handler(fstest.MapFS{".keep": {}}, Config{})
	for _, path := range []string{"/", "/call", "/desk"} {
		if r, body := get(h, "GET", path); r.StatusCode != 503 || !strings.Contains(body, "make web") {
			t.Errorf("%s: %s %.60s", path, r.Status, body)
		}
	}
	r, body := get(Handler(Config{}), "GET", "/")
	if want := map[bool]int{true: 200, false: 503}[Built()]; r.StatusCode != want {
		t.Errorf("of this program: %s %.60s", r.Status, body)
	}
}

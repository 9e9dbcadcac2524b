// Package web is the desk in the browser, as it is served: it decides which file
// answers which path, how long a browser may keep it, and what a page may load.
// What the pages do is in src/, built by make web into dist/; the API and the
// sockets that they use are served by others, who get their paths first.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Config says how the pages are served.
type Config struct {
	// Connect lists other places that pages may connect to, such as the relay's
	// "wss://relay.example". Their own host they always may.
	Connect []string
}

// policy is the Content-Security-Policy of every page, but for what it may
// connect to: nothing comes from elsewhere, and nothing is run from a text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; connect-src 'self'"

// site serves a folder of bundles.
type site struct {
	files map[string]*file // by path without the leading slash
	cfg   Config
}

// file is one file with the forms that a browser may take it in.
type file struct {
	kind  string // Content-Type
	tag   string // ETag, without its quotes
	plain []byte
	forms map[string][]byte // by Content-Encoding: br, gzip
	fixed bool              // its name changes with its content
}

// Handler serves the pages that were built into the program. Without bundles
// each page says how they are built.
func Handler(c Config) http.Handler {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is named a line above
	}
	return handler(built, c)
}

// Built reports whether bundles were built into the program.
func Built() bool {
	_, err := dist.ReadFile("dist/index.html")
	return err == nil
}

func handler(from fs.FS, c Config) http.Handler {
	s := &site{files: map[string]*file{}, cfg: c}
	_ = fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() || hidden(name) {
			return nil
		}
		if base := strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".gz"); base == name {
			s.add(from, name)
		}
		return nil
	})
	return s
}

// hidden reports whether a file is not for browsers: .keep, .vite/manifest.json.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

func (s *site) add(from fs.FS, name string) {
	plain, err := fs.ReadFile(from, name)
	if err != nil {
		return // it is in the program: it can be read
	}
	sum := sha256.Sum256(plain)
	f := &file{kind: kinds()[path.Ext(name)], tag: hex.EncodeToString(sum[:12]), plain: plain, forms: map[string][]byte{}, fixed: strings.HasPrefix(name, "assets/")}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	for form, ext := range map[string]string{"br": ".br", "gzip": ".gz"} {
		if raw, err := fs.ReadFile(from, name+ext); err == nil && len(raw) < len(plain) {
			f.forms[form] = raw
		}
	}
	s.files[name] = f
}

// kinds are the types of files by their extension: ours, not the machine's.
func kinds() map[string]string {
	return map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".json": "application/json", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
		".woff2": "font/woff2", ".wav": "audio/wav", ".mp3": "audio/mpeg", ".wasm": "application/wasm", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
	}
}

// ServeHTTP answers with a file, or with the page of a path that names none:
// what a page shows at its paths is its own business.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.protect(w, r)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f := s.files[name]
	switch {
	case f == nil && (path.Ext(name) != "" || taken(name)):
		http.NotFound(w, r)
		return
	case f == nil:
		f = s.page(name)
	}
	if f == nil {
		unbuilt(w)
		return
	}
	s.serve(w, r, f)
}

// taken reports whether a path belongs to the API or a socket. Where nobody
// serves it, it is not there: a program must not get a page for an answer.
func taken(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "v1", "sip", "live", "healthz", "demo", "assets":
		return true
	}
	return false
}

// page is the page of a path: call.html below /call, else index.html.
func (s *site) page(name string) *file {
	first, _, _ := strings.Cut(name, "/")
	if f := s.files[first+".html"]; f != nil {
		return f
	}
	return s.files["index.html"]
}

// protect sets the headers that hold for all answers.
func (s *site) protect(w http.ResponseWriter, r *http.Request) {
	own := ""
	if host := r.Host; host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]") == "" {
		own = " wss://" + host
		if r.TLS == nil {
			own = " ws://" + host + own // older browsers do not take 'self' for sockets
		}
	}
	for _, c := range s.cfg.Connect {
		own += " " + c
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy+own)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// serve writes a file in the best form that the browser takes. A file whose name
// changes with its content may be kept for ever; any other is asked for again
// each time, and answered 304 if it is the same.
func (s *site) serve(w http.ResponseWriter, r *http.Request, f *file) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if f.fixed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := f.plain, f.tag
	for _, form := range []string{"br", "gzip"} {
		if raw := f.forms[form]; raw != nil && accepts(r, form) {
			body, tag = raw, f.tag+"-"+form
			h.Set("Content-Encoding", form)
			break
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	if h.Get("Content-Encoding") != "" { // a part of a packed file is of no use
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// accepts reports whether a browser takes a Content-Encoding (RFC 9110 §12.5.3).
func accepts(r *http.Request, form string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), form) {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return err != nil || q > 0
	}
	return false
}

// unbuilt says how the pages are built.
func unbuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Huawu 话务</title></head>
<body><h1>The web desk is not built · 网页坐席尚未构建</h1>
<p>Run <code>make web</code> (needs Node), then start the centre again: <code>make run</code> does both.</p>
<p lang="zh-CN">请运行 <code>make web</code>（需要 Node），然后重新启动；<code>make run</code> 会一并完成。</p>
<p>The API is here: <a href="/openapi.json">/openapi.json</a></p></body></html>
`))
}

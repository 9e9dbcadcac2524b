// Package desk is the REST edge over the domain: what an agent's desk asks for
// and does. It decides who may call what, how things look from outside and how
// errors are told (RFC 9457); routing is decided by acd, what a recording is by
// recording, what may be seen in full by auth, who gets in by auth/login.
//
// Its description is OpenAPI 3.1 at /openapi.json. A request names a contact or
// recording, never a tenant: that comes from the token and stands in every key.
package desk

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/live/view"
	"huawu/shared/recording"
)

// Version is the version of the API as its description tells it.
const Version = "1"

// maxBody bounds a request's body in bytes; the largest is a note.
const maxBody = 16 << 10

// maxAudio is the most bytes of audio in one answer: with base64 around them
// they still fit the 6 MB that a function may return.
const maxAudio = 4 << 20

// Desk serves the API.
type Desk struct {
	table      cloud.Table
	router     *acd.Router
	lists      event.Lists
	recordings recording.Store
	tokens     *auth.Tokens
	login      *login.Service
	views      *view.Views
	places     *acd.Places
	live       Live
	sip        SIP
	local      bool
	instance   contact.Instance
	now        func() time.Time
	log        *slog.Logger
}

// Config is what a desk works with.
type Config struct {
	Table    cloud.Table
	Blobs    cloud.Blobs
	Keys     cloud.Keys
	Router   *acd.Router
	Tokens   *auth.Tokens
	Login    *login.Service
	SIP      SIP
	Live     Live
	Local    bool // served without TLS, on this machine: cookies travel so
	Instance contact.Instance
	Now      func() time.Time
	Log      *slog.Logger
}

// New returns the handler of the API.
func New(c Config) http.Handler {
	d := &Desk{table: c.Table, router: c.Router, lists: event.Lists{Table: c.Table}, recordings: recording.Store{Table: c.Table, Blobs: c.Blobs, Keys: c.Keys},
		tokens: c.Tokens, login: c.Login, views: view.New(c.Table, c.Router, c.Now), places: acd.NewPlaces(c.Router, rand.Reader), live: c.Live, sip: c.SIP, local: c.Local, instance: c.Instance, now: c.Now, log: c.Log}
	mux := http.NewServeMux()
	api := humago.New(mux, description())
	api.UseMiddleware(d.identify(api))
	d.registerHealth(api)
	d.registerLogin(api)
	d.registerMe(api)
	d.registerSIP(api)
	d.registerPlaces(api)
	d.registerBroadcast(api)
	d.registerCommands(api)
	d.registerCalls(api)
	d.registerTransfer(api)
	d.registerConsult(api)
	d.registerSupervise(api)
	d.registerContacts(api)
	d.registerWhy(api)
	d.registerQuality(api)
	d.registerLive(api)
	d.registerAudio(api)
	d.registerFlows(api)
	d.registerRouting(api)
	d.registerAgents(api)
	mux.Handle("/", unknown(mux))
	return d.guard(sameSite(mux))
}

func description() huma.Config {
	c := huma.DefaultConfig("Huawu desk", Version)
	c.CreateHooks = nil // no $schema in answers
	c.DocsPath, c.SchemasPath = "", ""
	c.RejectUnknownQueryParameters = true
	c.Transformers = append(c.Transformers, withoutValues)
	c.Info.Description = "What an agent's desk asks for and does. Errors are RFC 9457 problems that name the field."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{schemeBearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"}}
	return c
}

// guard is around every request: headers that hold for all answers, and a panic
// becomes a problem and a log line.
func (d *Desk) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		defer func() {
			if p := recover(); p != nil {
				d.log.ErrorContext(r.Context(), "panic", "method", r.Method, "panic", p, "stack", string(debug.Stack()))
				writeProblem(w, http.StatusInternalServerError, "")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// unknown answers what no operation is for: 405 where the path is known, else 404.
func unknown(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			probe := *r
			probe.Method = method
			if _, pattern := mux.Handler(&probe); pattern != "/" && !strings.HasSuffix(pattern, " /") {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			writeProblem(w, http.StatusMethodNotAllowed, "")
			return
		}
		writeProblem(w, http.StatusNotFound, "no such path")
	})
}

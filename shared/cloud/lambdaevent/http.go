package lambdaevent

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

// HTTPFunction is a function behind an HTTP API with payload format 2.0.
type HTTPFunction func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// MaxResponse is the largest answer a function may return: 6 MB of JSON.
const MaxResponse = 6 << 20

// HTTP makes a function of an http.Handler. The whole answer is gathered before
// it leaves, so a handler cannot stream. Bodies that are not UTF-8 text, or are
// compressed, leave as base64. An answer larger than MaxResponse becomes 500.
func HTTP(h http.Handler) HTTPFunction {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		r, err := ToRequest(ctx, e)
		if err != nil {
			slog.WarnContext(ctx, "request refused", "kind", string(fault.KindOf(err)), "error", err.Error())
			return plain(http.StatusBadRequest), nil
		}
		w := &answer{header: http.Header{}}
		h.ServeHTTP(w, r)
		out := w.response()
		if len(out.Body) > MaxResponse {
			slog.ErrorContext(ctx, "answer too large", "bytes", len(out.Body), "route", e.RouteKey)
			return plain(http.StatusInternalServerError), nil
		}
		return out, nil
	}
}

type requestKey struct{}

// RequestContext returns what the API told of a request that ToRequest made:
// its id, the caller's address, and the claims that the authorizer has checked.
func RequestContext(ctx context.Context) (events.APIGatewayV2HTTPRequestContext, bool) {
	rc, ok := ctx.Value(requestKey{}).(events.APIGatewayV2HTTPRequestContext)
	return rc, ok
}

// ToRequest returns the request that an event carries.
func ToRequest(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "body")
		}
	}
	rc := e.RequestContext
	r, err := http.NewRequestWithContext(context.WithValue(ctx, requestKey{}, rc), rc.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "method")
	}
	r.URL = target(e)
	for name, v := range e.Headers {
		r.Header.Set(name, v)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Host = rc.DomainName
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = net.JoinHostPort(rc.HTTP.SourceIP, "0")
	return r, nil
}

// target is the URL without the stage, which the API puts before the path
// unless the stage is $default.
func target(e events.APIGatewayV2HTTPRequest) *url.URL {
	raw := e.RawPath
	if stage := e.RequestContext.Stage; stage != "" && stage != "$default" {
		if rest, ok := strings.CutPrefix(raw, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			raw = rest
		}
	}
	if !strings.HasPrefix(raw, "/") {
		raw = "/" + raw
	}
	u := &url.URL{Path: raw, RawQuery: e.RawQueryString}
	if path, err := url.PathUnescape(raw); err == nil {
		u.Path, u.RawPath = path, raw
	}
	return u
}

// answer gathers what a handler writes.
type answer struct {
	header http.Header
	sent   http.Header // as it stood when the status was written
	status int
	body   bytes.Buffer
}

// Header returns the headers to be sent.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader fixes status and headers; only the first final status counts.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // 1xx are hints that this way cannot carry
		a.status, a.sent = status, a.header.Clone()
	}
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		if a.header.Get("Content-Type") == "" {
			a.header.Set("Content-Type", http.DetectContentType(p))
		}
		a.WriteHeader(http.StatusOK)
	}
	return a.body.Write(p)
}

func (a *answer) response() events.APIGatewayV2HTTPResponse {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	out := events.APIGatewayV2HTTPResponse{StatusCode: a.status, Headers: map[string]string{}}
	for name, values := range a.sent {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if isText(a.sent) && utf8.Valid(a.body.Bytes()) {
		out.Body = a.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(a.body.Bytes()), true
	}
	return out
}

// isText says whether a body with these headers travels as it is: what HTTP
// APIs hand on as text, and every other body as base64.
func isText(h http.Header) bool {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return false
	}
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch t {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")
}

// plain is an answer of this package's own, in the words of API Gateway.
func plain(status int) events.APIGatewayV2HTTPResponse {
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: map[string]string{"content-type": "application/json"},
		Body: `{"message":"` + http.StatusText(status) + `"}`}
}

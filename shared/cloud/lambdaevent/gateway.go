package lambdaevent

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"huawu/shared/fault"
)

// The limits of an HTTP API, which a local one keeps so that nothing works on a
// laptop that fails on AWS.
const (
	MaxRequest  = 10 << 20 // bytes of a request's body
	HTTPTimeout = 30 * time.Second
)

// Gateway is an HTTP API for one function on this machine: every request
// becomes the event that API Gateway would make of it. Whoever serves it adds
// routes around it. An error of f is 500, no answer in time 503, as there.
func Gateway(f HTTPFunction) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), HTTPTimeout)
		defer cancel()
		e, err := ToEvent(r, time.Now())
		if err != nil {
			WriteResponse(w, plain(bodyStatus(err)))
			return
		}
		out, err := f(ctx, e)
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			out = plain(http.StatusServiceUnavailable)
		case err != nil:
			slog.ErrorContext(ctx, "function failed", "request", e.RequestContext.RequestID, "kind", string(fault.KindOf(err)), "error", err.Error())
			out = plain(http.StatusInternalServerError)
		}
		WriteResponse(w, out)
	})
}

func bodyStatus(err error) int {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// ToEvent returns the event of a request that came at time now.
func ToEvent(r *http.Request, now time.Time) (events.APIGatewayV2HTTPRequest, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxRequest)); err != nil {
			return events.APIGatewayV2HTTPRequest{}, fault.Wrap(fault.Invalid, err, "read body")
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return events.APIGatewayV2HTTPRequest{}, fault.Wrap(fault.Internal, err, "request id")
	}
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	host, _, _ := strings.Cut(r.Host, ":")
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default",
		RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{"host": r.Host},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", AccountID: "000000000000", Stage: "$default", RequestID: id.String(), APIID: "local",
			DomainName: host, DomainPrefix: strings.SplitN(host, ".", 2)[0],
			Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent()},
		},
	}
	fill(&e, r)
	if len(body) > 0 {
		if e.IsBase64Encoded = !isText(r.Header) || !utf8.Valid(body); e.IsBase64Encoded {
			e.Body = base64.StdEncoding.EncodeToString(body)
		} else {
			e.Body = string(body)
		}
	}
	return e, nil
}

// fill adds headers in lower case and joined, cookies one by one, and the query.
func fill(e *events.APIGatewayV2HTTPRequest, r *http.Request) {
	for name, values := range r.Header {
		if name != "Cookie" {
			e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	for _, line := range r.Header["Cookie"] {
		for c := range strings.SplitSeq(line, ";") {
			if c = strings.TrimSpace(c); c != "" {
				e.Cookies = append(e.Cookies, c)
			}
		}
	}
	if q := r.URL.Query(); len(q) > 0 {
		e.QueryStringParameters = make(map[string]string, len(q))
		for name, values := range q {
			e.QueryStringParameters[name] = strings.Join(values, ",")
		}
	}
}

// WriteResponse writes a function's answer. An answer that cannot be read
// becomes 500, as at API Gateway.
func WriteResponse(w http.ResponseWriter, out events.APIGatewayV2HTTPResponse) {
	body := []byte(out.Body)
	if out.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			out = plain(http.StatusInternalServerError)
			body = []byte(out.Body)
		}
	}
	if out.StatusCode == 0 {
		out.StatusCode = http.StatusOK
	}
	if out.StatusCode < 200 || out.StatusCode > 999 {
		out = plain(http.StatusInternalServerError)
		body = []byte(out.Body)
	}
	for name, v := range out.Headers {
		if !strings.EqualFold(name, "Content-Length") { // counted anew: base64 has changed it
			w.Header().Set(name, v)
		}
	}
	for _, c := range out.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	w.WriteHeader(out.StatusCode)
	_, _ = w.Write(body) // the client may have gone: nothing is left to do for it
}

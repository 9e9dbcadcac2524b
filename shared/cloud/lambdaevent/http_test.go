package lambdaevent

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// echo answers with what it sees, so that a request can be followed both ways.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	w.Header().Add("Vary", "Origin")
	w.Header().Add("Vary", "Accept")
	if r.URL.Path == "/raw" {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body)
		return
	}
	c, _ := r.Cookie("sid")
	sid := ""
	if c != nil {
		sid = c.Value
	}
	rc, _ := RequestContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTeapot)
	_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "path": r.URL.Path, "uri": r.RequestURI, "q": r.URL.Query()["q"], "sid": sid,
		"host": r.Host, "remote": r.RemoteAddr, "body": string(body), "accept": r.Header.Get("Accept"), "id": rc.RequestID != ""})
}

func TestARequestSurvivesTheGatewayAndTheFunction(t *testing.T) {
	g := Gateway(HTTP(http.HandlerFunc(echo)))
	r := httptest.NewRequest(http.MethodPost, "http://desk.local:8080/v1/a%2Fb/%E8%AF%9D?q=1&q=2", strings.NewReader(`{"x":1}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", "sid=xyz; other=1")
	r.Header.Add("Accept", "text/html")
	r.Header.Add("Accept", "*/*")
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	want := `{"accept":"text/html,*/*","body":"{\"x\":1}","host":"desk.local:8080","id":true,"method":"POST","path":"/v1/a/b/话","q":["1","2"],"remote":"192.0.2.1:0","sid":"xyz","uri":"/v1/a%2Fb/%E8%AF%9D?q=1\u0026q=2"}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusTeapot || got != want {
		t.Errorf("%d %s\nwant %s", w.Code, got, want)
	}
	if c := w.Result().Cookies(); len(c) != 2 || w.Header().Get("Vary") != "Origin, Accept" {
		t.Errorf("cookies %v, Vary %q", c, w.Header().Get("Vary"))
	}
}

func TestBinaryBodiesTravelAsBase64(t *testing.T) {
	raw := "\x00\xff\xfe"
	f := HTTP(http.HandlerFunc(echo))
	w := httptest.NewRecorder()
	Gateway(f).ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/raw", strings.NewReader(raw)))
	if w.Body.String() != raw {
		t.Errorf("got %q", w.Body.String())
	}
	out, err := f(t.Context(), events.APIGatewayV2HTTPRequest{RawPath: "/raw", Body: "!", IsBase64Encoded: true})
	if err != nil || out.StatusCode != http.StatusBadRequest {
		t.Errorf("broken base64 gives %d, %v", out.StatusCode, err)
	}
}

func TestTheStageIsNoPartOfThePath(t *testing.T) {
	for raw, want := range map[string]string{"/v1/x": "/x", "/v1": "/", "/v1x/y": "/v1x/y", "": "/", "/50%": "/50%", "/v1/a b": "/a b"} {
		e := events.APIGatewayV2HTTPRequest{RawPath: raw}
		e.RequestContext.Stage = "v1"
		r, err := ToRequest(t.Context(), e)
		if err != nil || r.URL.Path != want {
			t.Errorf("%q gives %q, %v; want %q", raw, r.URL.Path, err, want)
		}
	}
}

func TestTheGatewayAnswersForAFunctionThatCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			name string
			f    HTTPFunction
			want int
		}{
			{"error", func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				return events.APIGatewayV2HTTPResponse{}, errors.New("broken")
			}, 500},
			{"no answer in time", func(ctx context.Context, _ events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				time.Sleep(HTTPTimeout + time.Second)
				return events.APIGatewayV2HTTPResponse{StatusCode: 200}, nil
			}, 503},
			{"unreadable answer", func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: "!", IsBase64Encoded: true}, nil
			}, 500},
			{"impossible status", func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				return events.APIGatewayV2HTTPResponse{StatusCode: 7}, nil
			}, 500},
			{"answer too large", HTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, MaxResponse))
			})), 500},
			{"no status is 200", func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				return events.APIGatewayV2HTTPResponse{}, nil
			}, 200},
		}
		for _, tt := range tests {
			w := httptest.NewRecorder()
			Gateway(tt.f).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			if w.Code != tt.want {
				t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
			}
		}
	})
}

func TestABodyOverTheLimitIs413(t *testing.T) {
	w := httptest.NewRecorder()
	Gateway(HTTP(http.HandlerFunc(echo))).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/raw", io.LimitReader(zeros{}, MaxRequest+1)))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", w.Code)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzToRequest(f *testing.F) {
	f.Add("GET", "/v1/a%2Fb", "q=1", "host", "x", "e30=", true)
	f.Fuzz(func(t *testing.T, method, path, query, name, value, body string, b64 bool) {
		e := events.APIGatewayV2HTTPRequest{RawPath: path, RawQueryString: query, Headers: map[string]string{name: value}, Body: body, IsBase64Encoded: b64}
		e.RequestContext.HTTP.Method = method
		r, err := ToRequest(t.Context(), e)
		if err != nil {
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/") {
			t.Errorf("path %q of %q", r.URL.Path, path)
		}
		if sent, _ := io.ReadAll(r.Body); !b64 && string(sent) != body {
			t.Errorf("body %q became %q", body, sent)
		}
	})
}

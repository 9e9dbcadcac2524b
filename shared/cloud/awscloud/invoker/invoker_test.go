package invoker

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// answer is what the stand-in for Lambda says.
type answer struct {
	status       int
	kind, failed string // X-Amzn-ErrorType, X-Amz-Function-Error
	body         string
}

func TestInvokeTellsWhatBecameOfACall(t *testing.T) {
	ok := answer{200, "", "", `{"answer":42}`}
	tests := []struct {
		name     string
		says     []answer // in turn, the last again and again
		kind     fault.Kind
		own      bool // the function's own error
		requests int64
	}{
		{"answered", []answer{ok}, "", false, 1},
		{"the function's own error", []answer{{200, "", "Unhandled", `{"errorType":"Paper","errorMessage":"out of paper"}`}}, fault.Internal, true, 1},
		{"the function took too long", []answer{{200, "", "Unhandled", `{"errorMessage":"2026-11-21 Task timed out after 3.00 seconds"}`}}, fault.Timeout, false, 1},
		{"no such function", []answer{{404, "ResourceNotFoundException:http://internal/", "", `{"Message":"Function not found"}`}}, fault.NotFound, false, 1},
		{"no right", []answer{{403, "AccessDeniedException", "", `{"Message":"no"}`}}, fault.Forbidden, false, 1},
		{"too many at once, then answered", []answer{{429, "TooManyRequestsException", "", `{}`}, ok}, "", false, 2},
		{"too many at once", []answer{{429, "TooManyRequestsException", "", `{}`}}, fault.Throttled, false, 3},
		{"may have run, so not again", []answer{{502, "ServiceException", "", `oops`}, ok}, fault.Unavailable, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var count atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				a := tt.says[min(int(count.Add(1)), len(tt.says))-1]
				body, _ := io.ReadAll(r.Body)
				if string(body) != `{"ask":1}` || r.URL.RequestURI() != "/2015-03-31/functions/huawu-ivr/invocations?Qualifier=live" || r.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" {
					t.Errorf("%s %v of %q", r.URL.RequestURI(), r.Header, body)
				}
				if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") {
					t.Errorf("signed %q", r.Header.Get("Authorization"))
				}
				w.Header().Set("X-Amzn-ErrorType", a.kind)
				if a.failed != "" {
					w.Header().Set("X-Amz-Function-Error", a.failed)
				}
				w.WriteHeader(a.status)
				_, _ = io.WriteString(w, a.body)
			}))
			defer s.Close()
			out, err := open(t, s.URL).Invoke(t.Context(), "ivr", []byte(`{"ask":1}`))
			if fault.KindOf(err) != tt.kind || cloud.IsFunctionError(err) != tt.own || count.Load() != tt.requests {
				t.Errorf("%s, %v after %d requests, want kind %q after %d", out, err, count.Load(), tt.kind, tt.requests)
			}
			if tt.kind == "" && string(out) != ok.body {
				t.Errorf("%s", out)
			}
		})
	}
}

func TestAnARNIsTakenAsItIs(t *testing.T) {
	i := open(t, "http://127.0.0.1:1")
	got := i.target("arn:aws:lambda:eu-west-1:1:function:orders:3")
	if want := "http://127.0.0.1:1/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Aorders%3A3/invocations"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	i, err := New(awscloud.Config{Region: "cn-north-1", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}})
	if err != nil || i.endpoint != "https://lambda.cn-north-1.amazonaws.com.cn" {
		t.Errorf("%v, %v", i, err)
	}
}

func TestWhoWaitsDecidesForHowLong(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer s.Close()
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := open(t, s.URL).Invoke(ctx, "ivr", []byte(`{}`)); fault.KindOf(err) != fault.Timeout {
		t.Errorf("%v", err)
	}
	if _, err := open(t, s.URL).Invoke(t.Context(), "ivr", []byte(`{`)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no JSON: %v", err)
	}
}

func open(t *testing.T, endpoint string) *Invoker {
	t.Helper()
	i, err := New(awscloud.Config{Region: "eu-west-1", Endpoint: endpoint, FunctionPrefix: "huawu-", FunctionAlias: "live",
		Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

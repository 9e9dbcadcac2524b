package push

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

func TestSendTellsWhatBecameOfAMessage(t *testing.T) {
	tests := []struct {
		name     string
		status   []int // in turn, the last again and again
		kind     fault.Kind
		requests int64
	}{
		{"arrived", []int{200}, "", 1},
		{"the connection is closed", []int{410}, fault.Gone, 1},
		{"no right", []int{403}, fault.Forbidden, 1},
		{"too large for the gateway", []int{413}, fault.Invalid, 1},
		{"throttled, then arrived", []int{429, 200}, "", 2},
		{"the gateway fails, then arrived", []int{500, 503, 200}, "", 3},
		{"the gateway fails", []int{500}, fault.Unavailable, attempts},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var count atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := int(count.Add(1))
				body, _ := io.ReadAll(r.Body)
				if string(body) != `{"type":"offer"}` || r.URL.EscapedPath() != "/prod/@connections/L0SM9cOF%2FHcCIhw%3D" {
					t.Errorf("%s of %q", r.URL.EscapedPath(), body)
				}
				w.WriteHeader(tt.status[min(n, len(tt.status))-1])
			}))
			defer s.Close()
			p, err := New(awscloud.Config{Region: "eu-west-1", PushEndpoint: s.URL + "/prod/", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Send(t.Context(), "L0SM9cOF/HcCIhw=", []byte(`{"type":"offer"}`)); fault.KindOf(err) != tt.kind {
				t.Errorf("%v, want kind %q", err, tt.kind)
			}
			if count.Load() != tt.requests {
				t.Errorf("%d requests, want %d", count.Load(), tt.requests)
			}
		})
	}
}

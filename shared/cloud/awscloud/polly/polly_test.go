package polly

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

func speaker(t *testing.T, h http.HandlerFunc) *Polly {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p, err := New(awscloud.Config{Region: "us-east-1", Endpoint: server.URL, Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSpeakAsksForTelephoneAudioInTheLanguagesVoice(t *testing.T) {
	var asked request
	p := speaker(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/polly/aws4_request") || r.URL.Path != "/v1/speech" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte{1, 0, 0xff, 0xff})
	})
	pcm, err := p.Speak(t.Context(), "您好", "zh-CN", "")
	if err != nil || len(pcm) != 2 || pcm[0] != 1 || pcm[1] != -1 {
		t.Fatalf("Speak = %v, %v", pcm, err)
	}
	want := request{Engine: "neural", LanguageCode: "cmn-CN", OutputFormat: "pcm", SampleRate: "8000", Text: "您好", VoiceID: "Zhiyu"}
	if asked != want {
		t.Errorf("asked %+v, want %+v", asked, want)
	}
}

func TestSpeakFaults(t *testing.T) {
	var calls atomic.Int32
	p := speaker(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if _, err := p.Speak(t.Context(), "hello", "en-US", ""); fault.KindOf(err) != fault.Throttled || calls.Load() != attempts {
		t.Errorf("throttled: %v after %d calls", err, calls.Load())
	}
	for name, in := range map[string][2]string{"no voice": {"hello", "xx"}, "no text": {"", "en-US"}, "too long": {strings.Repeat("a", maxText+1), "en-US"}} {
		if _, err := p.Speak(t.Context(), in[0], in[1], ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

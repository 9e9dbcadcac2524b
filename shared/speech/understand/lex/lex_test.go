package lex

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
	"huawu/shared/speech/understand"
)

// The published example of AWS's own test suite, "get-vanilla".
func TestRequestsAreSignedAsAWSDoes(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "https://example.amazonaws.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	sign(r, nil, Credentials{KeyID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, "us-east-1", "service", time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("Authorization: %s", got)
	}
}

func TestABotOfLexIsAsked(t *testing.T) {
	answer, status := `{"interpretations":[{"intent":{"name":"OrderStatus","slots":{"number":{"value":{"interpretedValue":"8801","originalValue":"八八〇幺"}},"city":null}},"nluConfidence":{"score":0.91}},
{"intent":{"name":"FallbackIntent"}}]}`, 200
	var path, body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		path, body = r.URL.Path, string(raw)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	c := &Client{HTTP: server.Client(), Endpoint: server.URL, Region: "ap-southeast-1", Bots: map[string]Bot{"orders": {ID: "B1", Alias: "A1"}}, Now: time.Now,
		Credentials: func(context.Context) (Credentials, error) {
			return Credentials{KeyID: "k", Secret: "s", Session: "t"}, nil
		}}
	u := understand.Utterance{Bot: "orders", Contact: "c-1", Language: "zh-CN", Text: "查订单", Session: map[string]string{"who": "x"}}
	m, err := c.Interpret(t.Context(), u, nil)
	if err != nil || m.Intent != "OrderStatus" || m.Slots["number"] != "8801" || m.Score != 91 || len(m.Others) != 1 || len(m.Slots) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if path != "/bots/B1/botAliases/A1/botLocales/zh_CN/sessions/c-1/text" || !strings.Contains(body, `"who":"x"`) || !strings.Contains(body, `"text":"查订单"`) {
		t.Errorf("asked %s %s", path, body)
	}
	for code, want := range map[int]fault.Kind{429: fault.Throttled, 500: fault.Unavailable} {
		if status = code; true {
			if _, err := c.Interpret(t.Context(), u, nil); fault.KindOf(err) != want {
				t.Errorf("status %d: %v", code, err)
			}
		}
	}
	if u.Bot = "other"; true {
		if _, err := c.Interpret(t.Context(), u, nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another bot: %v", err)
		}
	}
}

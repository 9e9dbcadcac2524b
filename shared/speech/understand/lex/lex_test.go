package lex

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huawu/shared/fault"
	"huawu/shared/speech/understand"
)

// poster sends without a signature.
type poster struct{ client *http.Client }

func (p poster) Post(ctx context.Context, target string, body []byte, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return p.client.Do(r)
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
	c := &Client{Poster: poster{server.Client()}, Endpoint: server.URL, Bots: map[string]Bot{"orders": {ID: "B1", Alias: "A1"}}}
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

package openai

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huawu/shared/fault"
	"huawu/shared/flow/grammar"
	"huawu/shared/speech/understand"
)

func orders(t *testing.T) *grammar.Grammar {
	t.Helper()
	g, err := grammar.Read([]byte(`{"intents":[{"name":"OrderStatus","phrases":{"en":["order"]},"slots":[{"name":"number","digits":4}]},{"name":"Refund","keys":["2"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAModelSaysWhatIsMeant(t *testing.T) {
	var content, asked string
	status := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		asked = r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(raw)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"role": "assistant", "content": content}}}})
	}))
	defer server.Close()
	c := &Client{HTTP: server.Client(), Base: server.URL + "/v1", Token: "secret", Model: "small"}
	tests := []struct {
		name, content, intent, number string
		status                        int
		kind                          fault.Kind
	}{
		{"an intent with a slot", `{"intent":"OrderStatus","slots":{"number":"8801","other":"x"}}`, "OrderStatus", "8801", 200, ""},
		{"an intent that was made up", `{"intent":"GiveMeMoney"}`, grammar.Fallback, "", 200, ""},
		{"a slot of the wrong type", `{"intent":"OrderStatus","slots":{"number":7}}`, "OrderStatus", "", 200, ""},
		{"prose", "I think they want an order", "", "", 200, fault.Unavailable},
		{"too many requests", "", "", "", 429, fault.Throttled},
		{"a broken endpoint", "", "", "", 500, fault.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content, status = tt.content, tt.status
			m, err := c.Interpret(t.Context(), understand.Utterance{Bot: "orders", Language: "en-US", Text: "where is 8801"}, orders(t))
			if fault.KindOf(err) != tt.kind || m.Intent != tt.intent || m.Slots["number"] != tt.number || len(m.Slots) > 1 {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	if !strings.HasPrefix(asked, "/v1/chat/completions Bearer secret ") || !strings.Contains(asked, "where is 8801") {
		t.Errorf("asked %s", asked)
	}
}

func TestAudioIsSentAsAFile(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		if err != nil || r.FormValue("model") != "hear" || r.FormValue("language") != "zh" {
			t.Errorf("form %v, %v", r.Form, err)
			return
		}
		raw, err := io.ReadAll(file)
		if err != nil || len(raw) != 44+4 || string(raw[:4]) != "RIFF" || binary.LittleEndian.Uint32(raw[24:]) != 8000 || binary.LittleEndian.Uint16(raw[44:]) != 5 {
			t.Errorf("%d bytes of WAV, %v: %v", len(raw), err, raw)
		}
		_, _ = io.WriteString(w, `{"text":" 查订单 "}`)
	}))
	defer server.Close()
	c := &Client{HTTP: server.Client(), Base: server.URL, Hear: "hear"}
	if text, err := c.Recognize(t.Context(), understand.Audio{Language: "zh-CN", Rate: 8000, PCM: []int16{5, -5}}); err != nil || text != "查订单" {
		t.Errorf("%q, %v", text, err)
	}
}

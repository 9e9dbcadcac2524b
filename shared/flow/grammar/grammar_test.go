package grammar

import (
	"maps"
	"strings"
	"testing"

	"huawu/shared/fault"
)

const orders = `{"name":"orders","intents":[
{"name":"OrderStatus","keys":["1"],"phrases":{"zh":["查订单","订单 哪里","物流"],"en":["order status","where order","track"],"ja":["注文 状況"],"ko":["주문 조회"]},
 "slots":[{"name":"number","digits":4},{"name":"city","values":{"北京":["京城","Beijing"],"上海":["沪"]}}]},
{"name":"Refund","keys":["2","99"],"phrases":{"zh":["退款","退货"],"en":["refund","money back"]}},
{"name":"Agent","keys":["0"],"phrases":{"zh":["人工","转人工"],"en":["agent","person"],"ja":["オペレーター"]}}]}`

func TestWhatCallersMean(t *testing.T) {
	g, err := Read([]byte(orders))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		heard Heard
		want  string
		slots map[string]string
	}{
		{"a Chinese phrase in a sentence", Heard{Language: "zh-CN", Text: "你好，我想查订单。"}, "OrderStatus", nil},
		{"words in any order", Heard{Language: "zh-CN", Text: "哪里能看到我的订单？"}, "OrderStatus", nil},
		{"a number in digits", Heard{Language: "zh-CN", Text: "查订单 8801-2345"}, "OrderStatus", map[string]string{"number": "88012345"}},
		{"a number in Chinese words", Heard{Language: "zh-CN", Text: "查订单，号码是幺三五两零"}, "OrderStatus", map[string]string{"number": "13520"}},
		{"too few digits are no number", Heard{Language: "zh-CN", Text: "查订单 123"}, "OrderStatus", nil},
		{"a city by another name", Heard{Language: "zh-CN", Text: "京城的物流到哪了"}, "OrderStatus", map[string]string{"city": "北京"}},
		{"full width and capitals", Heard{Language: "en-US", Text: "ＷＨＥＲＥ is my Order?"}, "OrderStatus", nil},
		{"English words are whole words", Heard{Language: "en-US", Text: "personal reorder"}, Fallback, nil},
		{"the phrase that accounts for more", Heard{Language: "en-US", Text: "money back, or an agent"}, "Refund", nil},
		{"Japanese", Heard{Language: "ja-JP", Text: "注文の状況を教えて"}, "OrderStatus", nil},
		{"Korean", Heard{Language: "ko-KR", Text: "주문을 조회해 주세요"}, "OrderStatus", nil},
		{"phrases of another language do not count", Heard{Language: "ja-JP", Text: "退款"}, Fallback, nil},
		{"without a language all count", Heard{Text: "退款"}, "Refund", nil},
		{"nothing of it", Heard{Language: "zh-CN", Text: "今天天气怎么样"}, Fallback, nil},
		{"silence", Heard{Language: "zh-CN"}, Fallback, nil},
		{"a key", Heard{Language: "zh-CN", Keys: "2"}, "Refund", nil},
		{"more keys", Heard{Keys: "99"}, "Refund", nil},
		{"a key of nothing", Heard{Keys: "7"}, Fallback, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := g.Understand(tt.heard)
			if got.Intent != tt.want || !maps.Equal(got.Slots, tt.slots) || (got.Score > 0) != (tt.want != Fallback) {
				t.Errorf("Understand = %+v, want %s %v", got, tt.want, tt.slots)
			}
		})
	}
	if g.Keys() != 2 {
		t.Errorf("Keys = %d", g.Keys())
	}
	if m := g.Understand(Heard{Language: "en-US", Text: "money back, or an agent"}); len(m.Others) != 1 || m.Others[0].Intent != "Agent" {
		t.Errorf("others %+v", m.Others)
	}
}

func TestGrammarsThatCannotWork(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": `{`, "no intents": `{"intents":[]}`, "an unknown field": `{"intent":[]}`,
		"a name twice":      `{"intents":[{"name":"a","keys":["1"]},{"name":"a","keys":["2"]}]}`,
		"a reserved name":   `{"intents":[{"name":"FallbackIntent","keys":["1"]}]}`,
		"the same keys":     `{"intents":[{"name":"a","keys":["1"]},{"name":"b","keys":["1"]}]}`,
		"keys that are not": `{"intents":[{"name":"a","keys":["A"]}]}`,
		"an empty phrase":   `{"intents":[{"name":"a","phrases":{"zh":["。"]}}]}`,
		"nothing to say":    `{"intents":[{"name":"a"}]}`,
		"a slot of nothing": `{"intents":[{"name":"a","keys":["1"],"slots":[{"name":"x"}]}]}`,
		"too large":         `{"name":"` + strings.Repeat("x", MaxBytes) + `"}`,
	} {
		if _, err := Read([]byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnderstand(f *testing.F) {
	f.Add([]byte(orders), "我想查订单 8801", "zh-CN")
	f.Add([]byte(`{"intents":[{"name":"a","phrases":{"en":["a b"]}}]}`), "b a", "en")
	f.Fuzz(func(t *testing.T, data []byte, text, language string) {
		g, err := Read(data)
		if err != nil {
			return
		}
		if m := g.Understand(Heard{Language: language, Text: text}); m.Intent == "" || m.Score < 0 || m.Score > 100 {
			t.Errorf("%+v", m)
		}
		g.Understand(Heard{Keys: text})
	})
}

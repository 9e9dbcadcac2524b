package ivr

import (
	"strings"
	"testing"

	"huawu/shared/sma"
)

// listening is a flow that asks a bot and says what it has understood.
const listening = `{"Version":"2019-10-30","StartAction":"bot","Actions":[
{"Identifier":"bot","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"什么事？","LexV2Bot":{"AliasArn":"arn:aws:lex:cn-north-1:1:bot-alias/orders/A"}},"Transitions":{"NextAction":"err","Errors":[{"ErrorType":"NoMatchingCondition","NextAction":"none"},{"ErrorType":"InputTimeLimitExceeded","NextAction":"none"},{"ErrorType":"NoMatchingError","NextAction":"err"}],"Conditions":[{"NextAction":"say","Condition":{"Operator":"Equals","Operands":["Order"]}}]}},
{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"订单$.Lex.Slots.number"},"Transitions":{"NextAction":"end"}},
{"Identifier":"none","Type":"MessageParticipant","Parameters":{"Text":"不懂"},"Transitions":{"NextAction":"end"}},
{"Identifier":"err","Type":"MessageParticipant","Parameters":{"Text":"没有"},"Transitions":{"NextAction":"end"}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

func TestACallerOnTheTelephonePressesKeysAtABot(t *testing.T) {
	tests := []struct {
		name, grammar string
		keys, text    string
		want          string
	}{
		{"a key", `{"intents":[{"name":"Order","keys":["1"]}]}`, "1", "", "订单"},
		{"a key of nothing", `{"intents":[{"name":"Order","keys":["1"]}]}`, "2", "", "不懂"},
		{"words that something on the way recognised", `{"intents":[{"name":"Order","keys":["1"],"phrases":{"zh":["查订单"]},"slots":[{"name":"number","digits":4}]}]}`, "", "查订单8801", "订单8801"},
		{"a bot that takes only words", `{"intents":[{"name":"Order","phrases":{"zh":["查订单"]}}]}`, "-", "", "没有"},
		{"a bot that is not here", "", "-", "", "没有"},
		{"a grammar that is broken", "{", "-", "", "没有"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(PutFlow(tenant, "bot", "bot", []byte(listening), 1))
			if tt.grammar != "" {
				w.put(PutBot(tenant, "orders", []byte(tt.grammar), 1))
			}
			w.bind("bot")
			r := w.answers(w.event(sma.NewInboundCall, nil))
			if tt.keys != "-" {
				if got := said(r); got != "什么事？" {
					t.Fatalf("the caller hears %q", got)
				}
				d := done(r.Actions[0].Parameters)
				d.ReceivedDigits, d.Huawu = sma.Text(tt.keys), &sma.Outcome{Text: tt.text}
				r = w.answers(w.event(sma.ActionSuccessful, d))
			}
			if got := said(r); got != tt.want {
				t.Errorf("the caller hears %q, want %q", got, tt.want)
			}
			if strings.Contains(w.log.String(), "8801") {
				t.Error("the log tells what the caller said")
			}
		})
	}
}

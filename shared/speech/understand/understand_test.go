package understand

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"huawu/shared/flow/grammar"
)

// service answers as a test wants.
type service func() (grammar.Meaning, error)

func (s service) Interpret(context.Context, Utterance, *grammar.Grammar) (grammar.Meaning, error) {
	return s()
}

func TestTheGrammarMakesGoodWhatAServiceCannot(t *testing.T) {
	g, err := grammar.Read([]byte(`{"intents":[{"name":"Order","keys":["1"],"phrases":{"en":["order"]}},{"name":"Refund","keys":["2"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	refund := service(func() (grammar.Meaning, error) { return grammar.Meaning{Intent: "Refund"}, nil })
	tests := []struct {
		name    string
		service Interpreter
		heard   Utterance
		want    string
	}{
		{"no service", nil, Utterance{Text: "my order", Language: "en"}, "Order"},
		{"a service", refund, Utterance{Text: "my order", Language: "en"}, "Refund"},
		{"keys need none", refund, Utterance{Keys: "1"}, "Order"},
		{"a service that fails", service(func() (grammar.Meaning, error) { return grammar.Meaning{}, errors.New("down") }), Utterance{Text: "my order", Language: "en"}, "Order"},
		{"a service that does not understand", service(func() (grammar.Meaning, error) { return grammar.Meaning{Intent: grammar.Fallback}, nil }), Utterance{Text: "my order", Language: "en"}, "Order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			b := Bots{Service: tt.service, Log: slog.New(slog.NewTextHandler(&log, nil))}
			if m := b.Interpret(t.Context(), tt.heard, g); m.Intent != tt.want {
				t.Errorf("%+v", m)
			}
			if strings.Contains(log.String(), "my order") {
				t.Errorf("the log tells what was said: %s", log.String())
			}
		})
	}
}

// Package understand is what a flow's bots need of the world: somebody who turns
// audio into text, and somebody who turns text into an intent.
//
// It decides in what order they are asked: keys and whatever a service cannot
// answer go to the bot's keyword grammar, which needs nothing. How a service works
// is left to its own room (openai, lex), what an intent leads to to the flow.
//
// Audio of a call reaches a Recognizer where the media is: a relay with one ends
// an input with what was said in the outcome's Text (sma.Outcome), as chats and
// tests do. Relays of this build have none, so callers press keys.
package understand

import (
	"context"
	"log/slog"
	"time"

	"huawu/shared/fault"
	"huawu/shared/flow/grammar"
)

// Audio is what a caller said.
type Audio struct {
	Language string  // BCP 47; "" = not known
	Rate     int     // samples a second
	PCM      []int16 // one channel
}

// Recognizer turns audio into text. Silence is "".
type Recognizer interface {
	Recognize(ctx context.Context, a Audio) (text string, err error)
}

// Utterance is what a bot is told.
type Utterance struct {
	Bot      string            // its name here
	Contact  string            // id, so that a service keeps turns apart
	Language string            // BCP 47
	Text     string            // words
	Keys     string            // of the telephone, in place of words
	Session  map[string]string // what the flow gives the bot
}

// Interpreter turns text into one of a bot's intents, grammar.Fallback if it is
// none of them.
type Interpreter interface {
	Interpret(ctx context.Context, u Utterance, g *grammar.Grammar) (grammar.Meaning, error)
}

// Bots understand callers: by a service, and by their grammars.
type Bots struct {
	Service Interpreter   // nil: grammars alone
	Limit   time.Duration // that a service may take; 0 = 3 s
	Log     *slog.Logger
}

// DefaultLimit is how long a caller waits for a service before the grammar is asked.
const DefaultLimit = 3 * time.Second

// Interpret says what an utterance means. A service that fails, is slow, or does
// not understand is made good by the grammar.
func (b Bots) Interpret(ctx context.Context, u Utterance, g *grammar.Grammar) grammar.Meaning {
	heard := grammar.Heard{Language: u.Language, Text: u.Text, Keys: u.Keys}
	if b.Service == nil || u.Keys != "" {
		return g.Understand(heard)
	}
	limit := b.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m, err := b.Service.Interpret(ctx, u, g)
	if err != nil { // what was said is the caller's: it is not logged
		b.Log.WarnContext(ctx, "a bot's service failed; its grammar is asked", "contact", u.Contact, "bot", u.Bot, "kind", string(fault.KindOf(err)))
	}
	if err != nil || m.Intent == "" || m.Intent == grammar.Fallback {
		return g.Understand(heard)
	}
	return m
}

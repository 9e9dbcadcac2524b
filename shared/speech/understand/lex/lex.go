// Package lex is a bot's service that is an Amazon Lex V2 bot. It decides which
// bot, alias and locale a name here means and how its answer reads; signing the
// request and sending it is left to the caller's Poster.
// Source: Amazon Lex V2 runtime API, "RecognizeText".
package lex

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/flow/grammar"
	"huawu/shared/speech/understand"
)

const maxReply = 256 << 10

// Bot is where a bot of Lex is.
type Bot struct {
	ID    string
	Alias string // id
}

// Service is Lex V2's runtime as endpoints name it, SigningName as signatures do.
const (
	Service     = "runtime-v2-lex"
	SigningName = "lex"
)

// Poster sends a signed POST; header are names and values in turn.
type Poster interface {
	Post(ctx context.Context, target string, body []byte, header ...string) (*http.Response, error)
}

// Client asks Lex.
type Client struct {
	Poster   Poster
	Endpoint string         // https://runtime-v2-lex.<region>.amazonaws.com
	Bots     map[string]Bot // by the name that flows and grammars use
}

// reply is what is used of RecognizeText's answer.
type reply struct {
	Interpretations []struct {
		Intent struct {
			Name  string `json:"name"`
			Slots map[string]*struct {
				Value struct {
					Interpreted string `json:"interpretedValue"`
					Original    string `json:"originalValue"`
				} `json:"value"`
			} `json:"slots"`
		} `json:"intent"`
		Confidence struct {
			Score float64 `json:"score"`
		} `json:"nluConfidence"`
	} `json:"interpretations"`
}

// Interpret asks the bot. Its own intents count, whatever the grammar has.
func (c *Client) Interpret(ctx context.Context, u understand.Utterance, _ *grammar.Grammar) (grammar.Meaning, error) {
	bot, ok := c.Bots[u.Bot]
	if !ok {
		return grammar.Meaning{}, fault.New(fault.NotFound, "lex: no bot %.60q is configured", u.Bot)
	}
	body, err := json.Marshal(map[string]any{"text": u.Text, "sessionState": map[string]any{"sessionAttributes": u.Session}})
	if err != nil {
		return grammar.Meaning{}, fault.Wrap(fault.Internal, err, "lex: encode")
	}
	path := "/bots/" + url.PathEscape(bot.ID) + "/botAliases/" + url.PathEscape(bot.Alias) + "/botLocales/" + locale(u.Language) + "/sessions/" + url.PathEscape(u.Contact) + "/text"
	res, err := c.Poster.Post(ctx, c.Endpoint+path, body, "Content-Type", "application/json")
	if err != nil {
		return grammar.Meaning{}, fault.Wrap(fault.Unavailable, err, "lex: RecognizeText")
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	switch {
	case err != nil:
		return grammar.Meaning{}, fault.Wrap(fault.Unavailable, err, "lex: RecognizeText")
	case res.StatusCode == http.StatusTooManyRequests:
		return grammar.Meaning{}, fault.New(fault.Throttled, "lex: RecognizeText: throttled")
	case res.StatusCode/100 != 2:
		return grammar.Meaning{}, fault.New(fault.Unavailable, "lex: RecognizeText: status %d", res.StatusCode)
	}
	var got reply
	if err := json.Unmarshal(raw, &got); err != nil {
		return grammar.Meaning{}, fault.Wrap(fault.Unavailable, err, "lex: RecognizeText")
	}
	return got.meaning(), nil
}

// meaning makes the first interpretation the meaning and the rest others.
func (r reply) meaning() grammar.Meaning {
	var list []grammar.Meaning
	for _, i := range r.Interpretations {
		m := grammar.Meaning{Intent: i.Intent.Name, Slots: map[string]string{}, Score: int(100 * min(max(i.Confidence.Score, 0), 1))}
		for name, slot := range i.Intent.Slots {
			if slot != nil {
				if m.Slots[name] = slot.Value.Interpreted; m.Slots[name] == "" {
					m.Slots[name] = slot.Value.Original
				}
			}
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return grammar.Meaning{Intent: grammar.Fallback, Slots: map[string]string{}}
	}
	m := list[0]
	m.Others = list[1:]
	return m
}

// locale writes a language as Lex does: zh-CN is zh_CN.
func locale(language string) string {
	if language == "" {
		return "en_US"
	}
	return url.PathEscape(strings.ReplaceAll(language, "-", "_"))
}

package call

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/hook"
	"huawu/mediarelay/media"
	"huawu/mediarelay/seal/sealtest"
	"huawu/shared/sma"
)

// ledger takes down everything that leaves a call: questions and log lines.
type ledger struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *ledger) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// A card number typed into a sealed input is in no event, log line or journal
// entry, and whoever has the private key reads it.
func TestSecretDigitsLeaveTheCallSealedOnly(t *testing.T) {
	const card, key = "4929", "key-2026" // short: in the ledger no time or id may hold it by chance
	h := sealtest.New(t, 2048)
	synctest.Test(t, func(t *testing.T) {
		st, out := newStage(), &ledger{}
		var opened []string
		answer := hook.HandlerFunc(func(_ context.Context, e sma.Event) (sma.Response, error) {
			raw, err := json.Marshal(e)
			if err != nil {
				t.Error(err)
			}
			_, _ = fmt.Fprintf(out, "%s\n", raw)
			if d := e.ActionData; d != nil && d.Huawu != nil && d.Huawu.Encrypted {
				m, err := base64.StdEncoding.DecodeString(string(d.ReceivedDigits))
				text, oerr := h.Open(key, m)
				if err != nil || oerr != nil {
					t.Errorf("not opened: %v %v", err, oerr)
				}
				opened = append(opened, string(text))
			}
			if len(opened) == 2 {
				return sma.Respond(sma.Do(&sma.HangUp{})...), nil
			}
			return sma.Respond(sma.Do(&sma.CollectDigits{
				MaxLength: 4, FirstDigitMs: 9000, InterDigitMs: 5000, Encrypt: &sma.Encrypt{KeyID: key, Certificate: h.Certificate},
			})...), nil
		})
		c := world(st, answer, func(cfg *Config) {
			cfg.Log = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		leg := begin(t, st, c, "tx")
		for _, d := range card + card {
			time.Sleep(300 * time.Millisecond)
			leg.hear(media.Event{Kind: media.Digit, Digit: byte(d)})
			st.mu.Lock()
			raw, _ := json.Marshal(st.journal)
			st.mu.Unlock()
			_, _ = fmt.Fprintf(out, "%s\n", raw)
		}
		for c.Len() > 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		c.Close()
		if len(opened) != 2 || opened[0] != card || opened[1] != card {
			t.Errorf("opened %q", opened)
		}
		all := out.text.String()
		// The sealed text itself is base64, in which four digits may stand by chance.
		for _, line := range strings.Split(all, "\n") {
			if i := strings.Index(line, `"ReceivedDigits":"`); i >= 0 {
				rest := line[i+len(`"ReceivedDigits":"`):]
				line = line[:i] + rest[strings.IndexByte(rest, '"'):]
			}
			if j := strings.Index(line, "-----BEGIN"); j >= 0 {
				line = line[:j]
			}
			if strings.Contains(line, card) {
				t.Errorf("the digits stand in %s", line)
			}
		}
	})
}

package ivr

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/grammar"
	"huawu/shared/flow/interp"
	"huawu/shared/speech/understand"
)

// errNoBot is the refusal of a bot that has no grammar here.
var errNoBot = fault.New(fault.NotFound, "ivr: no such bot")

// PutBot returns the write that stores what a bot understands, replacing an
// older grammar; version must differ from the older one's. The grammar must be
// readable: see grammar.Read.
func PutBot(tenant, id string, document []byte, version int64) cloud.Write {
	return cloud.Write{Key: botKey(tenant, id), Put: cloud.Item{contact.AttrVersion: version, "document": string(document)}}
}

func botKey(tenant, id string) cloud.Key { return acd.ConfigKey(tenant, "BOT#"+id) }

// botMemory keeps grammars for configAge.
type botMemory struct {
	table cloud.Table
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	bots map[cloud.Key]heldBot
}

type heldBot struct {
	at      time.Time
	grammar *grammar.Grammar // nil: there is none, or it is invalid
}

// get returns a bot's grammar, nil if there is none.
func (m *botMemory) get(ctx context.Context, tenant, id string) (*grammar.Grammar, error) {
	key := botKey(tenant, id)
	m.mu.Lock()
	held, ok := m.bots[key]
	m.mu.Unlock()
	if age := m.now().Sub(held.at); ok && age >= 0 && age < configAge {
		return held.grammar, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err != nil {
		if ok {
			return held.grammar, nil
		}
		return nil, fault.Wrap(fault.KindOf(err), err, "ivr: read bot")
	}
	held = heldBot{at: m.now()}
	if i != nil {
		if held.grammar, err = grammar.Read([]byte(i.Str("document"))); err != nil {
			m.log.ErrorContext(ctx, "bot cannot be understood", "tenant", tenant, "bot", id, "error", err.Error())
			held.grammar = nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bots == nil || len(m.bots) >= maxPrograms {
		m.bots = map[cloud.Key]heldBot{}
	}
	m.bots[key] = held
	return held.grammar, nil
}

// findBot says what a bot takes. Relays of this build recognise no speech, so on
// the telephone its keys count; words come from where they are typed.
func (s *Service) findBot(ctx context.Context, c *call, m *memory, a interp.FindBot) (interp.Event, error) {
	g, err := s.bots.get(ctx, c.tenant, a.ID)
	switch {
	case err != nil:
		return nil, err
	case g == nil:
		return s.refuse(ctx, c, m, errNoBot), nil
	}
	return interp.BotFound{Keys: g.Keys()}, nil
}

// understand says what a caller's keys or words mean.
func (s *Service) understand(ctx context.Context, c *call, m *memory, a interp.Understand) (interp.Event, error) {
	g, err := s.bots.get(ctx, c.tenant, a.BotID)
	switch {
	case err != nil:
		return nil, err
	case g == nil:
		return s.refuse(ctx, c, m, errNoBot), nil
	}
	b := understand.Bots{Service: s.cfg.Understand, Log: s.run.Log}
	return understood(b.Interpret(ctx, understand.Utterance{Bot: a.BotID, Contact: string(c.id), Language: a.Language, Text: a.Text, Keys: a.Keys, Session: a.Session}, g)), nil
}

func understood(m grammar.Meaning) interp.Understood {
	u := interp.Understood{Intent: m.Intent, Slots: m.Slots, Score: m.Score}
	for _, o := range m.Others {
		u.Others = append(u.Others, understood(o))
	}
	return u
}

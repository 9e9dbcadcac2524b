package story

import (
	"huawu/shared/flow/grammar"
	"huawu/shared/flow/interp"
)

// Bots understand callers by grammars, by the bots' names.
type Bots map[string]*grammar.Grammar

// Answer answers FindBot and Understand. Words are recognised: in a story and
// in a terminal they are typed.
func (b Bots) Answer(a interp.Ask) (interp.Event, error) {
	switch a := a.(type) {
	case interp.FindBot:
		if g := b[a.ID]; g != nil {
			return interp.BotFound{Keys: g.Keys(), Speech: true}, nil
		}
	case interp.Understand:
		if g := b[a.BotID]; g != nil {
			return Understood(g.Understand(grammar.Heard{Language: a.Language, Text: a.Text, Keys: a.Keys})), nil
		}
	}
	return nil, errRefused
}

// Understood is a grammar's meaning as a flow takes it.
func Understood(m grammar.Meaning) interp.Understood {
	u := interp.Understood{Intent: m.Intent, Slots: m.Slots, Score: m.Score}
	for _, o := range m.Others {
		u.Others = append(u.Others, Understood(o))
	}
	return u
}

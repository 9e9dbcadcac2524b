package publish

import (
	"context"
	"regexp"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/grammar"
	"huawu/shared/ivr"
)

// botName is what a bot may be called: ids of Lex fit.
var botName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// PutBot lets a bot understand what a grammar says, in place of what it
// understood before. Calls notice it within 30 s.
func (p *Publisher) PutBot(ctx context.Context, tenant, id string, document []byte) (*grammar.Grammar, error) {
	if !botName.MatchString(id) {
		return nil, fault.New(fault.Invalid, "publish: %.60q is no name for a bot: letters, digits, _ and -, at most 100", id)
	}
	g, err := grammar.Read(document)
	if err != nil {
		return nil, err
	}
	old, err := p.Table.Get(ctx, acd.ConfigKey(tenant, "BOT#"+id), true)
	if err == nil {
		_, err = p.Table.Write(ctx, ivr.PutBot(tenant, id, document, old.Int(contact.AttrVersion)+1))
	}
	return g, fault.Wrap(fault.KindOf(err), err, "publish: write bot")
}

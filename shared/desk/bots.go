package desk

import (
	"context"

	"huawu/shared/auth"
)

// Bot is what a bot of flows understands, in short.
type Bot struct {
	ID      string   `json:"id"`
	Intents []string `json:"intents"`
	Keys    int      `json:"keys" doc:"Length of the longest keys that mean an intent; 0: on the telephone the bot is the error branch"`
}

type botInput struct {
	ID      string `path:"id" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$"`
	RawBody []byte
}

func (d flowDesk) putBot(ctx context.Context, who auth.Identity, in *botInput) (*struct{ Body Bot }, error) {
	g, err := d.flows.PutBot(ctx, who.Tenant, in.ID, in.RawBody)
	d.auditFlow(ctx, who, "bot.put", in.ID, err)
	if err != nil {
		return nil, err
	}
	out := Bot{ID: in.ID, Keys: g.Keys(), Intents: make([]string, 0, len(g.Intents))}
	for _, i := range g.Intents {
		out.Intents = append(out.Intents, i.Name)
	}
	return &struct{ Body Bot }{out}, nil
}

package live

import (
	"context"
	"slices"

	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/live/view"
)

// ofTalk tells everyone who takes part in a contact, or did until now, who else
// does. Of what an agent may see the talk as it stands now is told: the contact
// that it belongs to may have gone on already.
func (s *Service) ofTalk(ctx context.Context, n *news, l event.Live, t *contact.Talk) error {
	c, err := s.views.Contact(ctx, t.Tenant, t.ID)
	if err != nil || c == nil {
		return err
	}
	agents := append(slices.Clone(l.Before), c.OfferAgent)
	for _, p := range t.Parties {
		agents = append(agents, p.Agent)
	}
	slices.Sort(agents)
	for _, a := range slices.Compact(agents) {
		if a == "" {
			continue
		}
		n.me(a, func(to conn) (delta, error) {
			d := delta{Type: "delta", Topic: Me, TS: l.At.UTC(), Entity: view.EntityTalk, ID: string(t.ID), From: l.From, V: t.Version}
			seen, err := s.views.TalkOf(ctx, to.who, c, t, false)
			if seen != nil {
				d.State = seen
			}
			return d, err
		})
	}
	return nil
}

package live

import (
	"context"
	"errors"
	"slices"

	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/live/view"
)

// tellTalk tells everyone who takes part in a contact, or did until now, who else
// does. Of what an agent may see the talk as it stands now is told: the contact
// that it belongs to may have gone on already.
func (s *Service) tellTalk(ctx context.Context, l event.Live, t *contact.Talk) error {
	c, err := s.views.Contact(ctx, t.Tenant, t.ID)
	if err != nil || c == nil {
		return err
	}
	agents := append(slices.Clone(l.Before), c.OfferAgent)
	for _, p := range t.Parties {
		agents = append(agents, p.Agent)
	}
	slices.Sort(agents)
	var errs []error
	for _, a := range slices.Compact(agents) {
		if a == "" {
			continue
		}
		errs = append(errs, s.tellMe(ctx, t.Tenant, a, func(to conn) (delta, error) {
			d := delta{Type: "delta", Topic: Me, TS: l.At.UTC(), Entity: view.EntityTalk, ID: string(t.ID), From: l.From, V: t.Version}
			seen, err := s.views.TalkOf(ctx, to.who, c, t, false)
			if seen != nil {
				d.State = seen
			}
			return d, err
		}))
	}
	return errors.Join(errs...)
}

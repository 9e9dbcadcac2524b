package event

import (
	"context"
	"errors"
	"maps"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Staffed is a line of the list of agents of a routing profile: what of an agent
// says whether contacts can be expected to be taken. Busy or not is not part of
// it, so that no call writes here.
type Staffed struct {
	Agent  string
	State  agent.State
	Skills map[string]int
}

// offlineLife is how long the line of an agent who is offline stays: longer than
// a late change of the same agent may take to come.
const offlineLife = 24 * time.Hour

func staffPart(tenant, profile string) string { return tenant + "|L#staff#" + profile }

func staffKey(tenant, profile, id string) cloud.Key {
	return cloud.Key{Part: staffPart(tenant, profile), Sort: "S#" + id}
}

// staff keeps an agent's line in step with the agent: one write when an agent
// logs in or out, takes a break or lets an offer pass, none for a call. Each line
// carries the agent's version, so an earlier change that comes late is dropped.
func (p *Publisher) staff(ctx context.Context, was, a *agent.Agent) error {
	if was != nil && was.State == a.State && was.Profile == a.Profile && maps.Equal(was.Skills, a.Skills) {
		return nil
	}
	err := p.putStaff(ctx, a)
	if was != nil && was.Profile != a.Profile {
		left := *a
		left.Profile, left.State = was.Profile, agent.Offline
		err = errors.Join(err, p.putStaff(ctx, &left))
	}
	return err
}

func (p *Publisher) putStaff(ctx context.Context, a *agent.Agent) error {
	w := StaffLine(a)
	if a.State == agent.Offline {
		w.Put[cloud.AttrTTL] = a.Since.Add(offlineLife).Unix()
	}
	_, err := p.table.Write(ctx, w)
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() && refused.Each[0].Old == nil { // the first of this agent
		w.If = []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}
		_, err = p.table.Write(ctx, w)
	}
	if lost(err) {
		return nil
	}
	return fault.Wrap(fault.KindOf(err), err, "event: put line of staff")
}

// StaffLine returns the write of an agent's line, where there is one of an
// earlier version.
func StaffLine(a *agent.Agent) cloud.Write {
	put := cloud.Item{contact.AttrVersion: a.Version, "state": string(a.State)}
	if len(a.Skills) > 0 {
		put["skills"] = contact.LevelsItem(a.Skills)
	}
	return cloud.Write{Key: staffKey(a.Tenant, a.Profile, a.ID), If: []cloud.Cond{{Attr: contact.AttrVersion, Op: "<", Value: a.Version}}, Put: put}
}

// Staff returns the agents of a routing profile as they stood a moment ago, who
// are offline among them.
func (l Lists) Staff(ctx context.Context, tenant, profile string) ([]Staffed, error) {
	var all []Staffed
	q := cloud.Query{Part: staffPart(tenant, profile)}
	for {
		page, next, err := l.Table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "event: read staff")
		}
		for _, i := range page {
			all = append(all, Staffed{i.Str(cloud.AttrSort)[len("S#"):], agent.State(i.Str("state")), contact.LevelsFrom(i["skills"])})
		}
		if q.After = next; next == nil {
			return all, nil
		}
	}
}

package view

import (
	"context"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// EntityNotice names a supervisor's message in versions and live updates.
const EntityNotice = "notice"

// maxNotices bounds what a page that comes is told: the latest ones.
const maxNotices = 20

// Notice is a message of a supervisor, as its agents see it.
type Notice struct {
	ID   string    `json:"id" format:"uuid"`
	At   time.Time `json:"at"`
	From string    `json:"from" doc:"Name of the sender"`
	Text string    `json:"text" doc:"Plain text: nothing in it is markup"`
}

// NoticeOf returns a notice as its agents see it.
func (v *Views) NoticeOf(ctx context.Context, n *agent.Notice) (Notice, error) {
	name, err := v.name(ctx, n.Tenant, n.From)
	return Notice{n.ID, n.At, name, n.Text}, err
}

// Audience returns the agents whom a notice is for.
func (v *Views) Audience(ctx context.Context, n *agent.Notice) ([]string, error) {
	routing, err := v.router.Routing(ctx, n.Tenant)
	if err != nil {
		return nil, err
	}
	agents, err := v.agents(ctx, n.Tenant)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, a := range agents {
		if concerns(routing, n, a.Profile) {
			all = append(all, a.ID)
		}
	}
	return all, nil
}

// concerns reports whether a notice is for agents of a profile.
func concerns(routing *acd.Routing, n *agent.Notice, profile string) bool {
	if n.Profile != "" && n.Profile != profile {
		return false
	}
	if n.Queue == "" {
		return true
	}
	q, err := routing.Queue(n.Queue)
	return err == nil && slices.Contains(routing.Serving(q), profile) // one that was deleted has nobody
}

// notices returns what an agent of a profile was told within NoticeLife, the
// latest last. It reads strongly: what was sent before the page looked on is in it.
func (v *Views) notices(ctx context.Context, tenant, profile string) ([]Notice, error) {
	from := agent.SortNoticeFrom(v.now().Add(-agent.NoticeLife))
	items, _, err := v.table.Query(ctx, cloud.Query{Part: agent.NoticePart(tenant), From: from, To: agent.SortNotice + "\uffff", Descending: true, Strong: true, Limit: 5 * maxNotices})
	if err != nil || len(items) == 0 {
		return []Notice{}, fault.Wrap(fault.KindOf(err), err, "view: read notices")
	}
	routing, err := v.router.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	mine := []Notice{}
	for _, i := range items {
		n := agent.NoticeFromItem(i)
		if n == nil || len(mine) == maxNotices || !concerns(routing, n, profile) {
			continue
		}
		shown, err := v.NoticeOf(ctx, n)
		if err != nil {
			return nil, err
		}
		mine = append(mine, shown)
	}
	slices.Reverse(mine)
	return mine, nil
}

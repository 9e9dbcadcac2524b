package live

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Rows of connections. Those of "_" belong to no tenant until they are read; the
// stream's consumers are not called for them. A topic's rows lie together, so
// that one query finds whom a change is told.
const (
	partConnection = "_|LIVE#"
	partTicket     = "_|LIVE#ticket#"
	sortRow        = "ROW"
)

func connectionKey(id string) cloud.Key { return cloud.Key{Part: partConnection + id, Sort: sortRow} }

func ticketKey(id string) cloud.Key { return cloud.Key{Part: partTicket + id, Sort: sortRow} }

// topicPart is the partition of the connections that look at a topic.
func topicPart(tenant string, t Topic, agent string) string {
	if t == Floor {
		return tenant + "|LIVE#floor"
	}
	return tenant + "|LIVE#me#" + agent
}

// conn is a connection and who is behind it.
type conn struct {
	id  string
	who auth.Identity
}

func (c conn) topicKey(t Topic) cloud.Key {
	return cloud.Key{Part: topicPart(c.who.Tenant, t, c.who.Agent), Sort: c.id}
}

func (c conn) item(until time.Time) cloud.Item {
	return cloud.Item{"v": int64(1), "tenant": c.who.Tenant, "agent": c.who.Agent, "role": string(c.who.Role), "until": until.Unix(), cloud.AttrTTL: until.Unix()}
}

func connFrom(id string, i cloud.Item) conn {
	return conn{id, auth.Identity{Tenant: i.Str("tenant"), Agent: i.Str("agent"), Role: auth.Role(i.Str("role"))}}
}

// Opening is a connection that asks to be opened.
type Opening struct {
	Connection string
	Ticket     string
	Origin     string // of the page; "" = no page
	Host       string // that was connected to
}

// ErrTicket is the error of a ticket that opens nothing: changed, old or used.
var ErrTicket = fault.New(fault.Forbidden, "live: ticket not valid")

// ErrOrigin is the error of a page of another site.
var ErrOrigin = fault.New(fault.Forbidden, "live: page of another site")

// Connect lets a connection in. The ticket is used up by that: a second one with
// it is refused.
func (s *Service) Connect(ctx context.Context, o Opening) error {
	if !s.sameSite(o) {
		return ErrOrigin
	}
	who, id, until, err := s.tickets.VerifyOnce(ctx, o.Ticket)
	if errors.Is(err, auth.ErrToken) {
		return fault.Wrap(fault.Forbidden, ErrTicket, "%s", err)
	}
	if err != nil {
		return err
	}
	c := conn{o.Connection, who}
	err = s.table.Transact(ctx, "",
		cloud.Write{Key: ticketKey(id), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"v": int64(1), cloud.AttrTTL: until.Unix()}},
		cloud.Write{Key: connectionKey(c.id), Put: c.item(s.now().Add(Life + time.Minute))})
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() {
		return fault.Wrap(fault.Forbidden, ErrTicket, "used before")
	}
	return fault.Wrap(fault.KindOf(err), err, "live: open connection")
}

// sameSite lets through programs, pages of the host itself and of known hosts.
func (s *Service) sameSite(o Opening) bool {
	if o.Origin == "" {
		return true
	}
	u, err := url.Parse(o.Origin)
	return err == nil && u.Host != "" && (strings.EqualFold(u.Host, o.Host) || slices.ContainsFunc(s.origins, func(h string) bool { return strings.EqualFold(u.Host, h) }))
}

// Disconnect forgets a connection. It may never be called for one: its rows end
// with its longest life, or with the first push that finds it gone.
func (s *Service) Disconnect(ctx context.Context, connection string) error {
	c, ok, err := s.conn(ctx, connection)
	if err != nil || !ok {
		return err
	}
	return s.forget(ctx, c)
}

func (s *Service) forget(ctx context.Context, c conn) error {
	keys := []cloud.Key{connectionKey(c.id)}
	for _, t := range []Topic{Me, Floor} {
		if p, _ := t.needs(); c.who.May(p) {
			keys = append(keys, c.topicKey(t))
		}
	}
	for _, k := range keys {
		if _, err := s.table.Write(ctx, cloud.Write{Key: k, Delete: true}); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "live: forget connection")
		}
	}
	return nil
}

// conn reads who is behind a connection; false for one that was never let in.
func (s *Service) conn(ctx context.Context, connection string) (conn, bool, error) {
	i, err := s.table.Get(ctx, connectionKey(connection), true)
	if err != nil {
		return conn{}, false, fault.Wrap(fault.KindOf(err), err, "live: read connection")
	}
	return connFrom(connection, i), i != nil && i.Int("until") > s.now().Unix(), nil
}

// watching returns the connections that look at a topic. The read is strong: one
// that subscribed before a change is told of it.
func (s *Service) watching(ctx context.Context, tenant string, t Topic, agent string) ([]conn, error) {
	var all []conn
	now := s.now().Unix()
	q := cloud.Query{Part: topicPart(tenant, t, agent), Strong: true}
	for {
		page, next, err := s.table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "live: read connections")
		}
		for _, i := range page {
			if i.Int("until") > now {
				all = append(all, connFrom(i.Str(cloud.AttrSort), i))
			}
		}
		if q.After = next; next == nil {
			return all, nil
		}
	}
}

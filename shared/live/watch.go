package live

import (
	"context"
	"encoding/json"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// unwatched is how long it is remembered that nobody looks at a topic of a tenant:
// without a page, a change costs no read.
const unwatched = 10 * time.Second

// Resync is a message of event.LiveQueue to oneself: have a page ask for its
// snapshot once more.
type Resync struct {
	Connection string `json:"resync"`
	Topic      Topic  `json:"topic"`
}

// watched names a topic of a tenant.
type watched struct {
	tenant string
	topic  Topic
}

// key is the mark that somebody looks.
func (w watched) key() cloud.Key {
	return cloud.Key{Part: w.tenant + "|LIVE#watched", Sort: string(w.topic)}
}

// watch marks a topic as watched for longer than a connection can live. Where
// the mark is new, others may think for a while that nobody looks: what they do
// not tell until then, the page asks for when that while is over.
func (s *Service) watch(ctx context.Context, c conn, t Topic) error {
	now := s.now()
	what, need := watched{c.who.Tenant, t}, now.Add(Life+time.Minute).Unix()
	s.mu.Lock()
	known := s.watched[what]
	s.mu.Unlock()
	if known.until >= need {
		return nil
	}
	i, err := s.table.Get(ctx, what.key(), true)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "live: read mark")
	}
	until := i.Int("until")
	if until < now.Unix() {
		if err := s.askAgain(ctx, c, t); err != nil {
			return err
		}
	}
	if until < need {
		until = now.Add(2 * Life).Unix()
		put := cloud.Item{"v": int64(1), "until": until, cloud.AttrTTL: until}
		if _, err := s.table.Write(ctx, cloud.Write{Key: what.key(), Put: put}); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "live: mark topic")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched[what] = mark{until: until}
	return nil
}

func (s *Service) askAgain(ctx context.Context, c conn, t Topic) error {
	body, err := json.Marshal(Resync{c.id, t})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "live: encode resync")
	}
	err = s.queue.Send(ctx, event.LiveQueue, cloud.Message{Body: body, Delay: unwatched + time.Second})
	return fault.Wrap(fault.KindOf(err), err, "live: ask for a resync")
}

// mark is what is remembered of a topic.
type mark struct {
	until int64     // Unix; somebody looks until then
	read  time.Time // when nobody did
}

// isWatched reports whether somebody may look at a topic.
func (s *Service) isWatched(ctx context.Context, what watched) (bool, error) {
	now := s.now()
	s.mu.Lock()
	m := s.watched[what]
	s.mu.Unlock()
	if m.until > now.Unix() {
		return true, nil
	}
	if age := now.Sub(m.read); age >= 0 && age < unwatched {
		return false, nil
	}
	i, err := s.table.Get(ctx, what.key(), true)
	if err != nil {
		return false, fault.Wrap(fault.KindOf(err), err, "live: read mark")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched[what] = mark{i.Int("until"), now}
	return i.Int("until") > now.Unix(), nil
}

// resync tells a page to ask for a snapshot.
func (s *Service) resync(ctx context.Context, r Resync) error {
	c, ok, err := s.conn(ctx, r.Connection)
	if err != nil || !ok {
		return err
	}
	text, err := encode(note{"resync", r.Topic})
	if err != nil {
		return err
	}
	return s.send(ctx, c, text)
}

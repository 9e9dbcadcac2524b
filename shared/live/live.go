// Package live tells open pages what changes while they look: an agent's own
// state, offers and contacts, and a supervisor's floor. It decides who may look
// at what, and which change concerns which connection; what things look like is
// decided by view, and how a connection is held by whoever has the other side of
// cloud.Push.
//
// A page that subscribes to a topic gets a snapshot, then a delta per change.
// Deltas carry the versions of their item, so that a page sees when one is
// missing, late or twice, and asks for a snapshot again: they may come in any
// order and more than once. A topic's row is written before its snapshot is read,
// so no change falls between the two.
package live

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

// Life is how long a connection can live: API Gateway's limit.
const Life = 2 * time.Hour

// Topic is what a page can look at.
type Topic string

// The topics.
const (
	Me    Topic = "me"    // the agent's own state: view.Me
	Floor Topic = "floor" // all agents and queues: view.Floor
)

// needs is the permission that a topic asks for; false for one that is unknown.
func (t Topic) needs() (auth.Permission, bool) {
	switch t {
	case Me:
		return auth.ActAsAgent, true
	case Floor:
		return auth.WatchFloor, true
	}
	return "", false
}

// Config is what live updates work with.
type Config struct {
	Table   cloud.Table
	Push    cloud.Push
	Queue   cloud.Queue // reaches event.LiveQueue
	Router  *acd.Router
	Tickets *auth.Tokens // of the audience that desk issues tickets for
	// Origins are the hosts whose pages may connect, besides the one that is
	// connected to. A program sends no origin.
	Origins []string
	Now     func() time.Time
	Log     *slog.Logger
}

// Service holds connections and tells them. Its only state is a memory of the
// counts that it has asked for, and of which tenants nobody looks at.
type Service struct {
	table   cloud.Table
	push    cloud.Push
	queue   cloud.Queue
	router  *acd.Router
	views   *view.Views
	tickets *auth.Tokens
	origins []string
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	asked   map[asking]int64 // the last second that a count was asked for
	watched map[watched]mark
}

// asking is what a count was asked for, and how long ahead.
type asking struct {
	tenant string
	after  time.Duration
}

// New returns the service.
func New(c Config) *Service {
	return &Service{table: c.Table, push: c.Push, queue: c.Queue, router: c.Router, views: view.New(c.Table, c.Router, c.Now), tickets: c.Tickets,
		origins: slices.Clone(c.Origins), now: c.Now, log: c.Log, asked: map[asking]int64{}, watched: map[watched]mark{}}
}

// send pushes a text to a connection. One that is gone is forgotten, which is no
// error: a page that has gone needs no update.
func (s *Service) send(ctx context.Context, c conn, text []byte) error {
	err := s.push.Send(ctx, c.id, text)
	if fault.KindOf(err) != fault.Gone {
		return fault.Wrap(fault.KindOf(err), err, "live: push")
	}
	return s.forget(ctx, c)
}

// sendAll is send of some frames to several connections. All are tried.
func (s *Service) sendAll(ctx context.Context, to []conn, frames func(conn) ([][]byte, error)) error {
	errs := make([]error, len(to))
	room := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for n, c := range to {
		all, err := frames(c)
		if err != nil {
			return err
		}
		room <- struct{}{}
		wg.Go(func() {
			for _, text := range all {
				if errs[n] = s.send(ctx, c, text); errs[n] != nil {
					break
				}
			}
			<-room
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// parallel bounds how many pushes are on their way at once.
const parallel = 16

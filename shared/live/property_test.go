package live

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/event"
)

// network is what lies between changes and pages: each part of it delays,
// repeats and, if lossy, drops what passes.
type network struct {
	rand   *rand.Rand
	lossy  bool
	frames []func() // on their way to a page
}

// between puts the network before a page.
func (n *network) between(c *client) {
	c.deliver = func(text []byte) { n.frames = append(n.frames, func() { c.handle(text) }) }
}

// times is how often one thing arrives.
func (n *network) times() int {
	switch p := n.rand.Float64(); {
	case n.lossy && p < 0.2:
		return 0
	case p < 0.4:
		return 2
	}
	return 1
}

// pass lets some of what is on its way arrive, in any order. A frame is never
// lost alone: a WebSocket that loses one is closed.
func (n *network) pass(w *world, all bool) {
	w.Helper()
	for len(w.held)+len(n.frames) > 0 && (all || n.rand.IntN(4) > 0) {
		w.clock.Advance(time.Millisecond) // two counts are never of one instant
		k := n.rand.IntN(len(w.held) + len(n.frames))
		if k < len(w.held) {
			body := w.held[k]
			w.held = slices.Delete(w.held, k, k+1)
			for range n.times() {
				if err := w.live.HandleMessage(w.Context(), body); err != nil {
					w.Fatal(err)
				}
			}
			continue
		}
		k -= len(w.held)
		arrive := n.frames[k]
		n.frames = slices.Delete(n.frames, k, k+1)
		arrive()
	}
}

// anything does one thing that may happen in a centre.
func (w *world) anything(r *rand.Rand, calls *[]contact.ID) {
	w.Helper()
	ignore := func(_ any, _ error) {} // a step that comes too early or too late is refused
	agents := []string{"lin", "wu"}
	switch who := agents[r.IntN(2)]; r.IntN(9) {
	case 0:
		w.status(who, agent.Away, "meal")
	case 1, 2:
		w.status(who, agent.Available, "")
	case 3:
		*calls = append(*calls, w.call([]string{"loans", "cards"}[r.IntN(2)], map[string]string{"customerName": fmt.Sprint("caller ", len(*calls))}))
	default:
		if len(*calls) == 0 {
			return
		}
		id := (*calls)[r.IntN(len(*calls))]
		c := w.contact(id)
		ctx := w.Context()
		switch r.IntN(8) {
		case 0, 1:
			ignore(w.router.Accept(ctx, tenant, id, c.Offer))
		case 2, 3:
			ignore(w.router.Joined(ctx, tenant, id, c.Offer, ""))
		case 4:
			ignore(w.router.Hold(ctx, tenant, id, r.IntN(2) == 0))
		case 5:
			ignore(nil, w.router.Reject(ctx, tenant, id, c.Offer))
		case 6:
			ignore(w.router.End(ctx, tenant, id, contact.CustomerLeft))
		case 7:
			ignore(w.router.Finish(ctx, tenant, id, "solved"))
		}
	}
}

// Whatever the order in which changes arrive, and however often: a page that
// follows the rules ends up with what is true. Where changes are lost it does
// once it asks.
func TestAPageAlwaysEndsUpWithWhatIsTrue(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		syncs, deltas := 0, 0
		for seed := range uint64(10) {
			r := rand.New(rand.NewPCG(seed, 7))
			w, lin, floor := people(t)
			w.hold = true
			n := &network{rand: r, lossy: lossy}
			n.between(lin)
			n.between(floor)
			var calls []contact.ID
			for range 60 {
				w.anything(r, &calls)
				w.settle(time.Duration(r.IntN(3)) * 700 * time.Millisecond)
				n.pass(w, false)
			}
			w.settle(3 * time.Second)
			n.pass(w, true)
			if n.lossy = false; lossy { // what is lost from here on, no question before can bring back
				lin.sync(lin.topics[Me])
				floor.sync(floor.topics[Floor])
			}
			for range 100 { // counts that were asked for meanwhile, and snapshots
				w.settle(time.Second)
				n.pass(w, true)
				if len(w.held)+len(n.frames)+w.cloud.Depth(event.LiveQueue) == 0 {
					break
				}
			}
			what := fmt.Sprintf("seed %d, lossy %v", seed, lossy)
			w.same(what, lin, Me, "lin", auth.Agent)
			w.same(what, floor, Floor, "boss", auth.Supervisor)
			syncs += lin.topics[Me].syncs + floor.topics[Floor].syncs
			deltas += lin.frames + floor.frames
			if t.Failed() {
				return
			}
		}
		t.Logf("lossy %v: %d frames, %d snapshots asked for again", lossy, deltas, syncs)
	}
}

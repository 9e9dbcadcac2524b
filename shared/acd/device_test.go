package acd

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// soft is a world in which lin has a softphone.
func soft(t *testing.T) *world {
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: agent.Key(tenant, "lin"), Set: cloud.Item{"device": string(agent.Softphone)}}))
	return w
}

// lose is the relay's message, as it comes by the queue.
func (w *world) lose(id string, at time.Time) {
	w.Helper()
	raw, err := json.Marshal(sma.DeviceLost{Kind: sma.DeviceLostKind, Tenant: tenant, Agent: id, User: id, At: at})
	if err == nil {
		err = w.router.HandleTimer(w.ctx, raw)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) stands(id, want string) {
	w.Helper()
	a := w.agent(id)
	if got := fmt.Sprintf("%s %q next %s %q", a.State, a.Status, a.NextState, a.NextStatus); got != want {
		w.Errorf("agent %s is %s, want %s", id, got, want)
	}
}

func TestAnAgentWhoseSoftphoneIsLost(t *testing.T) {
	const gone = `OFFLINE "device lost" next  ""`
	t.Run("and who is free is offered nothing", func(t *testing.T) {
		w := soft(t)
		w.status("lin", agent.Available)
		w.lose("lin", w.clock.Now())
		w.stands("lin", gone)
		w.call("c1", "loans")
		w.wants("c1", "QUEUED", "lin", "OFFLINE 0")
		w.lose("lin", w.clock.Now()) // twice
		w.stands("lin", gone)
		w.status("lin", agent.Available) // back at the desk
		w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	})
	t.Run("loses an offer in flight at once", func(t *testing.T) {
		w := soft(t)
		w.status("lin", agent.Available)
		w.call("c1", "loans")
		w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
		w.lose("lin", w.clock.Now())
		w.wants("c1", "QUEUED", "lin", "OFFLINE 0")
		w.stands("lin", gone)
	})
	t.Run("keeps a talk, and is away after it", func(t *testing.T) {
		w := soft(t)
		w.talk("c1")
		w.lose("lin", w.clock.Now())
		w.wants("c1", "CONNECTED lin", "lin", "AVAILABLE 1")
		w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		w.must(w.router.Finish(w.ctx, tenant, "c1", ""))
		w.wants("c1", "COMPLETED lin", "lin", "OFFLINE 0")
		w.stands("lin", gone)
	})
	t.Run("and who comes back within the talk takes it back", func(t *testing.T) {
		w := soft(t)
		w.talk("c1")
		w.lose("lin", w.clock.Now())
		w.status("lin", agent.Available)
		w.stands("lin", `AVAILABLE "" next  ""`)
	})
	t.Run("has chosen what comes next", func(t *testing.T) {
		w := soft(t)
		w.talk("c1")
		w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Away, "Lunch"))
		w.lose("lin", w.clock.Now())
		w.stands("lin", `AVAILABLE "" next AWAY "Lunch"`)
	})
	t.Run("and who is available since has another", func(t *testing.T) {
		w := soft(t)
		at := w.clock.Now().Add(-time.Second)
		w.status("lin", agent.Available)
		w.lose("lin", at)
		w.stands("lin", `AVAILABLE "" next  ""`)
	})
	t.Run("but has a telephone", func(t *testing.T) {
		w := newWorld(t)
		w.status("lin", agent.Available)
		w.lose("lin", w.clock.Now())
		w.stands("lin", `AVAILABLE "" next  ""`)
		w.lose("nobody", w.clock.Now())
	})
}

package live

import (
	"fmt"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud"
)

// notices are the texts of a page, as it shows them.
func (c *client) notices() string {
	var all []any
	for _, n := range list(c.topics[Me].state["notices"]) {
		all = append(all, fmt.Sprint(n["from"], ": ", n["text"]))
	}
	return fmt.Sprint(all)
}

func (w *world) send(id, text, profile, queue string) {
	w.Helper()
	w.write(agent.Notice{Tenant: tenant, ID: id, At: w.clock.Now(), From: "boss", Text: text, Profile: profile, Queue: queue}.Put())
	w.settle(time.Second)
}

func TestAgentsAreToldWhatASupervisorSends(t *testing.T) {
	w, lin, _ := people(t)
	w.write(acd.Profile{ID: "cards", Name: "Cards", Group: "main", Queues: []acd.ProfileQueue{{Queue: "cards", Priority: 1}}}.Put(tenant))
	w.write(cloud.Write{Key: agent.Key(tenant, "wu"), Set: cloud.Item{"profile": "cards"}, Add: map[string]int64{"v": 1}})
	w.settle(31 * time.Second)
	wu := w.open("c-wu=", "wu", auth.Agent)
	wu.subscribe(Me)
	w.clock.Advance(time.Second)
	wants := func(when, ofLin, ofWu string) {
		t.Helper()
		if lin.notices() != ofLin || wu.notices() != ofWu {
			t.Errorf("%s: lin is told %s, wu %s", when, lin.notices(), wu.notices())
		}
	}
	w.send("n1", "meeting at noon", "", "")
	wants("to all", "[陈静: meeting at noon]", "[陈静: meeting at noon]")
	w.send("n2", "<b>&", "cards", "")
	wants("to a profile", "[陈静: meeting at noon]", "[陈静: meeting at noon 陈静: <b>&]")
	w.send("n3", "loans are down", "", "loans")
	wants("to a queue", "[陈静: meeting at noon 陈静: loans are down]", "[陈静: meeting at noon 陈静: <b>&]")
	w.send("n4", "nobody", "cards", "loans")
	w.send("n5", "nobody", "", "gone")
	before := lin.frames
	lin.sync(lin.topics[Me]) // a page that comes later is told the same
	wu.sync(wu.topics[Me])
	wants("later", "[陈静: meeting at noon 陈静: loans are down]", "[陈静: meeting at noon 陈静: <b>&]")
	if lin.frames != before+1 {
		t.Errorf("%d frames for nobody's notices", lin.frames-before-1)
	}
	w.clock.Advance(agent.NoticeLife + time.Second)
	late := w.open("c-late=", "lin", auth.Agent)
	late.subscribe(Me)
	if got := late.notices(); got != "[]" {
		t.Errorf("the next day: %s", got)
	}
}

func TestAPageThatComesIsToldTheLatestNotices(t *testing.T) {
	w, _, _ := people(t)
	for n := range 25 {
		w.send(fmt.Sprintf("n%02d", n), fmt.Sprint(n), "", "")
	}
	late := w.open("c-late=", "lin", auth.Agent)
	late.subscribe(Me)
	all := list(late.topics[Me].state["notices"])
	if len(all) != 20 || all[0]["text"] != "5" || all[19]["text"] != "24" {
		t.Errorf("%s", late.notices())
	}
}

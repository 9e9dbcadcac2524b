package main

import (
	"strings"
	"testing"
	"time"
)

func TestAContactsWayIsToldInSentences(t *testing.T) {
	came := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := func(s int) *time.Time { x := came.Add(time.Duration(s) * time.Second); return &x }
	a := whyAnswer{Contact: "c1", State: "QUEUED", Queue: "loans", Enqueued: &came, Attempts: 3, Ahead: 2, Choices: []whyChoice{
		{Agent: "lin", At: *at(10), Waited: "agent", Since: at(10), Priority: 1, Free: 3, Fits: 1, Skills: 1},
		{Agent: "wu", At: *at(40), Waited: "overflow", Since: at(40), Via: "cards", Priority: 2, Level: 5, Free: 900, Fits: -1}}}
	a.Agents = append(a.Agents, struct {
		Agent   string    `json:"agent"`
		Why     string    `json:"why"`
		Detail  string    `json:"detail,omitempty"`
		Expires time.Time `json:"expires,omitzero"`
	}{"ann", "skills", "english", *at(90)})
	var out strings.Builder
	a.print(&out, *at(60))
	want := `12:00:00Z  came to loans
          1 earlier offers are not kept
12:00:10Z  offered to lin after 10s: the agent was not free before (12:00:10Z); priority 1 in the agent's profile
          1 free, would have come after: lower level, or idle not so long
          1 free, lacked a skill, or were not asked for
12:00:40Z  offered to wu after 40s: agents of cards help by then (12:00:40Z); priority 2 in the agent's profile; skill level 5
          900 agents were free
12:01:00Z  waits since 1m0s, 2 before it
          ann: lacks english, until 12:01:30Z
`
	if out.String() != want {
		t.Errorf("told\n%s\nwant\n%s", out.String(), want)
	}
}

package desk

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
)

// Slots is how many contacts of each channel an agent may have at a time.
type Slots struct {
	Voice int `json:"voice" minimum:"0" maximum:"1"`
	Chat  int `json:"chat,omitempty" minimum:"0" maximum:"20"`
	Email int `json:"email,omitempty" minimum:"0" maximum:"20"`
	Task  int `json:"task,omitempty" minimum:"0" maximum:"20"`
}

// Assignment is what an agent is given to do.
type Assignment struct {
	Profile string         `json:"profile" minLength:"1" maxLength:"64" doc:"Routing profile"`
	Skills  map[string]int `json:"skills,omitempty" doc:"Levels: 1 to 5"`
	Slots   Slots          `json:"slots"`
	Mixed   bool           `json:"mixed,omitempty" doc:"Contacts of different channels at the same time"`
}

// AgentLine is an agent as the list shows one.
type AgentLine struct {
	ID       string      `json:"id"`
	Username string      `json:"username"`
	Name     string      `json:"name,omitempty"`
	State    agent.State `json:"state" enum:"OFFLINE,AVAILABLE,AWAY,MISSED"`
	Assignment
}

type agentsOutput struct {
	Body struct {
		Agents []AgentLine `json:"agents"`
	}
}

type assignInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Agent"`
	Body Assignment
}

type assignOutput struct{ Body AgentLine }

func (d *Desk) registerAgents(api huma.API) {
	register(d, api, operation{"listAgents", http.MethodGet, "/v1/agents", "Agents, and what they are given to do", auth.EditRouting, http.StatusOK}, d.agents)
	register(d, api, operation{"assign", http.MethodPut, "/v1/agents/{id}/assignment", "Give an agent another profile, other skills or room", auth.EditRouting, http.StatusOK}, d.assign)
}

func (d *Desk) agents(ctx context.Context, who auth.Identity, _ *struct{}) (*agentsOutput, error) {
	out := &agentsOutput{}
	out.Body.Agents = []AgentLine{}
	err := d.router.Roster(ctx, who.Tenant, func(a *agent.Agent) error {
		out.Body.Agents = append(out.Body.Agents, lineOf(a))
		return nil
	})
	slices.SortFunc(out.Body.Agents, func(a, b AgentLine) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

func lineOf(a *agent.Agent) AgentLine {
	is := acd.AssignmentOf(a)
	return AgentLine{a.ID, a.Username, a.Name, a.State, Assignment{is.Profile, is.Skills,
		Slots{is.Slots[contact.Voice], is.Slots[contact.Chat], is.Slots[contact.Email], is.Slots[contact.Task]}, is.Mixed}}
}

func (d *Desk) assign(ctx context.Context, who auth.Identity, in *assignInput) (*assignOutput, error) {
	to := acd.Assignment{Profile: in.Body.Profile, Skills: in.Body.Skills, Mixed: in.Body.Mixed,
		Slots: map[contact.Channel]int{contact.Voice: in.Body.Slots.Voice, contact.Chat: in.Body.Slots.Chat, contact.Email: in.Body.Slots.Email, contact.Task: in.Body.Slots.Task}}
	for _, skill := range slices.Sorted(maps.Keys(to.Skills)) {
		if n := to.Skills[skill]; skill == "" || len(skill) > maxSkill || n < 1 || n > maxLevel {
			return nil, wrongField("body.skills."+skill, "expected a name of at most 64 bytes, and a level of 1 to 5")
		}
	}
	out := &assignOutput{}
	err := d.audited(ctx, who, "agent:assign", in.ID, func() error {
		a, err := d.router.Assign(ctx, who.Tenant, in.ID, to)
		if err == nil {
			out.Body = lineOf(a)
		}
		return err
	})
	return out, err
}

// Bounds of skills.
const (
	maxSkill = 64
	maxLevel = 5
)

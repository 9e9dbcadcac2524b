package desk

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/live/view"
)

// Chosen is why an offer went to its agent. Counts are of the agents who were free
// then, -1 where they were too many to be told apart.
type Chosen struct {
	Agent    string     `json:"agent"`
	At       time.Time  `json:"at"`
	Waited   string     `json:"waitedFor" enum:"nothing,agent,delay,criteria,overflow,exclusion,time" doc:"What the contact waited for until then"`
	Since    *time.Time `json:"since,omitempty" doc:"Since when the agent might have had it"`
	Priority int        `json:"priority,omitempty" doc:"Of the queue in the agent's routing profile"`
	Via      string     `json:"overflowTo,omitempty" doc:"Queue whose agents help"`
	Step     int        `json:"criteriaStep,omitempty"`
	Level    int        `json:"skillLevel,omitempty" doc:"Sum of the levels of what it asks for"`
	Free     int        `json:"free"`
	Fits     int        `json:"othersThatFit"`
	Unserved int        `json:"othersOfOtherQueues"`
	Skills   int        `json:"othersWithoutSkills"`
	Excluded int        `json:"othersExcluded"`
	Delayed  int        `json:"othersLater"`
}

// Why is why a contact got whom it got, and waited as long as it did.
type Why struct {
	Contact  string         `json:"contactId"`
	State    string         `json:"state"`
	Queue    string         `json:"queue,omitempty"`
	Enqueued *time.Time     `json:"enqueued,omitempty"`
	Attempts int            `json:"attempts" doc:"Offers so far; choices has the last ones"`
	Choices  []Chosen       `json:"choices"`
	Agent    string         `json:"agent,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Ahead    int            `json:"ahead" doc:"Of one who waits: contacts before it"`
	Agents   []acd.Obstacle `json:"agents" doc:"Of one who waits: what keeps each agent from it"`
}

type whyOutput struct{ Body Why }

func (d *Desk) registerWhy(api huma.API) {
	register(d, api, operation{"explainContact", http.MethodGet, "/v1/contacts/{id}/why", "Why a contact went to whom it did, and waited so long", auth.ReadAny, http.StatusOK},
		func(ctx context.Context, who auth.Identity, in *ContactPath) (*whyOutput, error) {
			e, err := d.router.Explain(ctx, who.Tenant, contact.ID(in.ID))
			if err != nil {
				return nil, err
			}
			out := &whyOutput{Why{Contact: e.Contact, State: e.State, Queue: e.Queue, Enqueued: view.Maybe(e.Enqueued), Attempts: e.Attempts,
				Choices: make([]Chosen, len(e.Choices)), Agent: e.Agent, Reason: e.Reason, Ahead: e.Ahead, Agents: e.Agents}}
			for n, c := range e.Choices {
				out.Body.Choices[n] = Chosen{c.Agent, c.At, string(c.Cause), view.Maybe(c.Since), c.Priority, c.Via, c.Step, c.Level, c.Free, c.Fits, c.Unserved, c.Skills, c.Excluded, c.Delayed}
			}
			return out, nil
		})
}

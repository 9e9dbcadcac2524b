package desk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/live/view"
)

type meOutput struct{ Body view.Me }

// NewStatus is a status to be set.
type NewStatus struct {
	Status string `json:"status" enum:"available,offline,custom"`
	Name   string `json:"name,omitempty" maxLength:"64" doc:"Of a custom status; required with it"`
}

type statusInput struct{ Body NewStatus }

// state is the status in the words of the domain.
func (n NewStatus) state() (agent.State, error) {
	switch {
	case n.Status == "custom" && n.Name == "":
		return "", wrongField("body.name", "a custom status needs a name")
	case n.Status == "custom":
		return agent.Away, nil
	case n.Status == "offline":
		return agent.Offline, nil
	}
	return agent.Available, nil
}

func (d *Desk) registerHealth(api huma.API) {
	type health struct {
		Body struct {
			Status string `json:"status" example:"ok"`
		}
	}
	register(d, api, operation{"health", http.MethodGet, "/healthz", "Is the desk alive", "", http.StatusOK},
		func(context.Context, auth.Identity, *struct{}) (*health, error) {
			out := &health{}
			out.Body.Status = "ok"
			return out, nil
		})
}

func (d *Desk) registerMe(api huma.API) {
	register(d, api, operation{"getMe", http.MethodGet, "/v1/agents/me", "The agent's state, offers and contacts", auth.ActAsAgent, http.StatusOK},
		func(ctx context.Context, who auth.Identity, _ *struct{}) (*meOutput, error) {
			a, err := d.router.Agent(ctx, who.Tenant, who.Agent)
			if err != nil {
				return nil, err
			}
			return d.me(ctx, who, a)
		})
	register(d, api, operation{"setStatus", http.MethodPost, "/v1/agents/me/status", "Set the agent's status, now or after the last contact", auth.ActAsAgent, http.StatusOK},
		func(ctx context.Context, who auth.Identity, in *statusInput) (*meOutput, error) {
			to, err := in.Body.state()
			if err != nil {
				return nil, err
			}
			a, err := d.router.SetStatus(ctx, who.Tenant, who.Agent, to, in.Body.Name)
			if err != nil {
				return nil, err
			}
			if a.Ready() { // it may have been offered a contact meanwhile
				if a, err = d.router.Agent(ctx, who.Tenant, who.Agent); err != nil {
					return nil, err
				}
			}
			return d.me(ctx, who, a)
		})
}

func (d *Desk) me(ctx context.Context, who auth.Identity, a *agent.Agent) (*meOutput, error) {
	me, _, err := d.views.Me(ctx, who, a)
	if err != nil {
		return nil, err
	}
	return &meOutput{*me}, nil
}

package desk

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd/setup"
	"huawu/shared/auth"
)

// RoutingChange is what becomes of one queue, profile, group, or hours.
type RoutingChange struct {
	What string `json:"what" example:"queue service"`
	How  string `json:"how" example:"ringSeconds 20 → 30"`
}

// RoutingFinding is one thing to know of a routing.
type RoutingFinding struct {
	Where string `json:"where" example:"queues.service"`
	What  string `json:"what" example:"no profile serves it"`
}

type routingOutput struct {
	Body struct {
		Revision int64            `json:"revision" doc:"Goes back with a change; 0 is what was there before the first"`
		At       *time.Time       `json:"at,omitempty"`
		By       string           `json:"by,omitempty"`
		Routing  setup.Document   `json:"routing"`
		Warnings []RoutingFinding `json:"warnings" doc:"What is not wrong, but probably not meant"`
	}
}

type routingInput struct {
	Revision int64 `query:"revision" minimum:"-1" default:"-1" doc:"One that was in force before; -1: the one in force"`
}

type routingPutInput struct {
	Body struct {
		Revision int64          `json:"revision" minimum:"0" doc:"That the routing was made of"`
		Routing  setup.Document `json:"routing"`
		DryRun   bool           `json:"dryRun,omitempty" doc:"Only say what would change"`
	}
}

type routingPutOutput struct {
	Body struct {
		Revision int64            `json:"revision"`
		Applied  bool             `json:"applied"`
		Changes  []RoutingChange  `json:"changes"`
		Faults   []RoutingFinding `json:"faults" doc:"With one it is not applied; only of a dry run, else they are the problem's"`
		Warnings []RoutingFinding `json:"warnings"`
	}
}

// routingDesk serves what an administrator does about routing.
type routingDesk struct {
	*Desk
	store setup.Store
}

func (d *Desk) registerRouting(api huma.API) {
	r := routingDesk{d, setup.Store{Table: d.table, Roster: d.router.Roster, Now: d.now}}
	register(d, api, operation{"getRouting", http.MethodGet, "/v1/routing", "Queues, routing profiles, groups and hours", auth.EditRouting, http.StatusOK}, r.get)
	registerSized(d, api, operation{"putRouting", http.MethodPut, "/v1/routing", "Change the routing as a whole", auth.EditRouting, http.StatusOK}, setup.MaxBytes, r.put)
}

func (d routingDesk) get(ctx context.Context, who auth.Identity, in *routingInput) (*routingOutput, error) {
	now, err := d.store.Get(ctx, who.Tenant)
	if err == nil && in.Revision >= 0 && in.Revision != now.Number {
		now, err = d.store.Past(ctx, who.Tenant, in.Revision)
	}
	if err != nil {
		return nil, err
	}
	out := &routingOutput{}
	out.Body.Revision, out.Body.By, out.Body.Routing = now.Number, now.By, now.Document
	if !now.At.IsZero() {
		out.Body.At = &now.At
	}
	out.Body.Warnings, err = d.warn(ctx, who.Tenant, now.Document)
	return out, err
}

func (d routingDesk) put(ctx context.Context, who auth.Identity, in *routingPutInput) (*routingPutOutput, error) {
	out := &routingPutOutput{}
	var plan setup.Plan
	var err error
	if in.Body.DryRun {
		var now setup.Revision
		if now, err = d.store.Get(ctx, who.Tenant); err == nil {
			plan, err = d.store.Plan(ctx, who.Tenant, now, in.Body.Routing)
		}
		out.Body.Revision = now.Number
	} else {
		err = d.audited(ctx, who, "routing:put", "routing", func() error {
			var now setup.Revision
			now, plan, err = d.store.Apply(ctx, who.Tenant, who.Agent, in.Body.Routing, in.Body.Revision)
			out.Body.Revision, out.Body.Applied = now.Number, len(plan.Changes) > 0
			return err
		})
	}
	if err != nil {
		return nil, refusedRouting(err, plan.Faults)
	}
	out.Body.Changes = []RoutingChange{}
	for _, c := range plan.Changes {
		out.Body.Changes = append(out.Body.Changes, RoutingChange{c.What, c.How})
	}
	out.Body.Faults = findings(plan.Faults)
	out.Body.Warnings, err = d.warn(ctx, who.Tenant, in.Body.Routing)
	return out, err
}

// refusedRouting is the problem of a routing that has faults.
func refusedRouting(err error, faults []setup.Finding) error {
	if len(faults) == 0 {
		return err
	}
	var all []error
	for _, f := range faults {
		all = append(all, &huma.ErrorDetail{Message: f.What, Location: f.Where})
	}
	return huma.NewError(http.StatusUnprocessableEntity, "the routing is not valid", all...)
}

// warn tells what is probably not meant, by the skills that agents have.
func (d routingDesk) warn(ctx context.Context, tenant string, r setup.Document) ([]RoutingFinding, error) {
	skills := map[string][]map[string]int{}
	for _, p := range r.Profiles {
		lines, err := d.lists.Staff(ctx, tenant, p.ID)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			skills[p.ID] = append(skills[p.ID], l.Skills)
		}
	}
	return findings(setup.Warn(r, skills)), nil
}

func findings(all []setup.Finding) []RoutingFinding {
	out := []RoutingFinding{}
	for _, f := range all {
		out = append(out, RoutingFinding(f))
	}
	return out
}

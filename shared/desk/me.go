package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

// Status is an agent's status in the words of the API.
type Status struct {
	Status string    `json:"status" enum:"available,offline,custom,missed" doc:"missed: an offer was let pass; nothing is offered until the agent sets a status"`
	Name   string    `json:"name,omitempty" doc:"Name of a custom status"`
	Since  time.Time `json:"since"`
}

// Next is the status that follows once the last contact is done.
type Next struct {
	Status string `json:"status" enum:"available,offline,custom"`
	Name   string `json:"name,omitempty"`
}

// Offer is a contact that rings at the agent.
type Offer struct {
	Offer    string    `json:"offerId" format:"uuid"`
	Contact  string    `json:"contactId" format:"uuid"`
	Queue    string    `json:"queue"`
	Customer string    `json:"customer,omitempty" doc:"Masked, unless the role may see numbers"`
	Waited   int       `json:"waitedSeconds"`
	Until    time.Time `json:"until" doc:"When the offer is over"`
}

// Current is a contact that the agent has.
type Current struct {
	Contact  string     `json:"contactId" format:"uuid"`
	State    string     `json:"state" enum:"CONNECTING,CONNECTED,ENDED" doc:"ENDED: after-contact work"`
	Since    time.Time  `json:"since"`
	Queue    string     `json:"queue"`
	Customer string     `json:"customer,omitempty"`
	OnHold   bool       `json:"onHold"`
	Until    *time.Time `json:"until,omitempty" doc:"End of the time for after-contact work"`
}

// Me is the agent who asks.
type Me struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Device   string    `json:"device" enum:"phone,softphone"`
	Profile  string    `json:"profile"`
	Status   Status    `json:"status"`
	Next     *Next     `json:"next,omitempty"`
	Offers   []Offer   `json:"offers"`
	Contacts []Current `json:"contacts"`
}

type meOutput struct{ Body Me }

type statusInput struct {
	Body struct {
		Status string `json:"status" enum:"available,offline,custom"`
		Name   string `json:"name,omitempty" maxLength:"64" doc:"Of a custom status; required with it"`
	}
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
			if in.Body.Status == "custom" && in.Body.Name == "" {
				return nil, wrongField("body.name", "a custom status needs a name")
			}
			to := agent.Available
			switch in.Body.Status {
			case "offline":
				to = agent.Offline
			case "custom":
				to = agent.Away
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

// statusWord names an agent's state outside.
func statusWord(s agent.State) string {
	switch s {
	case agent.Available:
		return "available"
	case agent.Away:
		return "custom"
	case agent.Missed:
		return "missed"
	}
	return "offline"
}

// me reads the contacts that are bound to the agent.
func (d *Desk) me(ctx context.Context, who auth.Identity, a *agent.Agent) (*meOutput, error) {
	out := &meOutput{Me{ID: a.ID, Username: a.Username, Name: a.Name, Role: string(who.Role), Device: string(cmp.Or(a.Device.Kind, agent.Softphone)), Profile: a.Profile,
		Status: Status{statusWord(a.State), a.Status, a.Since}, Offers: []Offer{}, Contacts: []Current{}}}
	if a.NextState != "" {
		out.Body.Next = &Next{statusWord(a.NextState), a.NextStatus}
	}
	for offer, id := range a.Offers {
		c, err := d.router.Glance(ctx, a.Tenant, id, func(c *contact.Contact) bool { return c.Offer == offer })
		if err != nil {
			return nil, err
		}
		if c.Offer != offer || c.OfferAgent != a.ID {
			continue // over; the slot is about to be freed
		}
		switch c.State {
		case contact.Offered:
			out.Body.Offers = append(out.Body.Offers, Offer{string(offer), string(id), c.Queue, shown(who, c.Customer),
				max(0, int(d.now().Sub(c.Enqueued)/time.Second)), c.Since.Add(time.Duration(c.RingSeconds) * time.Second)})
		case contact.Connecting, contact.Connected, contact.Ended:
			out.Body.Contacts = append(out.Body.Contacts, Current{string(id), string(c.State), c.Since, c.Queue, shown(who, c.Customer), !c.Hold.Since.IsZero(), maybe(c.ACWUntil)})
		}
	}
	slices.SortFunc(out.Body.Offers, func(a, b Offer) int { return cmp.Compare(a.Offer, b.Offer) })
	slices.SortFunc(out.Body.Contacts, func(a, b Current) int { return cmp.Compare(a.Contact, b.Contact) })
	return out, nil
}

// shown is a number as the identity may see it.
func shown(who auth.Identity, n phone.Number) string {
	if who.May(auth.ViewNumbers) {
		return n.Full()
	}
	return n.Masked()
}

func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

package desk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

type superviseInput struct {
	ContactPath
	Body struct {
		Mode string `json:"mode" enum:"listen,whisper,barge,takeover,stop" doc:"whisper: only the agent hears you; barge: all do; takeover: you have the contact, the agent is done with it"`
	}
}

type moveInput struct {
	ContactPath
	Body struct {
		Queue string `json:"queue" minLength:"1" maxLength:"64" doc:"Id of a queue"`
	}
}

type forceInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Agent"`
	Body NewStatus
}

type forceOutput struct{ Body view.Standing }

func (d *Desk) registerSupervise(api huma.API) {
	post := func(id, path, summary string, status int) operation {
		return operation{id, http.MethodPost, path, summary, auth.Supervise, status}
	}
	register(d, api, post("supervise", "/v1/contacts/{id}/supervise", "Listen to a talk, help, join, or take over", http.StatusAccepted), d.supervise)
	register(d, api, post("moveContact", "/v1/contacts/{id}/move", "Move a waiting contact to another queue", http.StatusAccepted), d.move)
	register(d, api, post("forceStatus", "/v1/agents/{id}/status", "Set another agent's status, now or after the last contact", http.StatusOK), d.force)
}

// supervise takes part in a talk, changes how, or stops.
func (d *Desk) supervise(ctx context.Context, who auth.Identity, in *superviseInput) (*doneOutput, error) {
	var c *contact.Contact
	err := d.audited(ctx, who, "contact:"+in.Body.Mode, in.ID, func() (err error) {
		if c, err = d.router.Contact(ctx, who.Tenant, contact.ID(in.ID)); err != nil {
			return err
		}
		if in.Body.Mode == "stop" {
			c, _, err = d.router.StopSupervising(ctx, c, who.Agent)
		} else {
			c, _, err = d.router.Supervise(ctx, c, who.Agent, acd.Supervision(in.Body.Mode))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *Desk) move(ctx context.Context, who auth.Identity, in *moveInput) (*doneOutput, error) {
	var c *contact.Contact
	err := d.audited(ctx, who, "contact:move", in.ID, func() (err error) {
		if c, err = d.router.Contact(ctx, who.Tenant, contact.ID(in.ID)); err == nil {
			c, err = d.router.MoveToQueue(ctx, c, in.Body.Queue)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *Desk) force(ctx context.Context, who auth.Identity, in *forceInput) (*forceOutput, error) {
	to, err := in.Body.state()
	if err != nil {
		return nil, err
	}
	out := &forceOutput{}
	err = d.audited(ctx, who, "agent:status", in.ID, func() error {
		a, err := d.router.SetStatus(ctx, who.Tenant, in.ID, to, in.Body.Name)
		if err == nil {
			out.Body = view.StandingOf(a)
		}
		return err
	})
	return out, err
}

// audited does what has to leave a trace: an audit item before, without which it
// is not done, and an audit line with what came of it.
func (d *Desk) audited(ctx context.Context, who auth.Identity, action, subject string, do func() error) error {
	now := d.now()
	_, err := d.table.Write(ctx, cloud.Write{
		Key: cloud.Key{Part: who.Tenant + "|AUDIT#" + now.UTC().Format("2006-01-02"), Sort: now.UTC().Format("15:04:05.000000000") + "#" + who.Agent + "#" + action},
		Put: cloud.Item{"v": int64(1), "agent": who.Agent, "role": string(who.Role), "action": action, "subject": subject},
	})
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "keep audit item")
	}
	err = do()
	result := "ok"
	if err != nil {
		result = string(fault.KindOf(err))
	}
	d.audit(ctx, who, action, result, "subject", subject)
	return err
}

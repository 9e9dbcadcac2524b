// Package seed writes the demo tenant: a number with a flow, a queue, three agents
// and a supervisor who may log in, and an endpoint that gets webhooks. It decides
// what a newcomer finds; what is there already it leaves alone.
package seed

import (
	"context"
	"errors"
	"time"

	"huawu/flows"
	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/ivr"
	"huawu/shared/ivr/release"
	"huawu/shared/phone"
)

// Names of the demo tenant.
const (
	Tenant  = "demo"
	Number  = "95000" // what callers dial
	Message = "95009" // what callers dial to leave a message
	Queue   = "service"
	Group   = "main"
	Profile = "service"
	Trunk   = "loopback"
)

// Person is an agent of the demo tenant.
type Person struct {
	ID, Username, Name string
	Role               auth.Role
	Device             agent.DeviceKind
	Skills             map[string]int
}

// People are the agents: one with a phone that rings, two who talk in the desk's
// page, so that a call can be handed from browser to browser, and a supervisor.
func People() []Person {
	return []Person{
		{ID: "lin", Username: "lin", Name: "林晓", Role: auth.Agent, Device: agent.Phone},
		{ID: "wu", Username: "wu", Name: "吴明", Role: auth.Agent, Device: agent.Softphone},
		{ID: "mei", Username: "mei", Name: "梅芳", Role: auth.Agent, Device: agent.Softphone},
		{ID: "chen", Username: "chen", Name: "陈静", Role: auth.Supervisor, Device: agent.Softphone},
	}
}

// Options are what a demo tenant may have otherwise.
type Options struct {
	RingSeconds int // 0 = 20
	ACWSeconds  int // 0 = 30
	Endpoints   []cloud.Write
}

// Demo writes the demo tenant into a table where it is not there yet.
func Demo(ctx context.Context, t cloud.Table, o Options) error {
	writes, err := demo(o)
	if err != nil {
		return err
	}
	for _, w := range writes {
		w.If = []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}
		_, err := t.Write(ctx, w)
		var refused *cloud.Refused
		if err != nil && !(errors.As(err, &refused) && refused.Lost()) {
			return fault.Wrap(fault.KindOf(err), err, "seed %s", w.Key.Sort)
		}
	}
	return nil
}

func demo(o Options) ([]cloud.Write, error) {
	if o.RingSeconds == 0 {
		o.RingSeconds = 20
	}
	if o.ACWSeconds == 0 {
		o.ACWSeconds = 30
	}
	number, err := phone.Parse(Number)
	if err != nil {
		return nil, err
	}
	message, err := phone.Parse(Message)
	if err != nil {
		return nil, err
	}
	writes := []cloud.Write{
		acd.Group{ID: Group, Shards: 1}.Put(Tenant),
		acd.Queue{ID: Queue, Name: "客服 Service", Group: Group, RingSeconds: o.RingSeconds, ACWSeconds: o.ACWSeconds, Mode: acd.Strict, Record: true, CallerID: Number}.Put(Tenant),
		acd.Profile{ID: Profile, Name: "客服 Service", Group: Group, Queues: []acd.ProfileQueue{{Queue: Queue, Priority: 1}}}.Put(Tenant),
		ivr.Number{Number: number, Flow: "demo", Language: "zh-CN"}.Put(Tenant),
		ivr.Number{Number: message, Flow: "voicemail", Language: "zh-CN"}.Put(Tenant),
	}
	for _, f := range flows.Demo() {
		versions, err := release.Seed(Tenant, f.ID, f.Name, f.Document, time.Time{})
		if err != nil {
			return nil, err
		}
		writes = append(writes, versions...)
	}
	for _, p := range People() {
		a := agent.Agent{Tenant: Tenant, ID: p.ID, Username: p.Username, Name: p.Name, Profile: Profile, Skills: p.Skills,
			State: agent.Offline, Device: agent.Device{Kind: p.Device, User: p.Username}, Voice: agent.Slots{Max: 1}, Task: agent.Slots{Max: 1}}
		writes = append(writes, a.Put())
	}
	writes = append(writes, choices()...)
	return append(writes, o.Endpoints...), nil
}

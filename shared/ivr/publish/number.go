package publish

import (
	"context"
	"strings"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/ivr"
	"huawu/shared/ivr/release"
	"huawu/shared/phone"
)

// AnyNumber stands for all numbers that are not bound.
const AnyNumber = "*"

// Binding is what a dialled number leads to.
type Binding struct {
	Number   string // E.164 or a short number, or AnyNumber
	Flow     string // flow, flow:version, flow:alias or flow:$SAVED
	Language string // BCP 47, until the flow says otherwise
}

// Numbers returns what numbers lead to.
func (p *Publisher) Numbers(ctx context.Context, tenant string) ([]Binding, error) {
	prefix := acd.ConfigKey(tenant, "NUMBER#")
	q := cloud.Query{Part: prefix.Part, From: prefix.Sort, To: prefix.Sort + "\uffff"}
	var list []Binding
	for {
		page, next, err := p.Table.Query(ctx, q)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "publish: list numbers")
		}
		for _, i := range page {
			list = append(list, Binding{Number: strings.TrimPrefix(i.Key().Sort, prefix.Sort), Flow: i.Str("flow"), Language: i.Str("lang")})
		}
		if next == nil {
			return list, nil
		}
		q.After = next
	}
}

// Bind lets a number lead to a flow. What the reference means has to exist.
func (p *Publisher) Bind(ctx context.Context, tenant string, b Binding) error {
	ref := release.ParseRef(b.Flow)
	h, err := p.Head(ctx, tenant, ref.ID)
	if err != nil {
		return err
	}
	if _, _, ok := h.Resolve(ref.Qualifier, ""); !ok {
		return fault.Wrap(fault.NotFound, release.ErrNoVersion, "flow %.60s has nothing to run as %.64q", ref.ID, ref.Qualifier)
	}
	n := ivr.Number{Flow: ref.String(), Language: b.Language}
	if b.Number != AnyNumber {
		if n.Number, err = phone.Parse(b.Number); err != nil {
			return fault.New(fault.Invalid, "publish: this is no number that can be dialled")
		}
	}
	_, err = p.Table.Write(ctx, n.Put(tenant))
	return fault.Wrap(fault.KindOf(err), err, "publish: bind number")
}

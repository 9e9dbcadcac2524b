package bugs

// protocol returns mutations of the protocol of claims, rows and rounds.
func protocol() []Bug {
	return []Bug{
		{Name: "a row is deleted whatever its epoch", Run: yields, Seeds: 300, Caught: "I-4", Edits: []Edit{
			{"shared/acd/row.go", `Delete: true, If: []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: epoch}}}`, `Delete: true}`},
		}},
		{Name: "a claim is two writes without a fence", Run: yields, Seeds: 40, Caught: "I-[249]", Quick: true, Edits: []Edit{
			{"shared/acd/round.go", `r.transact(ctx, offer,`, `r.apart(ctx,`},
			{"shared/acd/round.go", "", `func (r *Router) apart(ctx context.Context, w ...cloud.Write) error {
	if err := r.transact(ctx, "", w[1]); err != nil {
		return err
	}
	return r.transact(ctx, "", w[0])
}
`},
		}},
		{Name: "a scan ends where its first page is full", Run: vanish, Seeds: 60, Caught: "I-4", Edits: append(smallPages(),
			Edit{"shared/acd/view.go", `s.query.After, s.done = got[n].next, got[n].next == nil`, `s.query.After, s.done = got[n].next, true`})},
		{Name: "a claim asks for the version instead of the epoch", Run: yields, Seeds: 40, Caught: "I-4", Edits: []Edit{
			{"shared/acd/row.go", `contact.AttrEpoch: c.Epoch, "enq"`, `contact.AttrEpoch: c.Version, "enq"`},
			{"shared/acd/round.go", `{Attr: contact.AttrEpoch, Op: "=", Value: w.Epoch}`, `{Attr: contact.AttrVersion, Op: "=", Value: w.Epoch}`},
		}},
		{Name: "rows are read from a replica that is behind", Run: yields, Seeds: 60, Caught: "I-4", Edits: []Edit{
			{"shared/acd/view.go", `To: rowWaiting + "\uffff", Strong: true, Limit: wholePage`, `To: rowWaiting + "\uffff", Limit: wholePage`},
		}},
		{Name: "a claim at once does not look whether a slot is free", Run: yields, Seeds: 60, Caught: "I-2", Quick: true, Edits: []Edit{
			{"shared/acd/atonce.go", `	c.Offer, c.OfferAgent,`, `	p.Free.Slots = 99
	c.Offer, c.OfferAgent,`},
		}},
		{Name: "the consumer acknowledges what it has not done", Run: aborts, Seeds: 60, Caught: "I-[0-9]", Edits: []Edit{
			{"shared/acd/change.go", `	}
	return errors.Join(errs...)
}

// repairContact puts`, `	}
	_ = errors.Join(errs...)
	return nil
}

// repairContact puts`},
		}},
	}
}

// rounds returns mutations of who looks, and when.
func rounds() []Bug {
	return []Bug{
		{Name: "an owner lets go although it was called again", Run: inTurn, Orders: 12000, Caught: "I-4", Edits: []Edit{
			{"shared/acd/lease.go", `w.If = append(w.If, cloud.Cond{Attr: attrDirty, Op: "=", Value: *dirty})`, `_ = *dirty`},
		}},
		{Name: "the consumer acknowledges what it has handed over", Run: lostMachine, Orders: 12000, Caught: "I-4", Edits: []Edit{
			{"shared/acd/change.go", `	_, err := r.match(ctx, tenant, group, routing, v, false)
	return err
}

// repairCompleted`, `	lost, err := r.match(ctx, tenant, group, routing, v, true)
	if err == nil && lost {
		err = r.contend(ctx, tenant, group, routing)
	}
	return err
}

// repairCompleted`},
			{"shared/acd/round.go", `	_, err = r.match(ctx, tenant, group, routing, v, false)
	return err
}

// match is`, `	lost, err := r.match(ctx, tenant, group, routing, v, true)
	if err == nil && lost {
		err = r.contend(ctx, tenant, group, routing)
	}
	return err
}

// match is`},
		}},
		{Name: "the lease is taken first and the call counted then", Run: inTurn, Orders: 60000, Caught: "I-4", Edits: []Edit{
			{"shared/acd/lease.go", `	i, err := r.write(ctx, cloud.Write{Key: l.key(), Add: map[string]int64{attrDirty: 1, contact.AttrVersion: 1}})`,
				`	i, err := r.write(ctx, cloud.Write{Key: l.key(), If: []cloud.Cond{{Attr: attrOwner, Op: "absent"}}, Set: cloud.Item{attrOwner: l.owner, attrBeat: int64(0)},
		Add: map[string]int64{attrDirty: 1, contact.AttrEpoch: 1, contact.AttrVersion: 1}})
	if err == nil {
		l.epoch = i.Int(contact.AttrEpoch)
		return true, nil
	}
	if i, err = r.write(ctx, cloud.Write{Key: l.key(), Add: map[string]int64{attrDirty: 1, contact.AttrVersion: 1}}); err == nil {
		return false, nil
	}`},
		}},
		{Name: "nobody looks for a contact when an agent becomes free", Run: fair, Seeds: 20, Caught: "I-4", Edits: []Edit{
			{"shared/acd/ending.go", `	if err := r.putRow(ctx, freeWrite(a, group, routing.shards(group))); err != nil {
		return err
	}
	return r.Round(ctx, a.Tenant, group)`, `	return r.putRow(ctx, freeWrite(a, group, routing.shards(group)))`},
			{"shared/acd/change.go", `	if v.hasFree(a.ID, a.Epoch) {
		return `, `	if v.hasFree(a.ID, a.Epoch) {
		return nil
		return `},
		}},
	}
}

// smallPages makes scans page on at a handful of rows; alone it is no bug.
func smallPages() []Edit {
	return []Edit{
		{"shared/acd/view.go", `wholePage = 64`, `wholePage = 3 `},
		{"shared/acd/view.go", `headPage  = 20`, `headPage  = 1 `},
	}
}

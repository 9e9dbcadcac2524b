package contact

import (
	"huawu/shared/cloud"
)

// TalkKey returns the key of the talk of a contact.
func TalkKey(tenant string, id ID) cloud.Key {
	return cloud.Key{Part: part(tenant, id), Sort: SortTalk}
}

// Item returns t as the table keeps it, without its key.
func (t *Talk) Item() cloud.Item {
	w := writer{AttrVersion: t.Version}
	w.str(AttrOffer, string(t.Offer))
	w.str("consult", string(t.Consult))
	w.flag("aside", t.Aside)
	w.num("moved", t.Moved)
	w.num("held", t.Held)
	w.flag("told", t.Told)
	list := make([]any, len(t.Parties))
	for n, p := range t.Parties {
		list[n] = map[string]any(p.item())
	}
	if len(list) > 0 {
		w["parties"] = list
	}
	return cloud.Item(w)
}

func (p Party) item() writer {
	w := writer{"id": string(p.ID), "kind": string(p.Kind), "state": string(p.State)}
	w.str("agent", p.Agent)
	w.str("dial", p.Dial.Full())
	w.str("mode", string(p.Mode))
	w.str("leg", p.Leg)
	w.time("since", p.Since)
	w.time("asked", p.Asked)
	w.time("joined", p.Joined)
	w.num("segment", int64(p.Segment))
	w.flag("over", p.Over)
	w.num("at", p.At)
	return w
}

// Write returns the write that stores t in place of what it was read as.
func (t *Talk) Write(was *Talk) cloud.Write {
	now := *t
	now.Version = was.Version + 1
	w := cloud.Write{Key: TalkKey(t.Tenant, t.ID), Put: now.Item(), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}
	if was.Version > 0 {
		w.If = []cloud.Cond{{Attr: AttrVersion, Op: "=", Value: was.Version}}
	}
	return w
}

// TalkFromItem reads a talk back; nil for an absent item or one of another thing.
func TalkFromItem(i cloud.Item) *Talk {
	tenant, id, ok := ParseKey(i.Key())
	if !ok || i.Str(cloud.AttrSort) != SortTalk {
		return nil
	}
	t := &Talk{Tenant: tenant, ID: id, Version: i.Int(AttrVersion), Offer: OfferID(i.Str(AttrOffer)), Consult: OfferID(i.Str("consult")),
		Aside: i.Bool("aside"), Moved: i.Int("moved"), Held: i.Int("held"), Told: i.Bool("told")}
	list, _ := i["parties"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		p := cloud.Item(m)
		t.Parties = append(t.Parties, Party{ID: OfferID(p.Str("id")), Kind: PartyKind(p.Str("kind")), State: PartyState(p.Str("state")), Agent: p.Str("agent"),
			Dial: number(p.Str("dial")), Mode: Mode(p.Str("mode")), Leg: p.Str("leg"), Since: FromMicros(p.Int("since")), Asked: FromMicros(p.Int("asked")),
			Joined: FromMicros(p.Int("joined")), Segment: int(p.Int("segment")), Over: p.Bool("over"), At: p.Int("at")})
	}
	return t
}

// Clone returns a copy that shares nothing with t.
func (t *Talk) Clone() *Talk {
	now := *t
	now.Parties = append([]Party(nil), t.Parties...)
	return &now
}

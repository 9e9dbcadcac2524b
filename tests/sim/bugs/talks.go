package bugs

// talks returns mutations of talks of more than two, of transfers and callbacks.
func talks() []Bug {
	return []Bug{
		{Name: "who is let go of a talk keeps the slot", Run: fair, Seeds: 40, Caught: "I-2", Edits: []Edit{
			{"shared/acd/talk.go", `			writes, freed = append(writes, w), append(freed, now)`, `			_, _ = w, now`},
		}},
		{Name: "somebody who is busy is consulted", Run: fair, Seeds: 60, Caught: "I-2", Edits: []Edit{
			{"shared/acd/transfer.go", `	case a.Voice.Free() == 0:
		return cloud.Write{}, ErrAgentBusy
`, ``},
			{"shared/acd/transfer.go", `{Attr: agent.AttrEpoch, Op: "=", Value: a.Epoch},
			{Attr: agent.AttrVoiceUsed, Op: "<", Value: int64(a.Voice.Max)}},`, `{Attr: agent.AttrEpoch, Op: "=", Value: a.Epoch}},`},
		}},
		{Name: "a consulted agent's part has the number of another's", Run: fair, Seeds: 60, Caught: "I-7", Edits: []Edit{
			{"shared/contact/talk.go", `	s.Segment, s.Previous, s.Next, s.Method = p.Segment, `, `	s.Segment, s.Previous, s.Next, s.Method = c.Segment, `},
		}},
		{Name: "a callback that was not reached loses its place", Run: fair, Seeds: 60, Caught: "I-5", Edits: []Edit{
			{"shared/acd/outbound.go", `		again, err := next.TryAgain(`, `		next.Rank += "9"
		again, err := next.TryAgain(`},
		}},
	}
}

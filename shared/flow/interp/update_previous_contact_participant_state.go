package interp

import (
	"encoding/json"
	"slices"
	"strings"

	"huawu/shared/flow"
)

// updatePreviousContactParticipantState is
// UpdatePreviousContactParticipantState: it holds the agent or the customer of
// the call that a transfer flow came from, or brings both back.
// Source: Amazon Connect flow language, "UpdatePreviousContactParticipantState".
type updatePreviousContactParticipantState struct {
	PreviousContactParticipantState flow.Template
}

func (a *updatePreviousContactParticipantState) execute(r *run) result {
	raw, err := json.Marshal(map[string]string{"State": r.expand(a.PreviousContactParticipantState)})
	if err != nil {
		return r.failed(flow.NoMatchingError)
	}
	return r.act("UpdatePreviousContactParticipantState", raw)
}

func (a *updatePreviousContactParticipantState) check(*flow.Transitions) (field, wrong string) {
	states := []string{"AgentOnHold", "CustomerOnHold", "OffHold"}
	if t := a.PreviousContactParticipantState; t.Static() && !slices.Contains(states, t.String()) {
		return "Parameters.PreviousContactParticipantState", "want one of " + strings.Join(states, ", ")
	}
	return "", ""
}

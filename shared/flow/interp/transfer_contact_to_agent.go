package interp

import "huawu/shared/flow"

// transferContactToAgent is TransferContactToAgent: the contact waits for the
// agent that was set as its target.
// Source: Amazon Connect flow language, "TransferContactToAgent".
type transferContactToAgent struct{ transferContactToQueue }

func (a *transferContactToAgent) execute(r *run) result {
	if r.answer == nil && r.s.TargetAgent == "" {
		return r.failed(flow.NoMatchingError)
	}
	return a.transferContactToQueue.execute(r)
}

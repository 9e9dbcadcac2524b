package interp

import "huawu/shared/flow"

// updateContactMediaStreamingBehavior is UpdateContactMediaStreamingBehavior.
// Audio leaves the relay only as a recording, so starting a stream is
// NoMatchingError and stopping one succeeds.
// Source: Amazon Connect flow language, "UpdateContactMediaStreamingBehavior".
type updateContactMediaStreamingBehavior struct {
	MediaStreamingState flow.Template
	Participants        document
	MediaStreamType     flow.Template
}

func (a *updateContactMediaStreamingBehavior) execute(r *run) result {
	if r.expand(a.MediaStreamingState) == "Disabled" {
		return r.next()
	}
	return r.failed(flow.NoMatchingError)
}

func (a *updateContactMediaStreamingBehavior) check(*flow.Transitions) (field, wrong string) {
	if t := a.MediaStreamingState.String(); t != "Enabled" && t != "Disabled" {
		return "Parameters.MediaStreamingState", "want Enabled or Disabled"
	}
	return "", ""
}

package interp

import "huawu/shared/sma"

// disconnectParticipant is DisconnectParticipant: it hangs up after what was
// said before. Its flow is over at once.
// Source: Amazon Connect flow language, "DisconnectParticipant".
type disconnectParticipant struct{}

func (a *disconnectParticipant) execute(r *run) result { return r.hangUp() }

func (r *run) hangUp() result {
	if len(r.batch) >= sma.MaxActions {
		return result{kind: kindFlush}
	}
	r.batch = append(r.batch[:len(r.batch):len(r.batch)], sma.Do(&sma.HangUp{Target: r.leg()})...)
	return r.end(Disconnected)
}

package sipleg

import "sync/atomic"

// Counters say what a server did with what it got.
type Counters struct {
	Dropped   uint64 // datagrams of strangers, beyond their rate, or no SIP
	Malformed uint64 // refused for what they are, with a status or without
	Strangers uint64 // requests from addresses that no trunk or phone has, refused
	Refused   uint64 // new calls that were refused
	Calls     uint64 // dialogs begun, both ways
	Panics    uint64 // recovered; each is a bug
}

type counts struct {
	dropped, malformed, strangers, refused, calls, panics atomic.Uint64
}

// Count returns what the server counted since it started.
func (s *Server) Count() Counters {
	c := &s.count
	return Counters{
		Dropped: c.dropped.Load(), Malformed: c.malformed.Load(), Strangers: c.strangers.Load(),
		Refused: c.refused.Load(), Calls: c.calls.Load(), Panics: c.panics.Load(),
	}
}

package webleg

import "sync/atomic"

// Counters say what the server saw since it started.
type Counters struct {
	Sockets   uint64 // opened
	Refused   uint64 // sockets that were not let in, and those cut off for what they sent
	Dead      uint64 // sockets without a sign of life
	Up        uint64 // audio connections that came up
	Failed    uint64 // … that did not
	Impostors uint64 // … whose certificate was another than promised
	Resumed   uint64 // legs taken over by a reloaded page
	Lost      uint64 // legs whose page did not come back
	Early     uint64 // packets before there were keys
	Forged    uint64 // packets that were not the browser's, or repeated
	Unsent    uint64 // packets that could not be sent
}

type counts struct {
	sockets, refused, dead, up, failed, impostors, resumed, lost, early, forged, unsent atomic.Uint64
}

// Count returns what the server counted.
func (s *Server) Count() Counters {
	c := &s.count
	return Counters{
		Sockets: c.sockets.Load(), Refused: c.refused.Load(), Dead: c.dead.Load(), Up: c.up.Load(), Failed: c.failed.Load(),
		Impostors: c.impostors.Load(), Resumed: c.resumed.Load(), Lost: c.lost.Load(), Early: c.early.Load(), Forged: c.forged.Load(), Unsent: c.unsent.Load(),
	}
}

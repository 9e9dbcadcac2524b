package onecall

import (
	"maps"

	"huawu/shared/cloud/localcloud"
)

// Bill is what one call used.
type Bill struct {
	ToQueue   localcloud.Counters // from the INVITE until the contact's waiting row is written
	Call      localcloud.Counters // from the INVITE until nothing is left to do: record, webhook, recording, timers
	Available localcloud.Counters // part of Call that is the agent's going available and not the call's, measured before
	Asked     localcloud.Counters // what this program's question for the contact's id read: no part of Reads
	Screen    localcloud.Counters // part of Call that shows the agent who calls
	Frames    int64               // of contacts, that the agent's page was sent
}

// Questions is how often the relay asked the ivr function on the way to the queue.
func (b Bill) Questions() int64 { return b.ToQueue.Invokes["ivr"] }

// Writes returns the call's write units per kind of item, and their sum without NotTheCalls.
func (b Bill) Writes() (map[string]float64, float64) {
	own := less(b.Call.Writes, b.Available.Writes)
	return own, localcloud.Sum(own, NotTheCalls()...)
}

// Reads is the same for read units.
func (b Bill) Reads() (map[string]float64, float64) {
	own := less(less(b.Call.Reads, b.Available.Reads), b.Asked.Reads)
	return own, localcloud.Sum(own, NotTheCalls()...)
}

// ControlReads returns the read units that route and control the call: Reads
// without the webhook, which reads the record once, the recording's check, and
// the agent's screen, which the flow's attributes are read for once more when an
// offer pops up.
func (b Bill) ControlReads() float64 {
	own, _ := b.Reads()
	const record, pop = 1, 0.5
	return localcloud.Sum(less(own, b.Screen.Reads), append(NotTheCalls(), "H", "RECORDING")...) - record - pop
}

// Requests returns the requests per operation, of every kind of item.
func (b Bill) Requests() map[string]int64 { return less(b.Call.Requests, b.Available.Requests) }

// Sent returns the messages per queue.
func (b Bill) Sent() map[string]int64 { return less(b.Call.Sent, b.Available.Sent) }

// Invokes returns the invocations per function.
func (b Bill) Invokes() map[string]int64 { return less(b.Call.Invokes, b.Available.Invokes) }

func less[N int64 | float64](all, part map[string]N) map[string]N {
	left := maps.Clone(all)
	for k, n := range part {
		if left[k] -= n; left[k] <= 0 {
			delete(left, k)
		}
	}
	return left
}

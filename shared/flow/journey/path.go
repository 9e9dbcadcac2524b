// Package journey is the way of contacts through flows: which actions they came
// to, how they left them, where they hung up and how long it took.
//
// It decides how a way is kept in few bytes, so that it fits into what is
// written of a contact anyway, and how many ways become figures per action. What
// an action does is interp's; who keeps ways and asks for figures are ivr, event
// and desk.
package journey

import (
	"encoding/binary"
	"time"

	"huawu/shared/flow/interp"
)

// MaxPath bounds a path in bytes. A visit takes three; a caller who goes in
// circles fills it, and the rest of the way is not kept.
const MaxPath = 256

// form is the first byte of a path.
const form = 1

// Path is the way of one contact, packed: the form, the Unix time of its begin in
// seconds, and then for each visit the numbers of action and branch with the
// seconds since the visit before. A zero names the flow of the visits that follow.
type Path []byte

// Stop is one visit of a path.
type Stop struct {
	Flow   string // program, with its version
	Action int    // see interp.Program.Number
	Branch int
	At     time.Time
	First  bool // of what one event of the call set off: what lasted before it is not this action's
}

// Append returns the path with what an event of the call set off. Visits of
// programs that are not known are left out.
func (p Path) Append(at time.Time, visits []interp.Visit, program func(id string) *interp.Program) Path {
	if len(visits) == 0 {
		return p
	}
	stops, _ := p.Stops()
	flow, last := "", at
	if len(stops) > 0 {
		end := stops[len(stops)-1]
		flow, last = end.Flow, end.At
	}
	if len(p) == 0 {
		p = binary.AppendUvarint(Path{form}, uint64(max(0, at.Unix())))
	}
	first := uint64(1)
	for _, v := range visits {
		of := program(v.Flow)
		if of == nil {
			continue
		}
		action, branch, ok := of.Number(v)
		if !ok {
			continue
		}
		next := p[:len(p):len(p)]
		if v.Flow != flow {
			next = binary.AppendUvarint(append(next, 0), uint64(len(v.Flow)))
			next = append(next, v.Flow...)
		}
		next = binary.AppendUvarint(next, uint64(action+1)<<1|first)
		next = binary.AppendUvarint(next, uint64(branch))
		next = binary.AppendUvarint(next, uint64(max(0, at.Unix()-last.Unix())))
		if len(next) > MaxPath {
			return p
		}
		p, flow, first = next, v.Flow, 0
		if at.After(last) {
			last = at
		}
	}
	return p
}

// Stops unpacks a path; ok is false if it is none. What can be read before a
// fault is returned.
func (p Path) Stops() (list []Stop, ok bool) {
	if len(p) == 0 {
		return nil, true
	}
	rest := p[1:]
	number := func() uint64 {
		n, size := binary.Uvarint(rest)
		if size <= 0 {
			ok = false
			return 0
		}
		rest = rest[size:]
		return n
	}
	ok = p[0] == form
	const latest = 1 << 36 // seconds: beyond any clock
	at := min(number(), latest)
	flow := ""
	for ok && len(rest) > 0 {
		key := number()
		if key == 0 {
			n := number()
			if !ok || n > uint64(len(rest)) {
				return list, false
			}
			flow, rest = string(rest[:n]), rest[n:]
			continue
		}
		branch, later := number(), number()
		if at = min(at+min(later, latest), latest); !ok || key>>1 == 0 || key>>1 > 1<<20 || branch > 1<<20 {
			return list, false
		}
		list = append(list, Stop{Flow: flow, Action: int(key>>1) - 1, Branch: int(branch), At: time.Unix(int64(at), 0).UTC(), First: key&1 == 1})
	}
	return list, ok
}

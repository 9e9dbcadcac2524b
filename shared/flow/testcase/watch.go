package testcase

import (
	"fmt"
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

// watch is an observation during a call.
type watch struct {
	*Observation
	active bool
	need   int // matches it waits for; more when it becomes active again
	failed bool
	since  int // sounds heard before it became active
	result ObservationResult
}

// happening is an event of the call that can be observed.
type happening struct {
	kind     EventType
	sound    sound
	flowType string
	resource string
	agent    string
}

// activate makes an observation wait for its event.
func (p *player) activate(w *watch) {
	if w.active {
		return
	}
	w.active, w.since, w.need = true, len(p.result.Heard), w.result.Times+w.Usage.Times
}

// happens shows an event to every active observation. What one of them makes
// active waits for the next event.
func (p *player) happens(h happening) {
	var hit []*watch
	for _, w := range p.watches {
		if w.active && p.matches(w.Event, h) {
			hit = append(hit, w)
		}
	}
	for _, w := range hit {
		if !p.stopped {
			p.match(w)
		}
	}
}

func (p *player) matches(e Event, h happening) bool {
	if e.Type != h.kind {
		return false
	}
	switch e.Type {
	case MessageReceived:
		return e.Message.hears(h.sound, p.expand)
	case FlowActionStarted:
		return e.FlowType == h.flowType && (e.Resource == "" || same(e.Resource, h.resource)) &&
			(e.AgentID == "" || same(e.AgentID, h.agent))
	}
	return true
}

// match counts, runs the actions and goes on to what comes next.
func (p *player) match(w *watch) {
	w.result.Times++
	if w.Usage.Type == AtMost && w.result.Times > w.need {
		w.failed = true
		w.result.Failure = fmt.Sprintf("expected at most %d times, but %s again; last the caller heard %s", w.Usage.Times, w.Event.describe(), p.last())
		return
	}
	if w.failed = !p.act(w) || w.failed; w.failed {
		w.active = false
		return
	}
	complete := w.result.Times == w.need
	switch w.Usage.Type {
	case Exactly:
		w.active = !complete
	case AtMost, Always:
		complete = w.result.Times == 1
	}
	if !complete {
		return
	}
	for _, next := range w.Next {
		for _, other := range p.watches {
			if other.ID == next {
				p.activate(other)
			}
		}
	}
}

// act runs the actions of an observation up to one that fails.
func (p *player) act(w *watch) bool {
	for i := range w.Actions {
		a := &w.Actions[i]
		r := ActionResult{ID: a.ID, Type: a.Type, Status: Passed}
		switch {
		case a.Send != nil:
			p.instruct(a.Send)
		case a.Override != nil:
			p.overrides = append(p.overrides, a.Override)
		case a.Assert != nil:
			if r.Failure = p.compare(a.Assert); r.Failure != "" {
				r.Status = Failed
			}
		case a.Control != nil && a.Control.End:
			p.stopped = true
		case a.Control != nil:
			r.Logged = map[string]string{}
			for _, e := range a.Control.Log {
				r.Logged[e.Label] = p.expand(e.Value)
			}
		}
		w.result.Actions = append(w.result.Actions, r)
		if r.Status == Failed {
			for _, rest := range w.Actions[i+1:] {
				w.result.Actions = append(w.result.Actions, ActionResult{ID: rest.ID, Type: rest.Type, Status: NotReached})
			}
			return false
		}
	}
	return true
}

// compare returns what is wrong, "" if nothing is.
func (p *player) compare(a *Assertion) string {
	have := p.expand(a.Namespace)
	if a.Exists {
		if have != "" {
			return ""
		}
		return fmt.Sprintf("expected %s to exist, but it is empty; last the caller heard %s", a.Namespace, p.last())
	}
	get := func(path flow.Path) string { return p.expand(flow.ParseTemplate(path.String())) }
	if a.Condition.Holds(have, get) {
		return ""
	}
	return fmt.Sprintf("expected %s %s %q, but it is %q; last the caller heard %s", a.Namespace, a.Condition.Operator,
		a.Condition.Operands[0].Expand(get), have, p.last())
}

func (p *player) expand(t flow.Template) string { return interp.Expand(t, p.state, p.env) }

// last is what the caller heard last.
func (p *player) last() string {
	if n := len(p.result.Heard); n > 0 {
		return p.result.Heard[n-1].String()
	}
	return "nothing"
}

// settled reports whether nothing that may still happen can change the result.
func (p *player) settled() bool {
	return !slices.ContainsFunc(p.watches, func(w *watch) bool {
		if !w.active || w.failed {
			return false
		}
		return w.Usage.Type == AtMost || len(w.Actions) > 0 || w.result.Times < w.need && w.Usage.Type != Always
	})
}

// settle says what became of each observation when the call is over.
func (p *player) settle() {
	p.result.Passed = p.result.Failure == ""
	for _, w := range p.watches {
		w.result.ID = w.ID
		if w.result.Failure == "" && !w.failed && w.active && w.result.Times < w.need && w.Usage.Type != AtMost && w.Usage.Type != Always {
			w.failed = true
			w.result.Failure = p.missing(w)
		}
		switch {
		case w.failed:
			w.result.Status = Failed
			p.result.Passed = false
		case w.active || w.result.Times > 0:
			w.result.Status = Passed
		default:
			w.result.Status = NotReached
		}
		p.result.Observations = append(p.result.Observations, w.result)
	}
}

// missing says what did not happen, and what did instead.
func (p *player) missing(w *watch) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected that %s", w.Event.describe())
	if w.need > 1 {
		fmt.Fprintf(&b, " %d times, it came true %d times", w.need, w.result.Times)
	} else {
		b.WriteString(", it never did")
	}
	heard := p.result.Heard[min(w.since, len(p.result.Heard)):]
	switch {
	case len(heard) == 0:
		fmt.Fprintf(&b, "; the caller heard nothing more after %s", p.last())
	default:
		var lines []string
		for i, h := range heard {
			if i == 5 {
				lines = append(lines, fmt.Sprintf("and %d more", len(heard)-i))
				break
			}
			lines = append(lines, h.String())
		}
		b.WriteString("; the caller heard " + strings.Join(lines, ", "))
	}
	fmt.Fprintf(&b, "; in the end %s", p.result.End)
	return b.String()
}

// describe says what an event is, to follow "expected that".
func (e Event) describe() string {
	switch e.Type {
	case TestInitiated:
		return "the test began"
	case TestCompleted:
		return "the test ended"
	case FlowActionStarted:
		text := "the flow started " + e.FlowType
		if e.Resource != "" {
			text += " of " + e.Resource
		}
		if e.AgentID != "" {
			text += " for agent " + e.AgentID
		}
		return text
	}
	m, how := e.Message, " like "
	if m.Inclusion {
		how = " with "
	}
	switch {
	case !m.PromptID.Absent():
		return "the caller heard prompt " + m.PromptID.String()
	case !m.MediaURI.Absent():
		return "the caller heard sound " + m.MediaURI.String()
	case m.wanted().Absent():
		return "the caller heard a message"
	}
	return fmt.Sprintf("the caller heard a text%s%q", how, m.wanted().String())
}

package acd

import (
	"encoding/json"
	"time"

	"huawu/shared/contact"
	"huawu/shared/fault"
)

// asks returns what w asks for at a time, and until when; until is zero if that
// never changes.
func (w *Waiting) asks(now time.Time) (needs map[string]int, only []string, until time.Time) {
	if len(w.Steps) == 0 {
		return w.Needs, nil, time.Time{}
	}
	end := w.Enqueued
	for _, s := range w.Steps {
		if s.For > 0 {
			if end = end.Add(s.For); !end.After(now) {
				continue
			}
			until = end
		}
		return highest(w.Needs, s.Needs), s.Agents, until
	}
	return w.Needs, nil, time.Time{}
}

// highest returns the higher level of each skill.
func highest(a, b map[string]int) map[string]int {
	if len(b) == 0 {
		return a
	}
	out := make(map[string]int, len(a)+len(b))
	for _, m := range []map[string]int{a, b} {
		for skill, level := range m {
			out[skill] = max(out[skill], level)
		}
	}
	return out
}

// expression is Connect's: one of its fields is set.
type expression struct {
	AttributeCondition *struct {
		Name, Value        string
		ProficiencyLevel   json.Number
		ComparisonOperator string
		MatchCriteria      *struct {
			AgentsCriteria *struct{ AgentIds []string }
		}
	}
	AndExpression []expression
	OrExpression  []json.RawMessage
}

// ErrCriteria is the error of routing criteria that cannot be served.
var ErrCriteria = fault.New(fault.Invalid, "acd: routing criteria: want steps of attribute conditions with a level each, joined by And, or of agents")

// ParseCriteria reads Amazon Connect's routing criteria: steps of an Expression
// and an Expiry each. A condition's Value is the skill, its Name the kind of it;
// a level that is not given is 1. What agents' skills cannot tell, as Or, Not and
// ranges, is ErrCriteria. nil is no criteria.
// Source: Amazon Connect API, RoutingCriteriaInput.
func ParseCriteria(document []byte) ([]contact.Step, error) {
	if len(document) == 0 {
		return nil, nil
	}
	var c struct {
		Steps []struct {
			Expression expression
			Expiry     *struct{ DurationInSeconds json.Number }
		}
	}
	if json.Unmarshal(document, &c) != nil || len(c.Steps) > contact.MaxSteps {
		return nil, ErrCriteria
	}
	var out []contact.Step
	for _, s := range c.Steps {
		step := contact.Step{}
		if s.Expiry != nil {
			n, err := s.Expiry.DurationInSeconds.Int64()
			if err != nil || n <= 0 || n > 24*3600 {
				return nil, ErrCriteria
			}
			step.For = time.Duration(n) * time.Second
		}
		if !s.Expression.into(&step) {
			return nil, ErrCriteria
		}
		out = append(out, step)
	}
	return out, nil
}

// into adds what e asks for to a step, and reports whether it could.
func (e expression) into(s *contact.Step) bool {
	if len(e.OrExpression) > 0 || e.AttributeCondition == nil && len(e.AndExpression) == 0 {
		return false
	}
	if c := e.AttributeCondition; c != nil {
		if m := c.MatchCriteria; m != nil && m.AgentsCriteria != nil {
			s.Agents = append(s.Agents, m.AgentsCriteria.AgentIds...)
			return len(s.Agents) > 0 && len(s.Agents) <= contact.MaxSteps
		}
		level := int64(1)
		if c.ProficiencyLevel != "" {
			f, err := c.ProficiencyLevel.Float64()
			if err != nil || f < 1 || f > 99 {
				return false
			}
			level = int64(f)
		}
		if c.Value == "" || c.ComparisonOperator != "" && c.ComparisonOperator != "NumberGreaterOrEqualTo" {
			return false
		}
		if s.Needs == nil {
			s.Needs = map[string]int{}
		}
		s.Needs[c.Value] = max(s.Needs[c.Value], int(level))
		if len(s.Needs) > contact.MaxSteps {
			return false
		}
	}
	for _, sub := range e.AndExpression {
		if !sub.into(s) {
			return false
		}
	}
	return true
}

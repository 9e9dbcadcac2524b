package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// unreachable finds actions that no run comes to.
func (l *linter) unreachable() {
	if l.graph.start < 0 {
		return // Check has said so
	}
	for i := range l.flow.Actions {
		if a := &l.flow.Actions[i]; !l.graph.seen[i] {
			l.add(DeadBranch, flow.Warning, a, "Identifier", "no branch leads here")
		}
	}
}

// branches finds branches that are missing and branches that are never taken.
func (l *linter) branches() {
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		facts, known := l.graph.facts[a.Type]
		if !known || facts.Tier == 4 {
			continue
		}
		if t := &a.Transitions; facts.Last && (t.NextAction != "" || len(t.Errors) > 0) {
			field := "Transitions.NextAction"
			if t.NextAction == "" {
				field = "Transitions.Errors"
			}
			l.add(DeadBranch, flow.Warning, a, field, "%s is the end: the branch is never taken", a.Type)
		}
		l.missingErrors(a, &facts)
		l.deadConditions(a)
		if a.Type == "Compare" {
			l.constant(a)
		}
	}
}

// needed are the errors that happen in every house, so that a flow without a
// branch for them loses callers. Older exports leave them out of actions that
// hardly fail.
func needed(a *flow.Action) []flow.ErrorType {
	switch a.Type {
	case "GetParticipantInput":
		if strings.EqualFold(param.Get(a, "StoreInput"), "True") {
			return []flow.ErrorType{flow.NoMatchingError}
		}
		return []flow.ErrorType{flow.InputTimeLimitExceeded, flow.NoMatchingCondition, flow.NoMatchingError}
	case "ConnectParticipantWithLexBot":
		return []flow.ErrorType{flow.NoMatchingCondition, flow.NoMatchingError}
	case "Compare", "DistributeByPercentage":
		return []flow.ErrorType{flow.NoMatchingCondition}
	case "CheckMetricData":
		return []flow.ErrorType{flow.NoMatchingCondition, flow.NoMatchingError}
	case "TransferContactToQueue", "DequeueContactAndTransferToQueue":
		return []flow.ErrorType{flow.QueueAtCapacity, flow.NoMatchingError}
	case "UpdateContactCallbackNumber":
		return []flow.ErrorType{flow.InvalidCallbackNumber, flow.CallbackNumberNotDialable}
	case "InvokeLambdaFunction", "CheckHoursOfOperation", "TransferToFlow", "InvokeFlowModule", "UpdateContactTargetQueue", "CreateCallbackContact",
		"GetMetricData", "CreateTask":
		return []flow.ErrorType{flow.NoMatchingError}
	case "TransferParticipantToThirdParty":
		if strings.EqualFold(param.Get(a, "ContinueFlowExecution"), "True") {
			return []flow.ErrorType{flow.CallFailed, flow.ConnectionTimeLimitExceeded, flow.NoMatchingError}
		}
		return []flow.ErrorType{flow.NoMatchingError}
	}
	return nil
}

// missingErrors finds errors after which the caller hears the apology, or goes
// on as if nothing had happened.
func (l *linter) missingErrors(a *flow.Action, facts *flow.Facts) {
	t := &a.Transitions
	if facts.Last || len(t.Conditions) == 0 && len(t.Errors) == 0 && t.NextAction == "" {
		return // the end, or Check has said that it ends here
	}
	has := func(e flow.ErrorType) bool {
		return slices.ContainsFunc(t.Errors, func(b flow.ErrorBranch) bool { return b.ErrorType == e })
	}
	for _, e := range needed(a) {
		switch {
		case has(e) || has(flow.NoMatchingError) && e != flow.NoMatchingCondition && e != flow.InputTimeLimitExceeded:
		case t.After(e) == "":
			l.add(MissingBranch, flow.Error, a, "Transitions.Errors", "%s has no branch: the caller hears an apology and is cut off", e)
		case !has(flow.NoMatchingError) || e != flow.QueueAtCapacity:
			l.add(MissingBranch, flow.Warning, a, "Transitions.Errors", "%s has no branch of its own: the flow goes on to %.60s", e, t.After(e))
		}
	}
}

// deadConditions finds conditions that an earlier one takes, and results that
// never come.
func (l *linter) deadConditions(a *flow.Action) {
	seen := map[string]bool{}
	for i, c := range a.Transitions.Conditions {
		for _, o := range c.Condition.Operands {
			field := fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands", i)
			key := string(c.Condition.Operator) + "\x00" + o.String()
			switch {
			case seen[key]:
				l.add(DeadBranch, flow.Warning, a, field, "%s %.40q is taken by an earlier condition", c.Condition.Operator, o.String())
			case l.shadowed(a, i, o):
				l.add(DeadBranch, flow.Warning, a, field, "%s %.40q is taken by an earlier condition", c.Condition.Operator, o.String())
			case a.Type == "GetParticipantInput" && o.Static() && (len(o.String()) != 1 || !strings.Contains("0123456789*#", o.String())):
				l.add(DeadBranch, flow.Error, a, field, "%.40q is not one key of 0-9, * and #", o.String())
			}
			seen[key] = true
		}
	}
}

// mostShadows bounds how many earlier conditions one is held against.
const mostShadows = 64

// shadowed reports whether an earlier condition on numbers takes all that the
// i-th could.
func (l *linter) shadowed(a *flow.Action, i int, o flow.Template) bool {
	mine, err := strconv.ParseFloat(o.String(), 64)
	if err != nil {
		return false
	}
	upper := func(op flow.Operator) bool { return op == flow.NumberGreaterThan || op == flow.NumberGreaterOrEqualTo }
	lower := func(op flow.Operator) bool { return op == flow.NumberLessThan || op == flow.NumberLessOrEqualTo }
	own := a.Transitions.Conditions[i].Condition.Operator
	for _, c := range a.Transitions.Conditions[:min(i, mostShadows)] {
		for _, operand := range c.Condition.Operands {
			n, err := strconv.ParseFloat(operand.String(), 64)
			op := c.Condition.Operator
			if err != nil || mine == n && op != own && own != flow.Equals { // at the same bound one of them may be wider
				continue
			}
			if mine == n && own == flow.Equals && op != flow.NumberGreaterOrEqualTo && op != flow.NumberLessOrEqualTo {
				continue
			}
			if upper(op) && (upper(own) || own == flow.Equals) && mine >= n || lower(op) && (lower(own) || own == flow.Equals) && mine <= n {
				return true
			}
		}
	}
	return false
}

// constant finds comparisons that come out the same for every caller.
func (l *linter) constant(a *flow.Action) {
	value := param.Get(a, "ComparisonValue")
	if value != "" && flow.ParseTemplate(value).Static() {
		l.add(ConstantCondition, flow.Warning, a, "Parameters.ComparisonValue", "%.60q is text, not a reference: the result is always the same", value)
	}
}

// speaks reports whether an action takes a caller's time, so that a circle
// through it is no race. A module may speak or may not: it is given the benefit.
func speaks(kind string) bool {
	switch kind {
	case "MessageParticipant", "GetParticipantInput", "MessageParticipantIteratively", "ConnectParticipantWithLexBot", "Wait",
		"TransferParticipantToThirdParty", "InvokeFlowModule", "ShowView", "AuthenticateParticipant":
		return true
	}
	return false
}

// endless finds circles in which nothing is said, asked or waited for. A Loop
// bounds the circles through its ContinueLooping branch.
func (l *linter) endless() {
	silent := func(e edge) bool {
		from, to := &l.flow.Actions[e.from], &l.flow.Actions[e.to]
		return !speaks(from.Type) && !speaks(to.Type) && !(from.Type == "Loop" && e.operand == "ContinueLooping") && l.graph.seen[e.from]
	}
	for _, group := range l.graph.circles(silent) {
		names := make([]string, 0, len(group))
		for _, i := range group {
			names = append(names, l.flow.Actions[i].Identifier)
		}
		first := &l.flow.Actions[group[0]]
		field := "Transitions"
		for _, e := range l.graph.out[group[0]] {
			if silent(e) && slices.Contains(group, e.to) {
				field = e.field + ".NextAction"
				break
			}
		}
		field = strings.Replace(field, "Transitions.NextAction.NextAction", "Transitions.NextAction", 1)
		if l.leaves(group) {
			l.add(EndlessLoop, flow.Warning, first, field, "a circle without a prompt, an input or a wait, which stops after %d actions: %s", flow.MaxLogicSteps, quoted(names))
		} else {
			l.add(EndlessLoop, flow.Error, first, field, "a circle without a prompt, an input, a wait or a way out: %s", quoted(names))
		}
	}
}

// leaves reports whether some branch leads out of a group.
func (l *linter) leaves(group []int) bool {
	for _, i := range group {
		if sendsOn(l.flow.Actions[i].Type) {
			return true
		}
		for _, e := range l.graph.out[i] {
			if !slices.Contains(group, e.to) {
				return true
			}
		}
	}
	return false
}

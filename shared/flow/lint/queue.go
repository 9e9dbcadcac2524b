package lint

import (
	"slices"

	"huawu/shared/flow"
)

// queues finds transfers to a queue that no run has set, and queues that are
// set and never used.
func (l *linter) queues() {
	if l.graph.start < 0 {
		return
	}
	l.transfers()
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		if a.Type != "UpdateContactTargetQueue" || !l.graph.seen[i] {
			continue
		}
		var to []int
		for _, e := range l.graph.out[i] {
			if e.field == "Transitions.NextAction" {
				to = append(to, e.to)
			}
		}
		used := false
		for j, ok := range l.graph.reach(func(edge) bool { return true }, to...) {
			used = used || ok && usesQueue(l.flow.Actions[j].Type)
		}
		if !used && l.flow.Type != flow.Module {
			l.add(UnreachableQueue, flow.Warning, a, "Transitions.NextAction", "the queue is set, but no action after this transfers to it")
		}
	}
}

// usesQueue reports whether an action does something with the target queue, or
// hands the contact to a flow that may.
func usesQueue(kind string) bool {
	return slices.Contains([]string{"TransferContactToQueue", "DequeueContactAndTransferToQueue", "CheckHoursOfOperation", "CheckMetricData", "GetMetricData",
		"CreateCallbackContact", "TransferToFlow", "InvokeFlowModule", "EndFlowModuleExecution", "EndFlowExecution", "TransferContactToAgent", "InvokeLambdaFunction"}, kind)
}

// transfers finds runs that come to a transfer without a queue. Flows that are
// entered with a queue, and modules, cannot be judged.
func (l *linter) transfers() {
	if l.flow.Type != flow.ContactFlow {
		return
	}
	type place struct {
		at  int
		set bool
	}
	first := place{at: l.graph.start}
	seen := map[place]bool{first: true}
	queue := []place{first}
	without := make([]bool, len(l.flow.Actions))
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		kind := l.flow.Actions[p.at].Type
		if kind == "TransferContactToQueue" && !p.set {
			without[p.at] = true
		}
		for _, e := range l.graph.out[p.at] {
			sets := kind == "UpdateContactTargetQueue" && e.field == "Transitions.NextAction" || kind == "InvokeFlowModule"
			next := place{e.to, p.set || sets}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	for i, bad := range without {
		if bad {
			l.add(UnreachableQueue, flow.Warning, &l.flow.Actions[i], "Type", "a caller can come here without a queue: no UpdateContactTargetQueue on the way")
		}
	}
}

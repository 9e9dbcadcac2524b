package ivr

import (
	"encoding/json"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// node is an action of a flow that a test writes down.
type node struct {
	id, kind, params string            // params is JSON, "" is none
	next             string            // NextAction
	when             map[string]string // operand, or operator and operand, to the next action
	errs             map[string]string // error type to the next action
}

// say is an action that speaks its id, and then hangs up.
func say(id string) node {
	return node{id: id, kind: "MessageParticipant", params: `{"Text":"` + id + `"}`, next: "bye", errs: map[string]string{"NoMatchingError": "bye"}}
}

// document returns a flow of nodes that begins with the first; "bye" hangs up.
func document(kind string, nodes ...node) []byte {
	type object = map[string]any
	var actions []object
	for _, n := range append(nodes, node{id: "bye", kind: "DisconnectParticipant"}) {
		then := object{}
		if n.kind != "DisconnectParticipant" {
			conditions, errs := []object{}, []object{}
			for operand, to := range n.when {
				operator := "Equals"
				if name, rest, two := strings.Cut(operand, " "); two {
					operator, operand = name, rest
				}
				conditions = append(conditions, object{"NextAction": to, "Condition": object{"Operator": operator, "Operands": []string{operand}}})
			}
			for kind, to := range n.errs {
				errs = append(errs, object{"NextAction": to, "ErrorType": kind})
			}
			then = object{"NextAction": n.next, "Errors": errs, "Conditions": conditions}
		}
		params := json.RawMessage(n.params)
		if n.params == "" {
			params = json.RawMessage(`{}`)
		}
		actions = append(actions, object{"Identifier": n.id, "Type": n.kind, "Parameters": params, "Transitions": then})
	}
	out, err := json.Marshal(object{"Version": "2019-10-30", "StartAction": nodes[0].id, "Metadata": object{"type": kind}, "Actions": actions})
	if err != nil {
		panic(err)
	}
	return out
}

// put writes configuration down.
func (w *world) put(writes ...cloud.Write) {
	w.Helper()
	for _, put := range writes {
		if _, err := w.cloud.Table().Write(w.ctx, put); err != nil {
			w.Fatal(err)
		}
	}
}

// runs binds the dialled number to a flow of nodes.
func (w *world) runs(nodes ...node) {
	w.Helper()
	w.dialled = "95009"
	w.put(Number{Number: phone.MustParse(w.dialled), Flow: "written", Language: "zh-CN"}.Put(tenant),
		PutFlow(tenant, "written", "written", document("CONTACT_FLOW", nodes...), 1))
}

// hears begins the call and wants the caller to hear one thing before the hang-up.
func (w *world) hears(what string) {
	w.Helper()
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "Speak("+what+") A, Hangup A")
}

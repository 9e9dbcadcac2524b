// Package graph draws flows: as mermaid text, which documents and merge
// requests show by themselves, and as SVG with a layout of its own.
//
// It decides what a block is called and where it stands. What a flow does is
// left to interp.
package graph

import (
	"fmt"
	"strconv"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// class is what a block is for; it has a colour.
type class string

const (
	talks   class = "talks"
	asks    class = "asks"
	decides class = "decides"
	sends   class = "sends"
	calls   class = "calls"
	ends    class = "ends"
	sets    class = "sets"
)

// classOf says what an action type is for.
func classOf(kind string) class {
	switch kind {
	case "MessageParticipant", "MessageParticipantIteratively", "Wait", "ShowView":
		return talks
	case "GetParticipantInput", "ConnectParticipantWithLexBot":
		return asks
	case "Compare", "CheckHoursOfOperation", "CheckMetricData", "DistributeByPercentage", "Loop", "CheckOutboundCallStatus":
		return decides
	case "TransferContactToQueue", "DequeueContactAndTransferToQueue", "TransferToFlow", "TransferParticipantToThirdParty", "TransferContactToAgent",
		"CreateCallbackContact", "CompleteOutboundCall":
		return sends
	case "InvokeLambdaFunction", "InvokeFlowModule", "CreateTask", "GetMetricData":
		return calls
	case "DisconnectParticipant", "EndFlowExecution", "EndFlowModuleExecution":
		return ends
	}
	return sets
}

// colours of a class: fill and border. They differ in lightness too, for those
// who do not see the hue.
func (c class) colours() (fill, border string) {
	switch c {
	case talks:
		return "#dbeafe", "#1d4ed8"
	case asks:
		return "#bfdbfe", "#1e3a8a"
	case decides:
		return "#fef3c7", "#b45309"
	case sends:
		return "#dcfce7", "#15803d"
	case calls:
		return "#ede9fe", "#6d28d9"
	case ends:
		return "#fee2e2", "#b91c1c"
	}
	return "#f3f4f6", "#4b5563"
}

// detail is the parameter that tells a block from others of its type.
func detail(a *flow.Action) string {
	for _, field := range []string{"Text", "SSML", "PromptId", "ComparisonValue", "QueueId", "AgentId", "LambdaFunctionARN", "ContactFlowId", "FlowModuleId",
		"HoursOfOperationId", "MetricType", "ThirdPartyPhoneNumber", "LoopCount", "TextToSpeechVoice", "TimeLimitSeconds"} {
		if text := param.Get(a, field); text != "" {
			return flow.ResourceID(text)
		}
	}
	for _, t := range param.Texts(a.Parameters) {
		if !t.IsKey {
			return t.Key + " " + flow.ResourceID(t.Value)
		}
	}
	return ""
}

// link is a branch as it is drawn: all branches to the same block are one.
type link struct {
	from, to int
	label    string
	failure  bool // only errors take it
}

// links returns the branches between blocks, by index of the action.
func links(f *flow.Flow) []link {
	index := make(map[string]int, len(f.Actions))
	for i, a := range f.Actions {
		index[a.Identifier] = i
	}
	var list []link
	at := map[[2]int]int{}
	for i, a := range f.Actions {
		add := func(id, label string, failure bool) {
			j, ok := index[id]
			if !ok || id == "" {
				return
			}
			key := [2]int{i, j}
			if n, seen := at[key]; seen {
				l := &list[n]
				if l.failure || !failure { // where success goes too, an error needs no label
					l.label = joined(l.label, label)
				}
				l.failure = l.failure && failure
				return
			}
			at[key] = len(list)
			list = append(list, link{i, j, label, failure})
		}
		t := a.Transitions
		for _, c := range t.Conditions {
			add(c.NextAction, conditionLabel(c.Condition), false)
		}
		if len(t.Conditions) == 0 {
			add(t.NextAction, "", leaves(a.Type))
		}
		for _, e := range t.Errors {
			add(e.NextAction, string(e.ErrorType), true)
		}
	}
	return list
}

// leaves reports whether success takes the contact out of the flow: then
// NextAction is for errors.
func leaves(kind string) bool {
	return kind == "TransferContactToQueue" || kind == "DequeueContactAndTransferToQueue" || kind == "TransferToFlow" || kind == "TransferContactToAgent"
}

func joined(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "" || strings.Contains(a, b):
		return a
	}
	return a + ", " + b
}

// conditionLabel is short: "= 1", "< 11", "begins with 8".
func conditionLabel(c flow.Condition) string {
	sign := map[flow.Operator]string{flow.Equals: "=", flow.TextStartsWith: "begins with", flow.TextEndsWith: "ends with", flow.TextContains: "contains",
		flow.NumberGreaterThan: ">", flow.NumberGreaterOrEqualTo: "≥", flow.NumberLessThan: "<", flow.NumberLessOrEqualTo: "≤"}[c.Operator]
	if sign == "" {
		sign = string(c.Operator)
	}
	var operands []string
	for _, o := range c.Operands {
		operands = append(operands, o.String())
	}
	return sign + " " + strings.Join(operands, " or ")
}

// clip cuts a text to so many columns; a wide character takes two.
func clip(text string, columns int) string {
	text = strings.Join(strings.Fields(text), " ")
	used := 0
	for i, r := range text {
		w := width(r)
		if used+w > columns-1 && len(text[i:]) > len(string(r)) {
			return text[:i] + "…"
		}
		used += w
	}
	return text
}

func width(r rune) int {
	if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300) {
		return 2
	}
	return 1
}

// Mermaid draws a flow as mermaid text, top down. The traffic may be nil.
func Mermaid(f *flow.Flow, t *Traffic) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	if f.Name != "" {
		fmt.Fprintf(&b, "  %%%% %s\n", strings.Join(strings.Fields(f.Name), " "))
	}
	for i := range f.Actions {
		a := &f.Actions[i]
		text := mermaidText(clip(a.Identifier, 40)) + "<br/>" + mermaidText(a.Type)
		if d := detail(a); d != "" {
			text += "<br/>" + mermaidText(clip(d, 40))
		}
		if note := t.block(a.Identifier); note != "" {
			text += "<br/><b>" + mermaidText(note) + "</b>"
		}
		open, shut := "[", "]"
		switch classOf(a.Type) {
		case decides:
			open, shut = "{{", "}}"
		case ends:
			open, shut = "([", "])"
		case asks:
			open, shut = "[/", "/]"
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s:::%s\n", i, open, text, shut, classOf(a.Type))
	}
	for i, a := range f.Actions {
		if a.Identifier == f.StartAction {
			fmt.Fprintf(&b, "  start((start)) --> n%d\n", i)
		}
	}
	for _, l := range links(f) {
		arrow, count := "-->", t.link(f, l)
		switch {
		case count > 0:
			arrow, l.label = "==>", joined(strconv.Itoa(count)+" ×", l.label)
		case l.failure:
			arrow = "-.->"
		}
		label := ""
		if l.label != "" {
			label = "|\"" + mermaidText(clip(l.label, 40)) + "\"|"
		}
		fmt.Fprintf(&b, "  n%d %s%s n%d\n", l.from, arrow, label, l.to)
	}
	for _, c := range []class{talks, asks, decides, sends, calls, ends, sets} {
		fill, border := c.colours()
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:#111827\n", c, fill, border)
	}
	return b.String()
}

// mermaidText escapes what mermaid reads in a quoted text.
func mermaidText(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;", "&", "#amp;", "\\", "#92;").Replace(text)
}

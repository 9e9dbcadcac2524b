package lint

import (
	"regexp"
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// told are the words by which a caller learns of the recording.
var told = regexp.MustCompile(`(?i)record|monitor|录音|錄音|录制|録音|녹음|녹취|grabad|grabar|enregistr|aufgezeichnet|gravad`)

// hearing is where a run stands in telling a caller.
type hearing struct {
	at     int
	record int  // the action that switched recording on; -1 for none
	told   bool // the caller has been told, or asked, as the policy wants
}

// consent finds runs that record somebody who has not been told, or not asked.
// Recording of a call begins when an agent is connected, that of the flow's own
// part at once. A prompt counts if its text or its id speaks of it.
func (l *linter) consent() {
	if l.options.Consent == Anything || l.graph.start < 0 || l.flow.Type == flow.Module {
		return
	}
	blamed := map[int]bool{}
	first := hearing{at: l.graph.start, record: -1}
	seen := map[hearing]bool{first: true}
	queue := []hearing{first}
	for len(queue) > 0 {
		h := queue[0]
		queue = queue[1:]
		a := &l.flow.Actions[h.at]
		switch on, atOnce := l.records(a); {
		case on && atOnce && !h.told:
			blamed[h.at] = true
		case on:
			h.record = h.at
		case isRecording(a.Type) && !atOnce:
			h.record = -1
		}
		if connects(a.Type) && h.record >= 0 && !h.told {
			blamed[h.record] = true
		}
		for _, e := range l.graph.out[h.at] {
			next := hearing{at: e.to, record: h.record, told: h.told || l.tells(a, e)}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	want := "told"
	if l.options.Consent == Asked {
		want = "asked"
	}
	for i := range l.flow.Actions {
		if blamed[i] {
			a := &l.flow.Actions[i]
			l.add(RecordingConsent, flow.Warning, a, "Parameters."+recordField(a), "a caller can be recorded without being %s before", want)
		}
	}
}

func isRecording(kind string) bool {
	return kind == "UpdateContactRecordingBehavior" || kind == "UpdateContactRecordingAndAnalyticsBehavior"
}

// records reports whether an action switches recording on, and whether the
// recording begins right there.
func (l *linter) records(a *flow.Action) (on, atOnce bool) {
	if !isRecording(a.Type) {
		return false, false
	}
	for _, t := range param.Texts(a.Parameters) {
		switch {
		case t.IsKey:
		case t.Key == "IVRRecordingBehavior" && strings.EqualFold(t.Value, "Enabled"):
			on, atOnce = true, true
		case strings.Contains(t.Field, "RecordedParticipants") && !strings.Contains(t.Field, "Screen"):
			on = true
		}
	}
	switch l.flow.Type {
	case flow.OutboundWhisper, flow.CustomerWhisper, flow.AgentWhisper:
		atOnce = on // an agent is there already
	}
	return on, atOnce
}

func recordField(a *flow.Action) string {
	for _, t := range param.Texts(a.Parameters) {
		if t.IsKey && (t.Value == "RecordedParticipants" || t.Value == "IVRRecordingBehavior") {
			return t.Field
		}
	}
	return "RecordingBehavior"
}

// connects reports whether an action can bring the contact to an agent.
func connects(kind string) bool {
	return slices.Contains([]string{"TransferContactToQueue", "DequeueContactAndTransferToQueue", "TransferContactToAgent"}, kind)
}

// tells reports whether a caller who took a branch of an action knows of the
// recording. An input tells when a key was pressed, or always if it is enough
// to be told.
func (l *linter) tells(a *flow.Action, e edge) bool {
	asks := a.Type == "GetParticipantInput" || a.Type == "ConnectParticipantWithLexBot"
	if !asks && (a.Type != "MessageParticipant" || l.options.Consent == Asked) {
		return false
	}
	if l.options.Consent == Asked && !strings.HasPrefix(e.field, "Transitions.Conditions") {
		return false
	}
	for _, t := range param.Texts(a.Parameters) {
		if !t.IsKey && slices.Contains([]string{"Text", "SSML", "PromptId", "Uri"}, t.Key) && told.MatchString(t.Value) {
			return true
		}
	}
	return false
}

package interp

import (
	"strings"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// builtinQueue is the id of the customer queue flow of contacts whose flow
// named none: music, over and over.
const builtinQueue = "huawu:queue"

// queueProgram is the built-in customer queue flow.
func queueProgram(music string) *Program {
	music = orElse(music, DefaultMusic)
	loop := &messageParticipantIteratively{Messages: []prompts{{PromptID: flow.ParseTemplate(music)}}}
	s := &step{id: "music", kind: "MessageParticipantIteratively", action: loop,
		then: flow.Transitions{Errors: []flow.ErrorBranch{{NextAction: "silence", ErrorType: flow.NoMatchingError}}}}
	return &Program{ID: builtinQueue, Name: "queue music", Type: flow.CustomerQueue, start: "music",
		steps: map[string]*step{"music": s, "silence": {id: "silence", kind: "", action: silence{}}}}
}

// silence waits for whatever happens next; a relay without prompts gets it.
type silence struct{}

func (silence) execute(r *run) result {
	if r.answer != nil {
		return r.wait()
	}
	return r.do(&sma.Pause{Target: r.leg(), DurationInMilliseconds: 60_000})
}

// fallback leaves a flow that cannot go on. A caller in the flow hears an
// apology and is hung up; one that waits in a queue keeps the place and hears
// music; a flow beside the contact's own just ends.
func (r *run) fallback(err error) Out {
	if r.s.Queued && r.s.Type == flow.CustomerQueue && r.s.Flow != builtinQueue {
		r.prog = queueProgram(r.env.QueueMusic)
		r.s.Flow, r.s.At, r.s.Phase, r.s.Stack, r.s.Loop, r.s.Idle = builtinQueue, r.prog.start, Ready, nil, nil, 0
		r.answer = nil
		out := r.advance()
		out.Err = err
		return out
	}
	switch r.s.Type {
	case flow.CustomerWhisper, flow.OutboundWhisper, flow.AgentWhisper, flow.CustomerHold, flow.AgentHold:
	default:
		if len(r.batch) > sma.MaxActions-2 {
			r.batch = r.batch[:sma.MaxActions-2]
		}
		apology := r.speech(apology(r.language()), false)
		r.batch = append(r.batch[:len(r.batch):len(r.batch)],
			sma.Do(&sma.Speak{Target: r.leg(), Speech: apology}, &sma.HangUp{Target: r.leg()})...)
	}
	out := r.emit(Over)
	r.s.Ended = Failed
	out.Ended, out.Err = Failed, err
	return out
}

// apology is what a caller hears when a flow fails. Its texts are those of the
// stored prompt "unavailable", so that it is heard where nothing else can speak.
func apology(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "zh", "cmn", "yue":
		return "系统暂时无法提供服务，请稍后再拨。"
	case "ja":
		return "ただいまご利用いただけません。後ほどおかけ直しください。"
	case "ko":
		return "지금은 이용하실 수 없습니다. 잠시 후 다시 걸어 주세요."
	}
	return "We cannot serve you at the moment. Please call again later."
}

package story

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// word is what the first word of a line stands for. The tables below say what
// follows it; names with = come in any order.
type word func(p *player, args []string, set map[string]string) error

// words returns the language of stories.
func words() map[string]word {
	return map[string]word{
		// The world.
		"can":      wordCan,      // none | all | capability…: what the relay offers
		"queue":    wordQueue,    // id name= arn= hours= caller= full=true
		"function": wordFunction, // name replies JSON | name fails
		"hours":    wordHours,    // id open | id closed
		"metric":   wordMetric,   // queue online= available= staffed= size= oldest= wait= position= low= high= cause=
		"data":     wordData,     // action-type replies JSON | fails error
		"override": wordOverride, // action… error= | value= | off
		"agent":    wordAgent,    // username first= last=
		"header":   wordHeader,   // name value: of the INVITE

		// What happens.
		"call":        wordCall,        // flow= from= to= at= language= recording= attribute…=
		"enter":       wordEnter,       // hook: its flow begins
		"press":       wordPress,       // keys
		"speaks":      wordSpeaks,      // words, at a bot that has a grammar: -- bot.grammar --
		"waits":       wordWaits,       // nothing is typed
		"understands": wordUnderstands, // intent [slots JSON]: of a bot that talks
		"fails":       wordFails,       // the action told last fails [error]
		"after":       wordAfter,       // 30s: time passes; a loop may be interrupted
		"caller":      wordCaller,      // hangs up
		"answers":     wordAnswers,     // the party that is called
		"unanswered":  wordUnanswered,
		"other":       wordOther,   // hangs up: the party that was called
		"resumes":     wordResumes, // the flow takes the leg again
		"refuses":     wordRefuses, // the relay refuses the answer

		// What is noticed.
		"says":      wordSays,      // text within a spoken text
		"plays":     wordPlays,     // prompt or key
		"asks":      wordAsks,      // text or prompt of an input
		"loops":     wordLoops,     // texts or prompts of a loop, in order
		"talks":     wordTalks,     // text a bot begins with
		"pauses":    wordPauses,    // 5s
		"hangs":     wordHangs,     // up
		"calls":     wordCalls,     // number timeout= caller=
		"sends":     wordSends,     // digits
		"records":   wordRecords,   // the IVR part is recorded
		"stops":     wordStops,     // recording
		"silent":    wordSilent,    // nothing more is played
		"queued":    wordReply,     // queue priority= shift=
		"invoked":   wordReply,     // function name=value…
		"callback":  wordReply,     // number queue= delay= attempts=
		"acted":     wordReply,     // action-type text within its parameters
		"routing":   wordReply,     // priority= shift=
		"related":   wordReply,     // name=value…
		"asked":     wordAsked,     // action-type text within its parameters
		"attribute": wordAttribute, // name=value
		"state":     wordState,     // JSON-name=value: a field of the state
		"ended":     wordEnded,     // end
		"broken":    wordBroken,    // text of the flow's fault
		"voice":     wordVoice,     // of the action told last
	}
}

func (p *player) tell(l line) error {
	w, ok := words()[l.words[0]]
	if !ok {
		return errors.New("no such word")
	}
	args, set := options(l.words[1:])
	if slices.Contains([]string{"queued", "invoked", "callback", "acted", "routing", "related"}, l.words[0]) {
		args = l.words // told with its own word
		set = nil
	}
	return w(p, args, set)
}

func wordCan(p *player, args []string, _ map[string]string) error {
	p.env.Can = nil
	for _, c := range args {
		switch c {
		case "none":
		case "all":
			p.env.Can = sma.Capabilities()
		default:
			if !slices.Contains(sma.Capabilities(), sma.Capability(c)) {
				return fmt.Errorf("no capability %q", c)
			}
			p.env.Can = append(p.env.Can, sma.Capability(c))
		}
	}
	return nil
}

func wordQueue(p *player, args []string, set map[string]string) error {
	if len(args) != 1 {
		return errors.New("want a queue id")
	}
	p.world.queues[args[0]] = interp.Queue{ID: args[0], Name: set["name"], ARN: set["arn"], HoursID: set["hours"], Caller: set["caller"]}
	p.world.full[args[0]] = set["full"] == "true"
	return nil
}

func wordFunction(p *player, args []string, _ map[string]string) error {
	switch {
	case len(args) == 2 && args[1] == "fails":
		p.world.functions[args[0]] = reply{fails: flow.NoMatchingError}
	case len(args) == 3 && args[1] == "replies":
		p.world.functions[args[0]] = reply{payload: args[2]}
	default:
		return errors.New("want: function NAME replies JSON, or NAME fails")
	}
	return nil
}

func wordData(p *player, args []string, _ map[string]string) error {
	if len(args) != 3 {
		return errors.New("want: data TYPE replies JSON, or TYPE fails ERROR")
	}
	if args[1] == "fails" {
		p.world.data[args[0]] = reply{fails: flow.ErrorType(args[2])}
	} else {
		p.world.data[args[0]] = reply{payload: args[2]}
	}
	return nil
}

func wordHours(p *player, args []string, _ map[string]string) error {
	if len(args) != 2 || args[1] != "open" && args[1] != "closed" {
		return errors.New("want: hours ID open, or ID closed")
	}
	p.world.hours[args[0]] = openHours(args[1] == "open")
	return nil
}

func wordMetric(p *player, args []string, set map[string]string) error {
	if len(args) != 1 {
		return errors.New("want a queue id")
	}
	m := interp.MetricsAnswer{QueueName: p.world.queues[args[0]].Name, QueueARN: p.world.queues[args[0]].ARN}
	if set["position"] != "" {
		m.Contact = &interp.ContactMetrics{Cause: set["cause"]}
	}
	delete(set, "cause")
	for name, text := range set {
		if done, err := metricTime(&m, name, text); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		switch name {
		case "online":
			m.Online = n
		case "available":
			m.Available = n
		case "staffed":
			m.Staffed = n
		case "size":
			m.Size = n
		case "position":
			m.Contact.Position = n
		default:
			return fmt.Errorf("no metric %q", name)
		}
	}
	p.world.metrics[args[0]] = m
	return nil
}

// metricTime sets a metric that is a time; done is false for one that is none.
func metricTime(m *interp.MetricsAnswer, name, text string) (done bool, err error) {
	own := m.Contact
	if own == nil && (name == "low" || name == "high") {
		return false, fmt.Errorf("%s without a position", name)
	}
	if !slices.Contains([]string{"oldest", "wait", "low", "high"}, name) {
		return false, nil
	}
	d, err := seconds(text)
	switch name {
	case "oldest":
		m.OldestAge = d
	case "wait":
		m.NewcomerWait, m.WaitKnown = d, true
	case "low":
		own.Low, own.Mean = d, max(own.Mean, d)
	case "high":
		own.High, own.Mean, own.Known = d, max(own.Mean, d/2), true
	}
	return true, err
}

func wordOverride(p *player, args []string, set map[string]string) error {
	if len(args) == 0 {
		return errors.New("want an action's identifier")
	}
	o := map[string]interp.Override{}
	for id, old := range p.env.Override {
		o[id] = old
	}
	p.env.Override = o
	if last := len(args) - 1; last > 0 && args[last] == "off" {
		for _, id := range args[:last] {
			delete(o, id)
		}
		return nil
	}
	for _, id := range args {
		o[id] = interp.Override{Error: flow.ErrorType(set["error"]), Value: set["value"]}
	}
	return nil
}

func wordAgent(p *player, args []string, set map[string]string) error {
	if len(args) != 1 {
		return errors.New("want a username")
	}
	p.env.Contact.Agent = interp.Agent{UserName: args[0], FirstName: set["first"], LastName: set["last"], ARN: "arn:aws:huawu:::agent/demo/" + args[0]}
	return nil
}

func wordHeader(p *player, args []string, _ map[string]string) error {
	if len(args) != 2 {
		return errors.New("want a name and a value")
	}
	if p.env.Contact.SIPHeaders == nil {
		p.env.Contact.SIPHeaders = map[string]string{}
	}
	p.env.Contact.SIPHeaders[args[0]] = args[1]
	return nil
}

// attributesOf are the options of call that are not its own.
func attributesOf(set map[string]string) map[string]string {
	attributes := map[string]string{}
	for name, value := range set {
		if attribute, ok := strings.CutPrefix(name, "attribute."); ok {
			attributes[attribute] = value
		}
	}
	return attributes
}

func wordCall(p *player, _ []string, set map[string]string) error {
	if p.begun {
		return errors.New("the call has begun before")
	}
	p.begun = true
	if at := set["at"]; at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return err
		}
		p.env.Now, p.start = t.UTC(), t.UTC()
	}
	p.env.Language, p.env.RecordingLocation = set["language"], set["recording"]
	p.env.Contact.Channel, p.env.Contact.CallProgress = set["channel"], set["progress"]
	p.env.Contact.Customer = interp.Endpoint{Address: set["from"]}
	p.env.Contact.System = interp.Endpoint{Address: set["to"]}
	id := set["flow"]
	if id == "" && len(p.doc.Flows) == 1 {
		for only := range p.doc.Flows {
			id = only
		}
	}
	p.state = interp.Start(p.env.Contact.ID, id, attributesOf(set))
	if t := set["type"]; t != "" { // a flow by itself that is meant for a hook
		p.state.Type = flow.Type(t)
		p.state.Queued = p.state.Type == flow.CustomerQueue
	}
	if q := set["queue"]; q != "" {
		p.state.Queue = p.world.queues[q]
	}
	p.state.TargetAgent = set["agent"]
	return p.step(interp.Begin{})
}

func wordEnter(p *player, args []string, _ map[string]string) error {
	if len(args) != 1 {
		return errors.New("want a hook")
	}
	child, ok := p.state.Enter(interp.Hook(args[0]))
	if !ok {
		return errors.New("no flow is bound to the hook")
	}
	p.state, p.pending, p.current, p.ended = child, nil, nil, ""
	return p.step(interp.Begin{})
}

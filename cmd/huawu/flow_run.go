package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	stories "huawu/shared/flow/story"
	"huawu/shared/sma"
)

// flowRun plays a flow in the terminal.
func flowRun(ctx context.Context, out io.Writer, args []string) error {
	return runInTerminal(ctx, os.Stdin, out, args)
}

// runInTerminal reads what the caller types, a line at a time.
func runInTerminal(ctx context.Context, in io.Reader, out io.Writer, args []string) error {
	f := flowFlags("run", "[--from NUMBER] [--function NAME=JSON]… FILE", "call a flow from the terminal: type digits, see prompts and variables; flows beside it are found by their names",
		"huawu flow run --language zh-CN --function order-status='{\"days\":\"3\"}' hotline.json")
	r := &terminal{out: out, in: bufio.NewScanner(in), colours: coloursFor(out), replies: map[string]string{}}
	from := f.String("from", "+8613800135678", "the caller's number")
	to := f.String("to", "95000", "the number that is called")
	language := f.String("language", "", "language of a contact that has set none, e.g. zh-CN")
	f.BoolVar(&r.closed, "closed", false, "hours of operation are closed")
	f.IntVar(&r.agents, "agents", 1, "agents that are available, for metrics")
	f.BoolVar(&r.trace, "trace", false, "show every action that is passed")
	f.Func("function", "what a function replies, as NAME=JSON; others are asked for", r.setReply)
	rest, err := parseMixed(f, args, 1, 1)
	if err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	if len(docs) != 1 {
		return wrongUsage(f, "want one file, not a folder")
	}
	p, err := compileDocument(docs[0])
	if err != nil {
		return err
	}
	r.folder = filepath.Dir(docs[0].path)
	if r.bots, err = readBots(r.folder); err != nil {
		return err
	}
	r.env = interp.Env{Now: time.Now().UTC(), CallID: "a", Can: sma.Capabilities(), Flows: map[string]*interp.Program{p.ID: p}, Trace: true, RecordingLocation: "recordings", Bots: r.bots != nil,
		Language: *language, PromptBucket: "prompts",
		Contact: interp.Contact{ID: "terminal", Customer: interp.Endpoint{Address: *from}, System: interp.Endpoint{Address: *to}}}
	r.state = interp.Start("terminal", p.ID, nil)
	r.state.Type = p.Type
	r.state.Queued = p.Type == flow.CustomerQueue
	return r.play(ctx)
}

// terminal is one call in a terminal: the relay and the world, typed by a person.
type terminal struct {
	colours
	out     io.Writer
	in      *bufio.Scanner
	env     interp.Env
	state   interp.State
	folder  string
	replies map[string]string // by function
	bots    stories.Bots
	closed  bool
	agents  int
	trace   bool
	left    bool // the caller has hung up
	step    int
}

func (r *terminal) setReply(text string) error {
	name, reply, ok := strings.Cut(text, "=")
	if !ok || !json.Valid([]byte(reply)) {
		return errors.New("want NAME=JSON")
	}
	r.replies[name] = reply
	return nil
}

// say prints a line.
func (r *terminal) say(format string, args ...any) {
	fmt.Fprintf(r.out, "%s\n", plain(fmt.Sprintf(format, args...)))
}

// note prints a line beside what the caller hears.
func (r *terminal) note(format string, args ...any) {
	fmt.Fprintln(r.out, r.faint(plain("  "+fmt.Sprintf(format, args...))))
}

// read asks for a line; ok is false when there is none any more. Words with a
// colon are answered at once.
func (r *terminal) read(ask string) (line string, ok bool) {
	for {
		fmt.Fprint(r.out, r.green(ask+"> "))
		if !r.in.Scan() {
			fmt.Fprintln(r.out)
			return "", false
		}
		switch line = strings.TrimSpace(r.in.Text()); line {
		case ":vars":
			r.variables()
		case ":hangup":
			return "", false
		case ":help":
			r.note(":vars shows what is set, :hangup hangs up; Enter is no input")
		default:
			return line, true
		}
	}
}

// play drives the flow until it ends, the caller hangs up or ctx is done.
func (r *terminal) play(ctx context.Context) error {
	var event interp.Event = interp.Begin{}
	for ctx.Err() == nil {
		before := r.state
		s, out, err := interp.Drive(r.state, event, r.env, r)
		if err != nil {
			return err
		}
		r.state = s
		r.passed(out.Visits)
		r.changed(before)
		if out.Err != nil {
			fmt.Fprintln(r.out, r.red(plain("the flow failed: "+out.Err.Error())))
		}
		for i := range out.Actions {
			r.hear(&out.Actions[i])
		}
		if out.Ended != "" {
			r.say("the flow ended: %s", out.Ended)
			return nil
		}
		var last *sma.Action
		if n := len(out.Actions); n > 0 {
			last = &out.Actions[n-1]
		}
		if r.left {
			return nil
		}
		event = r.next(last)
	}
	return ctx.Err()
}

func (r *terminal) passed(visits []interp.Visit) {
	if !r.trace {
		return
	}
	for _, v := range visits {
		branch := v.Branch
		if branch == "" {
			branch = "…"
		}
		r.note("%s: %s → %s", v.Action, branch, v.To)
	}
}

// variables are what references of a flow read, by their paths.
func variables(s interp.State) map[string]string {
	all := map[string]string{"$.StoredCustomerInput": s.Stored, "$.External": string(s.External), "$.Queue.Name": s.Queue.Name, "$.Lex": string(s.Lex),
		"$.CustomerCallbackNumber": s.Callback, "$.LanguageCode": s.Language, "$.TextToSpeechVoiceId": s.Voice.ID}
	for name, value := range s.Attributes {
		all["$.Attributes."+name] = value
	}
	for name, value := range s.FlowAttributes {
		all["$.FlowAttributes."+name] = value
	}
	for name, value := range s.Metrics {
		all["$.Metrics."+name] = value
	}
	for name, value := range s.Data {
		all["$."+name] = string(value)
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

func (r *terminal) variables() {
	all := variables(r.state)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.note("%s = %s", name, all[name])
	}
	if len(all) == 0 {
		r.note("nothing is set")
	}
}

// changed shows what the last actions have set.
func (r *terminal) changed(before interp.State) {
	old, now := variables(before), variables(r.state)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if old[name] != now[name] {
			r.note("%s = %s", name, now[name])
		}
	}
	if before.Flow != r.state.Flow {
		r.note("flow %s", r.state.Flow)
	}
	if !before.Queued && r.state.Queued {
		r.note("the contact waits in queue %s", r.state.Queue.Name)
	}
}

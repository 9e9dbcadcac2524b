package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"
)

// whyAnswer is the desk's explanation of a contact's way to its agent.
type whyAnswer struct {
	Contact  string      `json:"contactId"`
	State    string      `json:"state"`
	Queue    string      `json:"queue,omitempty"`
	Enqueued *time.Time  `json:"enqueued,omitempty"`
	Attempts int         `json:"attempts"`
	Choices  []whyChoice `json:"choices"`
	Agent    string      `json:"agent,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Ahead    int         `json:"ahead"`
	Agents   []struct {
		Agent   string    `json:"agent"`
		Why     string    `json:"why"`
		Detail  string    `json:"detail,omitempty"`
		Expires time.Time `json:"expires,omitzero"`
	} `json:"agents"`
}

// whyChoice is why one offer went to its agent.
type whyChoice struct {
	Agent    string     `json:"agent"`
	At       time.Time  `json:"at"`
	Waited   string     `json:"waitedFor"`
	Since    *time.Time `json:"since,omitempty"`
	Priority int        `json:"priority,omitempty"`
	Via      string     `json:"overflowTo,omitempty"`
	Step     int        `json:"criteriaStep,omitempty"`
	Level    int        `json:"skillLevel,omitempty"`
	Free     int        `json:"free"`
	Fits     int        `json:"othersThatFit"`
	Unserved int        `json:"othersOfOtherQueues"`
	Skills   int        `json:"othersWithoutSkills"`
	Excluded int        `json:"othersExcluded"`
	Delayed  int        `json:"othersLater"`
}

// why prints who got a contact, when, why, and why not others.
func why(ctx context.Context, out io.Writer, args []string) error {
	f := flags("why", "[--data DIR] [-o json] CONTACT")
	data := f.String("data", "data", "data folder of the running centre")
	output := f.String("o", "text", "text, or json")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	_, c, err := centre(*data)
	if err != nil {
		return err
	}
	var a whyAnswer
	if err := c.do(ctx, "GET", "/v1/contacts/"+url.PathEscape(f.Arg(0))+"/why", nil, &a); err != nil {
		return err
	}
	if *output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(a)
	}
	a.print(out, time.Now())
	return nil
}

// print tells the explanation in sentences.
func (a whyAnswer) print(out io.Writer, now time.Time) {
	if a.Enqueued == nil {
		fmt.Fprintf(out, "%s was in no queue: %s %s\n", a.Contact, a.State, a.Reason)
		return
	}
	fmt.Fprintf(out, "%s  came to %s\n", clock(*a.Enqueued), a.Queue)
	if hidden := a.Attempts - len(a.Choices); hidden > 0 {
		fmt.Fprintf(out, "          %d earlier offers are not kept\n", hidden)
	}
	for _, c := range a.Choices {
		fmt.Fprintf(out, "%s  offered to %s after %s: %s\n", clock(c.At), c.Agent, c.At.Sub(*a.Enqueued).Round(time.Second), c.because())
		for _, line := range c.others() {
			fmt.Fprintf(out, "          %s\n", line)
		}
	}
	switch {
	case a.State == "QUEUED":
		fmt.Fprintf(out, "%s  waits since %s, %d before it\n", clock(now), now.Sub(*a.Enqueued).Round(time.Second), a.Ahead)
		for _, o := range a.Agents {
			fmt.Fprintf(out, "          %s: %s\n", o.Agent, obstacle(o.Why, o.Detail, o.Expires))
		}
	case a.Agent != "":
		fmt.Fprintf(out, "          %s, agent %s %s\n", a.State, a.Agent, a.Reason)
	default:
		fmt.Fprintf(out, "          %s without an agent %s\n", a.State, a.Reason)
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

// because says what the contact waited for.
func (c whyChoice) because() string {
	s := map[string]string{
		"nothing": "somebody was free when it came", "agent": "the agent was not free before", "delay": "the queue's delay in the agent's profile was over",
		"criteria": "its criteria relaxed", "overflow": "agents of " + c.Via + " help by then", "exclusion": "the agent had let it pass, and a while was over",
		"time": "it was not to be offered before",
	}[c.Waited]
	if c.Waited != "nothing" && c.Since != nil {
		s += " (" + clock(*c.Since) + ")"
	}
	if c.Priority > 0 {
		s += fmt.Sprintf("; priority %d in the agent's profile", c.Priority)
	}
	if c.Level > 0 {
		s += fmt.Sprintf("; skill level %d", c.Level)
	}
	if c.Step > 0 {
		s += fmt.Sprintf("; step %d of its criteria", c.Step)
	}
	return s
}

// others says why nobody else got it.
func (c whyChoice) others() []string {
	if c.Fits < 0 {
		return []string{fmt.Sprintf("%d agents were free", c.Free)}
	}
	var all []string
	for _, o := range []struct {
		n    int
		what string
	}{{c.Fits, "would have come after: lower level, or idle not so long"}, {c.Skills, "lacked a skill, or were not asked for"}, {c.Excluded, "had let it pass"},
		{c.Delayed, "serve the queue only later"}, {c.Unserved, "serve other queues or channels"}} {
		if o.n > 0 {
			all = append(all, fmt.Sprintf("%d free, %s", o.n, o.what))
		}
	}
	if len(all) == 0 {
		all = append(all, "nobody else was free")
	}
	return all
}

// obstacle says what keeps an agent from a contact that waits.
func obstacle(why, detail string, until time.Time) string {
	s := map[string]string{"offline": "is offline", "away": "is away", "missed": "let an offer pass and has not come back", "busy": "is busy",
		"queue": "does not serve the queue", "channel": "has no room for contacts of its kind at all", "delay": "serves the queue only later", "skills": "lacks", "criteria": "is not asked for yet",
		"excluded": "let it pass", "time": "it is not to be offered yet", "customer": "is to get it once the customer is on the line, who is called first",
		"none": "is about to get it, or gets one before it"}[why]
	if detail != "" {
		s += " " + detail
	}
	if !until.IsZero() {
		s += ", until " + clock(until)
	}
	return s
}

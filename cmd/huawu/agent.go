package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// agentLine is an agent as the centre tells of one.
type agentLine struct {
	ID       string         `json:"id"`
	Username string         `json:"username"`
	Name     string         `json:"name,omitempty"`
	State    string         `json:"state"`
	Profile  string         `json:"profile"`
	Skills   map[string]int `json:"skills,omitempty"`
	Slots    map[string]int `json:"slots"`
	Mixed    bool           `json:"mixed,omitempty"`
}

type agentList struct {
	Agents []agentLine `json:"agents"`
}

// agentListing lists agents and what they are given to do.
func agentListing(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("agent list", "[--data DIR] [-o json]", "agents, and what they are given to do", "huawu agent list")
	_, c, err := atCentre(f, args, data, output, 0, 0)
	if err != nil {
		return err
	}
	var all agentList
	if err := c.do(ctx, "GET", "/v1/agents", nil, &all); err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, all)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tSTATE\tPROFILE\tSKILLS\tROOM")
	for _, a := range all.Agents {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Name, a.State, a.Profile, pairs(a.Skills), pairs(a.Slots))
	}
	return w.Flush()
}

// pairs writes a map as name=number, in order.
func pairs(m map[string]int) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+strconv.Itoa(m[k]))
	}
	return strings.Join(all, " ")
}

// agentSet gives an agent another profile, other skills or room; what is not named
// stays.
func agentSet(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("agent set", "[--data DIR] [--profile ID] [--skill NAME=LEVEL]… [--room CHANNEL=N]… [-o json] AGENT",
		"give an agent another profile, other skills or room; what is not named stays", "huawu agent set --skill card=3 --room chat=4 lin")
	profile := f.String("profile", "", "routing profile; \"\" = as it is")
	skills, room := map[string]int{}, map[string]int{}
	f.Func("skill", "level of a skill, 1 to 5; 0 takes it away; may be given again", number(skills))
	f.Func("room", "contacts of a channel at a time: voice, chat, email, task; may be given again", number(room))
	rest, c, err := atCentre(f, args, data, output, 1, 1)
	if err != nil {
		return err
	}
	var all agentList
	if err := c.do(ctx, "GET", "/v1/agents", nil, &all); err != nil {
		return err
	}
	n := slices.IndexFunc(all.Agents, func(a agentLine) bool { return a.ID == rest[0] || a.Username == rest[0] })
	if n < 0 {
		return fmt.Errorf("there is no agent %q; huawu agent list shows them", rest[0])
	}
	a := all.Agents[n]
	if *profile != "" {
		a.Profile = *profile
	}
	a.Skills, a.Slots = over(a.Skills, skills), over(a.Slots, room)
	if _, ok := a.Slots["voice"]; !ok {
		a.Slots["voice"] = 0
	}
	body := map[string]any{"profile": a.Profile, "skills": a.Skills, "slots": a.Slots, "mixed": a.Mixed}
	var is agentLine
	if err := c.do(ctx, "PUT", "/v1/agents/"+url.PathEscape(a.ID)+"/assignment", body, &is); err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, is)
	}
	_, err = fmt.Fprintf(out, "%s: profile %s, skills %s, room %s\n", is.ID, is.Profile, pairs(is.Skills), pairs(is.Slots))
	return err
}

// number is a flag of NAME=N that may be given again.
func number(into map[string]int) func(string) error {
	return func(s string) error {
		name, text, _ := strings.Cut(s, "=")
		n, err := strconv.Atoi(text)
		if err != nil || name == "" || n < 0 {
			return fmt.Errorf("want NAME=NUMBER")
		}
		into[name] = n
		return nil
	}
}

// over puts numbers over others; 0 takes one away.
func over(was, to map[string]int) map[string]int {
	out := map[string]int{}
	maps.Copy(out, was)
	maps.Copy(out, to)
	maps.DeleteFunc(out, func(_ string, n int) bool { return n == 0 })
	return out
}

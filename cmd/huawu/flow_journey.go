package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"huawu/shared/flow/graph"
	"huawu/shared/flow/journey"
)

// flowReport is what became of callers in a flow, as the centre counts it.
type flowReport struct {
	journey.Report
	From     string         `json:"from"`
	To       string         `json:"to"`
	Contacts int            `json:"contacts"`
	Versions map[string]int `json:"versions"`
}

// flowJourney prints what became of callers at each action of a flow.
func flowJourney(ctx context.Context, out io.Writer, args []string) error {
	f, data, _ := centreFlags("flow journey", "[--data DIR] [--from DAY] [--to DAY] [--version N] [-o text|json|svg|mermaid] ID", "what became of callers at each action: who came, left, hung up, and how long it took",
		"huawu flow journey hotline\nhuawu flow journey --from 2026-11-01 --to 2026-11-20 -o svg hotline > hotline.svg")
	output := f.Lookup("o")
	output.Usage = "text, json, svg or mermaid"
	from := f.String("from", "", "first day, UTC; today if absent")
	to := f.String("to", "", "last day, UTC; the first if absent")
	version := f.String("version", "", "a number or $SAVED; the published version if absent")
	rest, err := parseMixed(f, args, 1, 1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", output.Value.String(), "text", "json", "svg", "mermaid"); err != nil {
		return err
	}
	_, c, err := centre(*data)
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]string{"from": *from, "to": *to, "version": *version} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var r flowReport
	if err := c.do(ctx, "GET", flowPath(rest[0], "journey")+"?"+query.Encode(), nil, &r); err != nil {
		return err
	}
	switch output.Value.String() {
	case "json":
		return printJSON(out, r)
	case "text":
		return printJourney(out, r)
	}
	return drawJourney(ctx, out, c, rest[0], r, output.Value.String() == "svg")
}

// seconds shows a time as people say it.
func seconds(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%d:%02d min", int(s)/60, int(s)%60)
}

func printJourney(out io.Writer, r flowReport) error {
	fmt.Fprintf(out, "%s, %s to %s: %s of %d, %s, %s joined with an agent\n", r.Flow, r.From, r.To, many(r.Calls, "call"), r.Contacts, many(r.HangUps, "hang-up"), many(r.Agents, "caller"))
	var versions []string
	for _, v := range slices.Sorted(maps.Keys(r.Versions)) {
		versions = append(versions, fmt.Sprintf("%s: %d", v, r.Versions[v]))
	}
	if len(versions) > 1 {
		fmt.Fprintf(out, "calls by version: %s\n", strings.Join(versions, ", "))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACTION\tTYPE\tENTRIES\tHANG-UPS\tAGENT\tEND\tAVERAGE\tLONGEST\tEXITS")
	for i := range r.Nodes {
		n := &r.Nodes[i]
		var exits []string
		for _, e := range n.Exits {
			if e.Branch != "" {
				exits = append(exits, fmt.Sprintf("%s: %d", plain(e.Branch), e.Count))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", plain(n.Action), n.Type, n.Entries, n.HangUps, n.Agents, n.Ended,
			seconds(n.Average()), seconds(float64(n.Longest)), strings.Join(exits, ", "))
	}
	return w.Flush()
}

// drawJourney draws the version that the report is about, with its figures.
func drawJourney(ctx context.Context, out io.Writer, c client, id string, r flowReport, svg bool) error {
	_, version, _ := strings.Cut(r.Flow, ":")
	res, err := c.send(ctx, "GET", flowPath(id, "versions", version), nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	program, err := parseDocument(document{path: r.Flow, id: id, data: data})
	if err != nil {
		return err
	}
	t := &graph.Traffic{Blocks: map[string]string{}, Taken: map[[2]string]int{}, Calls: r.Calls}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		note := fmt.Sprintf("%d in, ⌀ %s", n.Entries, seconds(n.Average()))
		if n.HangUps > 0 {
			note = fmt.Sprintf("%d in, %d hung up, ⌀ %s", n.Entries, n.HangUps, seconds(n.Average()))
		}
		t.Blocks[n.Action] = note
		for _, e := range n.Exits {
			t.Taken[[2]string{n.Action, e.To}] += e.Count
		}
	}
	if svg {
		_, err = out.Write(graph.SVG(program, t))
	} else {
		_, err = io.WriteString(out, graph.Mermaid(program, t))
	}
	return err
}

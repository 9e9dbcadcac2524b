package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/lint"
)

// flowLint prints what is wrong with flows.
func flowLint(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("lint", "[-o json] [--strict] [--bind MAP.json] FILE…|DIR", "find what is wrong with flows before a caller does",
		"huawu flow lint flows\nhuawu flow lint --strict --consent asked -o json hotline.json")
	output := f.String("o", "text", "text, or json")
	strict := f.Bool("strict", false, "warnings end with exit code 1 too")
	consent := f.String("consent", "announced", "policy for recording: announced, asked (by a key) or off")
	mapFile := f.String("bind", "", "map of the names that are bound here; others are warnings")
	ignore := f.String("ignore", "", "rules, with commas, whose findings do not count; --rules lists them")
	rules := f.Bool("rules", false, "list the rules")
	rest, err := parseMixed(f, args, 0, -1)
	if err != nil {
		return err
	}
	if *rules {
		return printRules(out)
	}
	if len(rest) == 0 {
		return wrongUsage(f, "want a file or a folder")
	}
	silent, err := ignored(f, *ignore)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", *output, "text", "json"); err != nil {
		return err
	}
	if err := oneOf(f, "consent", *consent, "announced", "asked", "off"); err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	options := lint.Options{Consent: map[string]lint.Consent{"announced": lint.Announced, "asked": lint.Asked, "off": lint.Anything}[*consent]}
	if options.Bound, err = readMap(*mapFile); err != nil {
		return err
	}
	sources := make([]lint.Source, 0, len(docs))
	for _, d := range docs {
		sources = append(sources, lint.Source{Name: d.path, ID: d.id, Data: d.data})
	}
	found := slices.DeleteFunc(lint.Lint(sources, options), func(f lint.Finding) bool { return slices.Contains(silent, f.Rule) })
	bad, warned := lint.Count(found)
	if err := printFindings(out, *output, found, len(docs)); err != nil {
		return err
	}
	if bad > 0 || *strict && warned > 0 {
		return errFound
	}
	return nil
}

func printRules(out io.Writer) error {
	for _, m := range lint.Rules() {
		if _, err := fmt.Fprintf(out, "%-22s %s\n", m.Rule, m.About); err != nil {
			return err
		}
	}
	return nil
}

// ignored reads the rules that do not count. What the language does not allow
// always counts.
func ignored(f *flag.FlagSet, text string) ([]lint.Rule, error) {
	var list []lint.Rule
	for name := range strings.SplitSeq(text, ",") {
		rule := lint.Rule(strings.TrimSpace(name))
		known := slices.ContainsFunc(lint.Rules(), func(m lint.Meaning) bool { return m.Rule == rule })
		switch {
		case rule == "":
		case !known || rule == lint.Document || rule == lint.Language:
			return nil, wrongUsage(f, "--ignore %q: there is no such rule that can be ignored", name)
		default:
			list = append(list, rule)
		}
	}
	return list, nil
}

// printFindings prints a line for each, and how many there are.
func printFindings(out io.Writer, output string, found []lint.Finding, files int) error {
	bad, warned := lint.Count(found)
	if output == "json" {
		if found == nil {
			found = []lint.Finding{}
		}
		return printJSON(out, struct {
			Files    int            `json:"files"`
			Errors   int            `json:"errors"`
			Warnings int            `json:"warnings"`
			Findings []lint.Finding `json:"findings"`
		}{files, bad, warned, found})
	}
	c := coloursFor(out)
	for _, f := range found {
		severity := c.yellow(string(f.Severity))
		if f.Severity == flow.Error {
			severity = c.red(string(f.Severity))
		}
		fmt.Fprintf(out, "%s: %s: %s %s\n", f.File, severity, plain(f.Problem.String()), c.faint("["+string(f.Rule)+"]"))
	}
	_, err := fmt.Fprintf(out, "%s, %s, %s\n", many(files, "flow"), many(bad, "error"), many(warned, "warning"))
	return err
}

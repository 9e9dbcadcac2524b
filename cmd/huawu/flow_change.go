package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
	"huawu/shared/flow/diff"
	"huawu/shared/flow/form"
	"huawu/shared/flow/graph"
	"huawu/shared/flow/legacy"
)

// flowFmt writes flows in their one form.
func flowFmt(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("fmt", "[-l] [-w] FILE…|DIR", "write flows in one form, so that versions can be compared",
		"huawu flow fmt -l flows      # lists files that are not in it\nhuawu flow fmt -w flows")
	list := f.Bool("l", false, "list files that are in another form")
	write := f.Bool("w", false, "write the files instead of printing them")
	rest, err := parseMixed(f, args, 1, -1)
	if err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	var faults []error
	for _, d := range docs {
		program, err := flow.Parse(d.data)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", d.path, err))
			continue
		}
		text, err := form.Write(program)
		if err != nil {
			return err
		}
		same := bytes.Equal(text, d.data)
		if *list && !same {
			fmt.Fprintln(out, d.path)
		}
		switch {
		case *write && !same && d.path != "-":
			faults = append(faults, replaceFile(d.path, text))
		case !*list && !*write, *write && d.path == "-":
			if _, err := out.Write(text); err != nil {
				return err
			}
		}
	}
	return errors.Join(faults...)
}

// flowDiff prints what changed for callers between two versions.
func flowDiff(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("diff", "[-o json] [--exit-code] A B", "what changed between two versions of a flow, for a caller",
		"git show HEAD:flows/hotline.json | huawu flow diff - flows/hotline.json")
	output := f.String("o", "text", "text, or json")
	code := f.Bool("exit-code", false, "end with exit code 1 if there is a difference")
	rest, err := parseMixed(f, args, 2, 2)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", *output, "text", "json"); err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	if len(docs) != 2 {
		return wrongUsage(f, "want two files, not a folder")
	}
	from, err := parseDocument(docs[0])
	if err != nil {
		return err
	}
	to, err := parseDocument(docs[1])
	if err != nil {
		return err
	}
	changes := diff.Flows(from, to)
	if *output == "json" {
		if changes == nil {
			changes = []diff.Change{}
		}
		err = printJSON(out, changes)
	} else {
		printChanges(out, changes)
	}
	if err == nil && *code && len(changes) > 0 {
		return errors.New("the flows differ")
	}
	return err
}

func printChanges(out io.Writer, changes []diff.Change) {
	c := coloursFor(out)
	for _, change := range changes {
		line := plain(change.String())
		switch change.Kind {
		case diff.Added:
			line = c.green("+ " + line)
		case diff.Removed:
			line = c.red("- " + line)
		case diff.Renamed:
			line = c.faint("  " + line)
		default:
			line = c.yellow("~ " + line)
		}
		fmt.Fprintln(out, line)
	}
	if len(changes) == 0 {
		fmt.Fprintln(out, "no difference")
	}
}

// flowGraph draws a flow.
func flowGraph(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("graph", "[-o mermaid|svg] FILE", "draw a flow", "huawu flow graph -o svg hotline.json > hotline.svg")
	output := f.String("o", "mermaid", "mermaid, or svg")
	rest, err := parseMixed(f, args, 1, 1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", *output, "mermaid", "svg"); err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	for _, d := range docs {
		program, err := parseDocument(d)
		if err != nil {
			return err
		}
		if *output == "svg" {
			if len(docs) > 1 {
				return wrongUsage(f, "an SVG is one flow, not a folder")
			}
			_, err = out.Write(graph.SVG(program, nil))
		} else {
			_, err = io.WriteString(out, graph.Mermaid(program, nil))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flowConvert converts flows of the older format.
func flowConvert(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("convert", "[--to DIR] FILE…", "convert flows of the \"modules\" format of before 2019 into today's",
		"huawu flow convert old.json > new.json\nhuawu flow convert --to flows old/*.json")
	folder := f.String("to", "", "folder to write to, under the files' names; without it one file is printed")
	rest, err := parseMixed(f, args, 1, -1)
	if err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	if *folder == "" && len(docs) > 1 {
		return wrongUsage(f, "%d files want --to DIR", len(docs))
	}
	var faults []error
	for _, d := range docs {
		program, err := legacy.Convert(d.data)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", d.path, err))
			continue
		}
		text, err := form.Write(program)
		if err != nil {
			return err
		}
		if *folder == "" {
			_, err = out.Write(text)
			return err
		}
		path := filepath.Join(*folder, filepath.Base(d.path))
		faults = append(faults, os.MkdirAll(*folder, 0o755), replaceFile(path, text))
		fmt.Fprintln(out, path)
	}
	return errors.Join(faults...)
}

// flowBind changes ARNs into names, or names into ARNs.
func flowBind(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("bind", "--map MAP.json [--to names|arns] [-w] [--strict] FILE…|DIR", "change ARNs of an instance into symbolic names, or names into ARNs",
		"huawu flow bind --list exported.json > map.json   # then put names in\nhuawu flow bind --map map.json --to names -w exported.json")
	mapFile := f.String("map", "", `map: {"queues": {"service": "arn:…"}, "functions": {…}}`)
	to := f.String("to", "names", "names, or arns")
	write := f.Bool("w", false, "write the files instead of printing them")
	list := f.Bool("list", false, "print a map to begin with: everything the flows name")
	strict := f.Bool("strict", false, "end with exit code 1 if something is not in the map")
	rest, err := parseMixed(f, args, 1, -1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "to", *to, "names", "arns"); err != nil {
		return err
	}
	if *list == (*mapFile != "") {
		return wrongUsage(f, "want either --map or --list")
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	if *list {
		return listReferences(out, docs)
	}
	if len(docs) > 1 && !*write {
		return wrongUsage(f, "%d files want -w", len(docs))
	}
	m, err := readMap(*mapFile)
	if err != nil {
		return err
	}
	missing := 0
	for _, d := range docs {
		n, err := bindDocument(f.Output(), out, d, m, *to, *write)
		if err != nil {
			return err
		}
		missing += n
	}
	if *strict && missing > 0 {
		return fmt.Errorf("%s not in the map", many(missing, "reference"))
	}
	return nil
}

// bindDocument binds one flow and says what the map does not hold.
func bindDocument(notes, out io.Writer, d document, m bind.Map, to string, write bool) (missing int, err error) {
	program, err := parseDocument(d)
	if err != nil {
		return 0, err
	}
	turn := m.ToNames
	if to == "arns" {
		turn = m.ToARNs
	}
	bound, left := turn(program)
	for _, r := range left {
		fmt.Fprintf(notes, "%s: warning: action %s (%s), %s: %s %q is not in the map\n", d.path, plain(r.Action), plain(r.Type), r.Field, r.Kind.One(), r.Value)
	}
	text, err := form.Write(bound)
	switch {
	case err != nil:
	case write && d.path != "-":
		err = replaceFile(d.path, text)
	default:
		_, err = out.Write(text)
	}
	return len(left), err
}

// listReferences prints a map of everything flows name, each under the last
// part of its ARN.
func listReferences(out io.Writer, docs []document) error {
	m := bind.Map{}
	for _, d := range docs {
		program, err := parseDocument(d)
		if err != nil {
			return err
		}
		for _, r := range bind.References(program) {
			if r.Dynamic() || slices.Contains(slices.Collect(maps.Values(m[r.Kind])), r.Value) {
				continue
			}
			if m[r.Kind] == nil {
				m[r.Kind] = map[string]string{}
			}
			name := flow.ResourceID(r.Value)
			for n := 2; m[r.Kind][name] != ""; n++ {
				name = fmt.Sprintf("%s-%d", flow.ResourceID(r.Value), n)
			}
			m[r.Kind][name] = r.Value
		}
	}
	return printJSON(out, m)
}

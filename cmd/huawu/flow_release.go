package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// flowHead is a flow of the running centre; the names are those of its API.
type flowHead struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Type      string `json:"type,omitempty"`
	Status    string `json:"status"`
	Published int    `json:"published"`
	Last      int    `json:"last"`
	Revision  int64  `json:"revision"`
	Aliases   map[string]struct {
		Shares []flowShare `json:"shares"`
		Before []flowShare `json:"before,omitempty"`
	} `json:"aliases,omitempty"`
}

type flowShare struct {
	Version int `json:"version"`
	Percent int `json:"percent"`
}

// flowVersions is a flow with its versions.
type flowVersions struct {
	flowHead
	Versions []struct {
		Version int        `json:"version"`
		At      *time.Time `json:"at,omitempty"`
		By      string     `json:"by,omitempty"`
		Note    string     `json:"note,omitempty"`
		Sum     string     `json:"sha256"`
	} `json:"versions"`
}

// flowPublished is a flow that was published, with what the linter warns of.
type flowPublished struct {
	flowHead
	Findings []struct {
		Severity string `json:"severity"`
		Rule     string `json:"rule"`
		Action   string `json:"action,omitempty"`
		Field    string `json:"field"`
		Message  string `json:"message"`
	} `json:"findings"`
}

// shares says what an alias stands for: "3", or "1=90 2=10".
func shares(list []flowShare) string {
	var words []string
	for _, s := range list {
		if len(list) == 1 {
			return strconv.Itoa(s.Version)
		}
		words = append(words, fmt.Sprintf("%d=%d", s.Version, s.Percent))
	}
	return strings.Join(words, " ")
}

// centreFlags are the flags of commands that talk to a running centre.
func centreFlags(words, args, about, example string) (f *flag.FlagSet, data, output *string) {
	f = explained(words, args, about, example)
	return f, f.String("data", "data", "data folder of the running centre"), f.String("o", "text", "text, or json")
}

// atCentre reads a command's flags and finds its centre.
func atCentre(f *flag.FlagSet, args []string, data, output *string, least, most int) (rest []string, c client, err error) {
	if rest, err = parseMixed(f, args, least, most); err != nil {
		return nil, client{}, err
	}
	if err = oneOf(f, "o", *output, "text", "json"); err != nil {
		return nil, client{}, err
	}
	_, c, err = centre(*data)
	return rest, c, err
}

// flowPath is the path of a flow in the API.
func flowPath(id string, more ...string) string {
	path := "/v1/flows/" + url.PathEscape(id)
	for _, m := range more {
		path += "/" + url.PathEscape(m)
	}
	return path
}

// saveDraft keeps a document as a flow's draft, byte for byte.
func (c client) saveDraft(ctx context.Context, d document, id, note string) (h flowHead, err error) {
	path := flowPath(id, "draft")
	if note != "" {
		path += "?note=" + url.QueryEscape(note)
	}
	res, err := c.send(ctx, "PUT", path, bytes.NewReader(d.data), nil)
	if err != nil {
		return h, fmt.Errorf("%s: %w", d.path, err)
	}
	defer res.Body.Close()
	return h, json.NewDecoder(res.Body).Decode(&h)
}

// flowSave keeps flows as drafts of the running centre.
func flowSave(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow save", "[--data DIR] [--as ID] [--note TEXT] FILE…|DIR", "keep flows as drafts; callers notice nothing, but a number may be bound to ID:$SAVED",
		"huawu flow save hotline.json\nhuawu flow number 95001 'hotline:$SAVED'   # call it")
	as := f.String("as", "", "id of the flow; its file's name if absent")
	note := f.String("note", "", "what was changed")
	rest, c, err := atCentre(f, args, data, output, 1, -1)
	if err != nil {
		return err
	}
	docs, err := readDocuments(rest)
	if err != nil {
		return err
	}
	if *as != "" && len(docs) > 1 {
		return wrongUsage(f, "--as names one flow, not %d", len(docs))
	}
	var heads []flowHead
	for _, d := range docs {
		id := d.id
		if *as != "" {
			id = *as
		}
		h, err := c.saveDraft(ctx, d, id, *note)
		if err != nil {
			return err
		}
		heads = append(heads, h)
		if *output == "text" {
			fmt.Fprintf(out, "%s: draft %d saved; callers get %s\n", h.ID, h.Revision, versionText(h.Published))
		}
	}
	if *output == "json" {
		return printJSON(out, heads)
	}
	return nil
}

func versionText(n int) string {
	if n == 0 {
		return "nothing yet"
	}
	return "version " + strconv.Itoa(n)
}

// putBot lets a bot understand what a grammar file says.
func (c client) putBot(ctx context.Context, out io.Writer, path string, tell bool) error {
	d, err := readDocument(path)
	if err != nil {
		return err
	}
	id := strings.TrimSuffix(filepath.Base(path), grammarEnding)
	res, err := c.send(ctx, "PUT", "/v1/bots/"+url.PathEscape(id), bytes.NewReader(d.data), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if tell {
		fmt.Fprintf(out, "bot %s understands %s; calls notice it within 30 s\n", id, path)
	}
	return res.Body.Close()
}

// flowPublish publishes drafts; files are saved first.
func flowPublish(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow publish", "[--data DIR] [--note TEXT] [--strict] ID|FILE…", "make drafts the next version; a file is saved first; what the linter calls an error is refused. A NAME.grammar.json is what the bot NAME understands from now on",
		"huawu flow publish --note 'new menu' hotline.json\nhuawu flow publish hotline")
	note := f.String("note", "", "what was changed")
	strict := f.Bool("strict", false, "refuse warnings too")
	consent := f.String("consent", "announced", "policy for recording: announced, asked (by a key) or off")
	rest, c, err := atCentre(f, args, data, output, 1, -1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "consent", *consent, "announced", "asked", "off"); err != nil {
		return err
	}
	var heads []flowPublished
	for _, arg := range rest {
		id := arg
		if strings.HasSuffix(arg, grammarEnding) {
			if err := c.putBot(ctx, out, arg, *output == "text"); err != nil {
				return err
			}
			continue
		}
		if _, err := os.Stat(arg); err == nil {
			d, err := readDocument(arg)
			if err == nil {
				_, err = c.saveDraft(ctx, d, d.id, *note)
			}
			if err != nil {
				return err
			}
			id = d.id
		}
		var h flowPublished
		if err := c.do(ctx, "POST", flowPath(id, "publish"), map[string]any{"note": *note, "strict": *strict, "consent": *consent}, &h); err != nil {
			return err
		}
		heads = append(heads, h)
		if *output == "text" {
			for _, w := range h.Findings {
				fmt.Fprintf(out, "%s: %s: action %s, %s: %s [%s]\n", id, w.Severity, plain(w.Action), plain(w.Field), plain(w.Message), w.Rule)
			}
			fmt.Fprintf(out, "%s: %s is published; new calls get it within 30 s\n", id, versionText(h.Published))
		}
	}
	if *output == "json" {
		return printJSON(out, heads)
	}
	return nil
}

// flowVersionsCommand lists flows, or the versions of one.
func flowVersionsCommand(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow versions", "[--data DIR] [--get VERSION] [-o json] [ID]", "list the centre's flows, or the versions and aliases of one",
		"huawu flow versions\nhuawu flow versions --get 3 hotline > hotline.json   # as it was saved, byte for byte")
	get := f.String("get", "", "print a version's document: a number, an alias, published or $SAVED")
	rest, c, err := atCentre(f, args, data, output, 0, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		if *get != "" {
			return wrongUsage(f, "--get wants the flow's ID")
		}
		return listFlows(ctx, out, c, *output)
	}
	if *get != "" {
		res, err := c.send(ctx, "GET", flowPath(rest[0], "versions", *get), nil, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.Copy(out, res.Body)
		return err
	}
	var h flowVersions
	if err := c.do(ctx, "GET", flowPath(rest[0]), nil, &h); err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, h)
	}
	fmt.Fprintf(out, "%s %s, %s\n", h.ID, plain(h.Name), h.Status)
	for _, name := range slices.Sorted(maps.Keys(h.Aliases)) {
		a := h.Aliases[name]
		line := fmt.Sprintf("alias %s: %s", name, shares(a.Shares))
		if a.Before != nil {
			line += "; before: " + shares(a.Before)
		}
		fmt.Fprintln(out, line)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERSION\tPUBLISHED\tSHA-256\tNOTE")
	for _, v := range h.Versions {
		mark, at := "", "seeded"
		if v.Version == h.Published {
			mark = " *"
		}
		if v.At != nil {
			at = v.At.UTC().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%d%s\t%s\t%.12s\t%s\n", v.Version, mark, at, v.Sum, plain(v.Note))
	}
	return w.Flush()
}

func listFlows(ctx context.Context, out io.Writer, c client, output string) error {
	var all struct {
		Flows []flowHead `json:"flows"`
	}
	if err := c.do(ctx, "GET", "/v1/flows", nil, &all); err != nil {
		return err
	}
	if output == "json" {
		return printJSON(out, all.Flows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FLOW\tSTATUS\tCALLERS GET\tLAST\tDRAFT\tALIASES\tNAME")
	for _, h := range all.Flows {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(h.Aliases)) {
			names = append(names, name+":"+shares(h.Aliases[name].Shares))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", h.ID, h.Status, h.Published, h.Last, h.Revision, strings.Join(names, ", "), plain(h.Name))
	}
	return w.Flush()
}

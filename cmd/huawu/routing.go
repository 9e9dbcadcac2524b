package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"huawu/shared/acd/setup"
)

// routingFile is a routing as routing get prints it and routing apply reads it.
type routingFile struct {
	Revision *int64 `json:"revision,omitempty"` // that it was made of
	setup.Document
}

// routingNow is what the centre says of a routing.
type routingNow struct {
	Revision int64          `json:"revision"`
	At       *time.Time     `json:"at"`
	By       string         `json:"by"`
	Routing  setup.Document `json:"routing"`
	Warnings []setup.Finding
}

// routingPlan is what the centre says of a change.
type routingPlan struct {
	Revision int64 `json:"revision"`
	Applied  bool  `json:"applied"`
	Changes  []struct {
		What string `json:"what"`
		How  string `json:"how"`
	} `json:"changes"`
	Faults   []setup.Finding `json:"faults"`
	Warnings []setup.Finding `json:"warnings"`
}

const routingPath = "/v1/routing"

// routingGet prints the routing that is in force, or was.
func routingGet(ctx context.Context, out io.Writer, args []string) error {
	f := flags("routing get", "[--data DIR] [--revision N]")
	data := f.String("data", "data", "data folder of the running centre")
	revision := f.Int64("revision", -1, "one that was in force before; 0 is what was there before the first change")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	_, c, err := centre(*data)
	if err != nil {
		return err
	}
	now, err := c.routing(ctx, *revision)
	if err != nil {
		return err
	}
	if *revision >= 0 { // it is to be applied over what is in force
		latest, err := c.routing(ctx, -1)
		if err != nil {
			return err
		}
		now.Revision = latest.Revision
	}
	return printJSON(out, routingFile{&now.Revision, now.Routing})
}

func (c client) routing(ctx context.Context, revision int64) (now routingNow, err error) {
	err = c.do(ctx, "GET", routingPath+"?"+url.Values{"revision": {strconv.FormatInt(revision, 10)}}.Encode(), nil, &now)
	return now, err
}

// routingApply changes the routing to what a file says.
func routingApply(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("routing apply", "[--data DIR] [--dry-run] [-o json] FILE", "change the routing to what FILE says; what it does not name is removed",
		"huawu routing get > routing.json\nhuawu routing apply --dry-run routing.json")
	dry := f.Bool("dry-run", false, "only say what would change")
	rest, c, err := atCentre(f, args, data, output, 1, 1)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(rest[0])
	if err != nil {
		return err
	}
	var file routingFile
	if err := strict(raw, &file); err != nil {
		return fmt.Errorf("%s: %w", rest[0], err)
	}
	return c.applyRouting(ctx, out, file, *dry, *output)
}

// applyRouting asks the centre to change its routing and tells what became of it.
func (c client) applyRouting(ctx context.Context, out io.Writer, file routingFile, dry bool, output string) error {
	if file.Revision == nil { // written by hand: over whatever there is
		now, err := c.routing(ctx, -1)
		if err != nil {
			return err
		}
		file.Revision = &now.Revision
	}
	var p routingPlan
	if err := c.do(ctx, "PUT", routingPath, map[string]any{"revision": *file.Revision, "routing": file.Document, "dryRun": dry}, &p); err != nil {
		return err
	}
	if output == "json" {
		return printJSON(out, p)
	}
	return p.print(out)
}

func (p routingPlan) print(out io.Writer) error {
	for _, c := range p.Changes {
		fmt.Fprintf(out, "%s: %s\n", c.What, c.How)
	}
	for _, f := range p.Warnings {
		fmt.Fprintf(out, "warning  %s\n", f)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(out, "error    %s\n", f)
	}
	switch {
	case len(p.Faults) > 0:
		return errors.New("the routing is not valid, so it would not be applied")
	case len(p.Changes) == 0:
		fmt.Fprintln(out, "nothing changes")
	case p.Applied:
		fmt.Fprintf(out, "revision %d is in force within 30 s; huawu routing undo puts back what was there before\n", p.Revision)
	default:
		fmt.Fprintln(out, "not applied: this was a dry run")
	}
	return nil
}

// routingUndo puts back what was in force before the last change.
func routingUndo(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("routing undo", "[--data DIR] [--to REVISION] [--dry-run] [-o json]", "put back the routing that was in force before", "huawu routing undo")
	to := f.Int64("to", -1, "a revision; without it the one before")
	dry := f.Bool("dry-run", false, "only say what would change")
	_, c, err := atCentre(f, args, data, output, 0, 0)
	if err != nil {
		return err
	}
	now, err := c.routing(ctx, -1)
	if err != nil {
		return err
	}
	if *to < 0 {
		*to = now.Revision - 1
	}
	if *to < 0 {
		return errors.New("the routing was never changed")
	}
	before, err := c.routing(ctx, *to)
	if err != nil {
		return err
	}
	return c.applyRouting(ctx, out, routingFile{&now.Revision, before.Routing}, *dry, *output)
}

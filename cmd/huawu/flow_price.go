package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"huawu/shared/flow/price"
)

// flowPrice prints what the ways through a flow cost before it is deployed.
func flowPrice(_ context.Context, out io.Writer, args []string) error {
	f := flowFlags("price", "[-o json] [--ways N] FILE", "what the ways through a flow cost on AWS, before it is deployed",
		"huawu flow price --function-ms 300 hotline.json")
	output := f.String("o", "text", "text, or json")
	most := f.Int("ways", 2000, "look at this many ways at most, 1 to 100000")
	usual := price.Usual()
	f.IntVar(&usual.OwnMillis, "function-ms", usual.OwnMillis, "how long a function of your own runs")
	f.IntVar(&usual.OwnMegabytes, "function-mb", usual.OwnMegabytes, "memory of a function of your own")
	f.IntVar(&usual.IVRMillis, "ivr-ms", usual.IVRMillis, "how long the IVR function runs")
	rest, err := parseMixed(f, args, 1, 1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", *output, "text", "json"); err != nil {
		return err
	}
	if *most < 1 || *most > 100_000 || usual.OwnMillis < 1 || usual.OwnMillis > 60_000 || usual.OwnMegabytes < 128 || usual.OwnMegabytes > 10_240 || usual.IVRMillis < 1 || usual.IVRMillis > 15_000 {
		return wrongUsage(f, "--ways 1 to 100000, --function-ms 1 to 60000, --function-mb 128 to 10240, --ivr-ms 1 to 15000")
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
	r := price.Flow(p, *most, usual, price.ListPrices())
	if *output == "json" {
		return printJSON(out, r)
	}
	return printPrice(out, r)
}

// printPrice prints the cheapest, the middle and the dearest way, and on what
// assumptions.
func printPrice(out io.Writer, r price.Report) error {
	more := ""
	if !r.Complete {
		more = " at least; --ways looks at more"
	}
	fmt.Fprintf(out, "%s: %s%s", r.Flow, many(r.Ways, "way"), more)
	if r.Untaken > 0 {
		fmt.Fprintf(out, "; %d more that no caller can go", r.Untaken)
	}
	fmt.Fprintln(out)
	if r.Ways == 0 {
		return nil
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "way\tper 1,000 contacts\tfunction calls\town functions\twrite units\tread units\tstate")
	for _, w := range []struct {
		name string
		cost price.Cost
	}{{"cheapest", r.Cheapest}, {"median", r.Median}, {"dearest", r.Dearest}} {
		c := w.cost
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d B\n", w.name, c.Total*1000, c.Calls, c.Own, c.Writes, c.Reads, c.StateBytes)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nfunction calls of the flow itself: median %d, p90 %d\n", r.MedianCalls, r.P90Calls)
	fmt.Fprintf(out, "cheapest: %s\ndearest:  %s\n\nassumed:\n", r.Cheapest.Way, r.Dearest.Way)
	for _, line := range r.Assumed {
		fmt.Fprintf(out, "  %s\n", line)
	}
	return nil
}

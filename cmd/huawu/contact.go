package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"huawu/shared/phone"
)

// contactLine is one contact of the desk's list.
type contactLine struct {
	Contact     string    `json:"contactId"`
	Segment     int       `json:"segment"`
	Began       time.Time `json:"began"`
	Ended       time.Time `json:"ended"`
	Customer    string    `json:"customer,omitempty"`
	Queue       string    `json:"queue,omitempty"`
	Agent       string    `json:"agent,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
	Handled     bool      `json:"handled"`
	Seconds     int       `json:"seconds"`
	Waited      int       `json:"waitedSeconds"`
}

// contactsOf returns every contact of the tenant on a day, the latest first.
func (c client) contactsOf(ctx context.Context, day time.Time) ([]contactLine, error) {
	var all []contactLine
	path := "/v1/contacts?of=everyone&limit=100&day=" + day.UTC().Format(time.DateOnly)
	before := ""
	for {
		var page struct {
			Contacts []contactLine `json:"contacts"`
			Next     string        `json:"next"`
		}
		if err := c.do(ctx, "GET", path+before, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Contacts...)
		if page.Next == "" {
			return all, nil
		}
		before = "&before=" + url.QueryEscape(page.Next)
	}
}

// contactList prints the contacts of a day.
func contactList(ctx context.Context, out io.Writer, args []string) error {
	f := flags("contact list", "[--data DIR] [--day YYYY-MM-DD] [--full] [-o json]")
	data := f.String("data", "data", "data folder of the running centre")
	day := f.String("day", time.Now().UTC().Format(time.DateOnly), "which day, UTC")
	output := f.String("o", "text", "text, or json")
	full := f.Bool("full", false, "show customers' numbers in full")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	at, err := time.Parse(time.DateOnly, *day)
	if err != nil {
		return fmt.Errorf("--day %q: want a date like 2026-01-31", *day)
	}
	_, c, err := centre(*data)
	if err != nil {
		return err
	}
	all, err := c.contactsOf(ctx, at)
	if err != nil {
		return err
	}
	for n := range all {
		if !*full {
			all[n].Customer = masked(all[n].Customer)
		}
	}
	if *output == "json" {
		if all == nil {
			all = []contactLine{}
		}
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	if len(all) == 0 {
		fmt.Fprintf(out, "no contacts on %s\n", *day)
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BEGAN\tCUSTOMER\tQUEUE\tAGENT\tWAITED\tTALK\tENDED BY\tDISPOSITION\tCONTACT")
	for _, l := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d s\t%d s\t%s\t%s\t%s\n", l.Began.Local().Format("15:04:05"), l.Customer, l.Queue, l.Agent,
			l.Waited, l.Seconds, l.Reason, l.Disposition, l.Contact)
	}
	return w.Flush()
}

// masked shows a number as 138****5678: what stands on a terminal ends in
// screenshots and tickets.
func masked(number string) string {
	n, err := phone.Parse(number)
	if err != nil {
		return number
	}
	return n.Masked()
}

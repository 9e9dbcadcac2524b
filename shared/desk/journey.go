package desk

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/journey"
	"huawu/shared/ivr/release"
)

// maxJourneyDays bounds the days of one report.
const maxJourneyDays = 31

type journeyInput struct {
	ID      string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	From    string `query:"from" format:"date" doc:"First day, UTC; today if absent"`
	To      string `query:"to" format:"date" doc:"Last day, UTC; from if absent"`
	Version string `query:"version" maxLength:"64" doc:"A number, $SAVED, or an alias of one version; the published one if absent"`
}

type journeyOutput struct {
	Body struct {
		journey.Report
		From     string         `json:"from"`
		To       string         `json:"to"`
		Contacts int            `json:"contacts" doc:"All contacts of the days"`
		Versions map[string]int `json:"versions" doc:"Contacts that came to each version of this flow"`
	}
}

func (d flowDesk) registerJourney(api huma.API) {
	register(d.Desk, api, operation{"flowJourney", http.MethodGet, "/v1/flows/{id}/journey", "What became of callers at each action of a flow", auth.ReadAny, http.StatusOK}, d.journey)
}

// journey counts from the lines of the days: no contact is read.
func (d flowDesk) journey(ctx context.Context, who auth.Identity, in *journeyInput) (*journeyOutput, error) {
	from, to, err := d.days(in.From, in.To)
	if err != nil {
		return nil, err
	}
	p, err := d.program(ctx, who.Tenant, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	counter := journey.NewCounter(p)
	out := &journeyOutput{}
	out.Body.From, out.Body.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		err := d.lists.EachOfDay(ctx, who.Tenant, day, func(r event.Row) {
			if r.Segment <= 1 {
				out.Body.Contacts++
			}
			counter.Add(journey.Call{Contact: string(r.Contact), Path: r.Path, Left: r.Left, Agent: r.Handled, HungUp: r.Reason == contact.CustomerLeft})
		})
		if err != nil {
			return nil, err
		}
	}
	out.Body.Report = counter.Report()
	if out.Body.Nodes == nil {
		out.Body.Nodes = []journey.Node{}
	}
	out.Body.Versions = map[string]int{}
	for id, n := range counter.Programs() {
		if version, ok := strings.CutPrefix(id, in.ID+":"); ok {
			out.Body.Versions[version] = n
		}
	}
	return out, nil
}

// days reads the days of a report.
func (d flowDesk) days(first, last string) (from, to time.Time, err error) {
	from = d.now().UTC().Truncate(24 * time.Hour)
	if first != "" {
		if from, err = time.Parse(time.DateOnly, first); err != nil {
			return from, to, wrongField("query.from", "expected a date, yyyy-mm-dd")
		}
	}
	to = from
	if last != "" {
		if to, err = time.Parse(time.DateOnly, last); err != nil {
			return from, to, wrongField("query.to", "expected a date, yyyy-mm-dd")
		}
	}
	if to.Before(from) || to.Sub(from) >= maxJourneyDays*24*time.Hour {
		return from, to, wrongField("query.to", "expected a day from the first one on, at most "+strconv.Itoa(maxJourneyDays)+" days")
	}
	return from, to, nil
}

// program compiles the version of a flow that a report is about, under the id
// that contacts' ways have of it.
func (d flowDesk) program(ctx context.Context, tenant, id, version string) (*interp.Program, error) {
	v, err := d.flows.Document(ctx, tenant, id, version)
	if err != nil {
		return nil, err
	}
	f, err := flow.Parse(v.Document)
	if err != nil {
		return nil, err
	}
	qualifier := release.Saved
	if v.Number > 0 {
		qualifier = strconv.Itoa(v.Number)
	}
	p, err := interp.Compile(release.Ref{ID: id, Qualifier: qualifier}.String(), f)
	return p, fault.Wrap(fault.Invalid, err, "the version cannot run, so nobody came to it")
}

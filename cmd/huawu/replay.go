package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"huawu/shared/acd/replay"
	"huawu/shared/contact"
	"huawu/shared/metric"
)

// dayFile is a day and a configuration as a user writes them. A file that is
// another configuration has its routing alone, as routing get prints it.
type dayFile struct {
	routingFile
	AnswerSeconds float64 `json:"answerSeconds"`
	Contacts      []struct {
		ID              string         `json:"id"`
		At              time.Time      `json:"at"`
		Queue           string         `json:"queue"`
		Priority        int            `json:"priority"`
		Needs           map[string]int `json:"needs"`
		PatienceSeconds float64        `json:"patienceSeconds"`
		TalkSeconds     float64        `json:"talkSeconds"`
		WorkSeconds     float64        `json:"workSeconds"`
	} `json:"contacts"`
	Shifts []replay.Shift `json:"shifts"`
}

// recordLine is what a replay needs of a contact record in Amazon Connect's shape.
type recordLine struct {
	ContactID  string    `json:"ContactId"`
	Disconnect time.Time `json:"DisconnectTimestamp"`
	Queue      *struct {
		Name    string    `json:"Name"`
		Enqueue time.Time `json:"EnqueueTimestamp"`
	} `json:"Queue"`
	Agent *struct {
		Username       string                `json:"Username"`
		Connected      time.Time             `json:"ConnectedToAgentTimestamp"`
		WorkEnd        time.Time             `json:"AfterContactWorkEndTimestamp"`
		RoutingProfile struct{ Name string } `json:"RoutingProfile"`
	} `json:"Agent"`
}

// replayDay lets a recorded day happen again under one configuration or two.
func replayDay(_ context.Context, out io.Writer, args []string) error {
	f := flags("replay", "[--config FILE] [--other FILE] [-o json] DAY")
	config := f.String("config", "", "queues and profiles, JSON; \"\" = those of DAY")
	other := f.String("other", "", "queues and profiles to compare with")
	target := f.Duration("target", 20*time.Second, "of the service level")
	output := f.String("o", "text", "text, or json")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	raw, err := os.ReadFile(f.Arg(0))
	if err != nil {
		return err
	}
	day, own, err := readDay(raw, strings.HasSuffix(f.Arg(0), ".jsonl"))
	if err != nil {
		return err
	}
	columns := []replayColumn{{Name: "as it is", config: own}}
	if *config != "" {
		if columns[0].config, err = readConfig(*config); err != nil {
			return err
		}
	}
	if *other != "" {
		c, err := readConfig(*other)
		if err != nil {
			return err
		}
		columns = append(columns, replayColumn{Name: *other, config: c})
	}
	opt := metric.Options{Target: *target}
	for n := range columns {
		if columns[n].result, err = replay.Run(day, columns[n].config, opt); err != nil {
			return err
		}
		columns[n].count(opt)
	}
	if *output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(columns)
	}
	return printReplay(out, columns)
}

// replayColumn is a configuration and what the day was like under it.
type replayColumn struct {
	Name      string        `json:"configuration"`
	Queues    []replayQueue `json:"queues"`
	Occupancy float64       `json:"occupancy"`
	Longest   float64       `json:"longestWaitSeconds"`
	Waiting   int           `json:"stillWaiting"`
	config    replay.Config
	result    replay.Result
}

type replayQueue struct {
	ID string `json:"queue"`
	metric.Numbers
	ServiceLevel metric.Value `json:"serviceLevel"`
	Speed        float64      `json:"answerSpeedSeconds"`
	HandleTime   float64      `json:"handleTimeSeconds"`
	Waits        replayWaits  `json:"estimatedWaits"`
}

// replayWaits is how far the waits held that were estimated as contacts came.
type replayWaits struct {
	Estimates  int     `json:"estimates"` // of contacts that found nobody free, and got an agent
	WithinSoon int     `json:"withinSoon"`
	WithinLow  int     `json:"withinLow"`
	WithinHigh int     `json:"withinHigh"`
	Error      float64 `json:"meanErrorSeconds"`
}

func (w replayWaits) String() string {
	if w.Estimates == 0 {
		return "–"
	}
	of := func(n int) float64 { return 100 * float64(n) / float64(w.Estimates) }
	return fmt.Sprintf("%.0f / %.0f / %.0f %% of %d", of(w.WithinSoon), of(w.WithinLow), of(w.WithinHigh), w.Estimates)
}

func (c *replayColumn) count(o metric.Options) {
	r := c.result
	c.Occupancy, c.Longest, c.Waiting = r.Occupancy(), r.Longest.Seconds(), r.Waiting
	for _, q := range c.config.Queues {
		n, h := r.Queues[q.ID], r.Held[q.ID]
		speed, _ := n.AnswerSpeed()
		handle, _ := n.HandleTime()
		c.Queues = append(c.Queues, replayQueue{q.ID, n, n.ServiceLevel(metric.Huawu, o, metric.Switches{}), speed.Seconds(), handle.Seconds(),
			replayWaits{h.Estimates, h.WithinSoon, h.WithinLow, h.WithinHigh, h.Error.Seconds()}})
	}
}

func printReplay(out io.Writer, columns []replayColumn) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "configuration\tqueue\toffered\tanswered\tabandoned\tservice level\tanswer speed\thandle time\testimates held")
	for _, c := range columns {
		for _, q := range c.Queues {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.1f %%\t%.1f s\t%.1f s\t%s\n", c.Name, q.ID, q.Offered, q.Answered, q.Abandoned, 100*q.ServiceLevel.Share, q.Speed, q.HandleTime, q.Waits)
		}
		fmt.Fprintf(w, "%s\toccupancy %.1f %%, longest wait %.1f s, %d still waiting\n", c.Name, 100*c.Occupancy, c.Longest, c.Waiting)
	}
	if len(columns) > 0 && len(columns[0].Queues) > 0 {
		fmt.Fprintf(w, "\nservice level: %s\n", columns[0].Queues[0].ServiceLevel.Definition)
		fmt.Fprintln(w, "estimates held: waited no longer than 10 / 50 / 90 % were to, as estimated when they came")
	}
	return w.Flush()
}

// readDay reads a day: a dayFile, or contact records, one a line.
func readDay(raw []byte, records bool) (replay.Day, replay.Config, error) {
	if records {
		d, err := readRecords(raw)
		return d, replay.Config{}, err
	}
	var f dayFile
	if err := strict(raw, &f); err != nil {
		return replay.Day{}, replay.Config{}, err
	}
	d := replay.Day{Shifts: f.Shifts}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for _, c := range f.Contacts {
		d.Arrivals = append(d.Arrivals, replay.Arrival{ID: c.ID, At: c.At, Queue: c.Queue, Priority: c.Priority, Needs: c.Needs,
			Patience: seconds(c.PatienceSeconds), Talk: seconds(c.TalkSeconds), Work: seconds(c.WorkSeconds)})
	}
	return d, f.config(), nil
}

func readConfig(path string) (replay.Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return replay.Config{}, err
	}
	var f dayFile
	if err := strict(raw, &f); err != nil {
		return replay.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return f.config(), nil
}

func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func (f dayFile) config() replay.Config {
	c := replay.Config{Answer: time.Duration(f.AnswerSeconds * float64(time.Second))}
	for _, q := range f.Queues {
		c.Queues = append(c.Queues, q.Rule())
	}
	for _, p := range f.Profiles {
		c.Profiles = append(c.Profiles, p.Rule())
	}
	return c
}

// readRecords reads contact records as webhooks and Amazon Connect tell them.
func readRecords(raw []byte) (replay.Day, error) {
	var all []contact.Record
	for n, line := range bytes.Split(raw, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var l recordLine
		if err := json.Unmarshal(line, &l); err != nil {
			return replay.Day{}, fmt.Errorf("line %d: %w", n+1, err)
		}
		r := contact.Record{Contact: contact.Contact{ID: contact.ID(l.ContactID), Disconnected: l.Disconnect, Since: l.Disconnect}}
		if l.Queue != nil {
			r.Queue, r.Enqueued = l.Queue.Name, l.Queue.Enqueue
		}
		if l.Agent != nil {
			r.OfferAgent, r.AgentJoined, r.Profile = l.Agent.Username, l.Agent.Connected, l.Agent.RoutingProfile.Name
			if l.Agent.WorkEnd.After(r.Since) {
				r.Since = l.Agent.WorkEnd
			}
		}
		all = append(all, r)
	}
	return replay.FromRecords(all), nil
}

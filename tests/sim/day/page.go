package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Day is what a day was like.
type Day struct {
	Options
	Commit  string
	Date    time.Time
	Stopped time.Time // when it was broken off; zero if it went to its end

	Calls, Queued, SelfServed  int
	Talks, Abandoned, TimedOut int
	Offers, Missed, Declined   int
	Refused                    int // transactions, because somebody was first
	Deaths                     int
	Lost, Ghosts               int           // agents who lost their socket; offers made to them meanwhile
	Resumed                    time.Duration // after which the first talk began again

	Requests map[string]int64 // of the table and the queue
	CPU      time.Duration
	Memory   int64 // most that was held, in bytes
	Digest   Digest

	Violations int
	Faults     []string // the first of them

	waits   [1800]int // talks, by seconds waited
	archive int64     // requests that deleted what was over
	now     time.Time
}

func newDay(o Options) *Day { return &Day{Options: o} }

// answered counts a talk that began after a wait.
func (d *Day) answered(after time.Duration) {
	d.waits[min(int(after/time.Second), len(d.waits)-1)]++
}

// finish adds what is known at the end.
func (d *Day) finish(w *world, cpu time.Duration) {
	d.CPU, d.Requests = cpu, w.requests
	d.Requests["Table.Write"] -= d.archive
	d.Memory = peak()
	if !w.connected.IsZero() {
		d.Resumed = w.connected.Sub(w.lostAt)
	}
}

// within is the part of all who queued that were answered within some seconds.
func (d *Day) within(seconds int) float64 {
	n := 0
	for _, have := range d.waits[:seconds] {
		n += have
	}
	return float64(n) / float64(max(1, d.Queued))
}

// wait is the wait that a part of those who were answered did not exceed.
func (d *Day) wait(part float64) time.Duration {
	left := int(part * float64(d.talks()))
	for s, n := range d.waits {
		if left -= n; left < 0 {
			return time.Duration(s+1) * time.Second
		}
	}
	return time.Duration(len(d.waits)) * time.Second
}

func (d *Day) talks() (n int) {
	for _, have := range d.waits {
		n += have
	}
	return n
}

// line is the day so far, in one line.
func (d *Day) line() string {
	return fmt.Sprintf("%s  %d calls, %d offers, %d answered, %d gave up, %d violations, %d MiB", d.now.Format("15:04:05"), d.Calls, d.Offers, d.talks(), d.Abandoned, d.Violations, peak()>>20)
}

// Write writes the page docs/day.md.
func (d *Day) Write(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `# The last virtual day

Written by `+"`make day`"+`; what is simulated and what is checked: [tests/sim/day](../tests/sim/day/main.go).

- commit %s
- %s UTC, %d agents, %d calls an hour, %d hours, seed %d
- %s
- **%d calls, %d offers, %d violations**

| what | measured |
|---|---:|
`, d.Commit, d.Date.UTC().Format("2006-01-02 15:04"), d.Agents, d.Options.Calls, d.Hours, d.Seed, d.ended(), d.Calls, d.Offers, d.Violations)
	for _, r := range d.rows() {
		fmt.Fprintf(w, "| %s | %s |\n", r[0], r[1])
	}
	if len(d.Faults) > 0 {
		fmt.Fprintf(w, "\n## Violations\n\n")
		for _, f := range d.Faults {
			fmt.Fprintf(w, "- %s\n", strings.ReplaceAll(f, "\n", "; "))
		}
	}
	return w.Flush()
}

// ended tells how a run ended: by its digest, or that there is none.
func (d *Day) ended() string {
	if !d.Stopped.IsZero() {
		return fmt.Sprintf("from %02d:00, broken off at %s of the day: so there is no digest, and what must hold at the end was not looked at", d.From, d.Stopped.Format("15:04"))
	}
	return "digest of every offer and every end " + d.Digest.String()
}

func (d *Day) rows() [][2]string {
	part := func(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(1, of))) }
	requests := int64(0)
	for _, n := range d.Requests {
		requests += n
	}
	all := [][2]string{
		{"served by the flow", part(d.SelfServed, d.Calls)},
		{"answered, of those who queued", part(d.talks(), d.Queued)},
		{"answered within 20 s, of those who queued", fmt.Sprintf("%.1f %%", 100*d.within(20))},
		{"gave up, of those who queued", part(d.Abandoned, d.Queued)},
		{"waited too long for their queue", part(d.TimedOut, d.Queued)},
		{"wait of those answered, median", d.wait(0.5).String()},
		{"wait of those answered, 99th percentile", d.wait(0.99).String()},
		{"offers that nobody took, declined", fmt.Sprintf("%d, %d", d.Missed, d.Declined)},
		{"transactions refused", fmt.Sprint(d.Refused)},
		{"deaths of the process", fmt.Sprint(d.Deaths)},
		{"agents who lost their socket at one instant", fmt.Sprint(d.Lost)},
		{"offers made to them before it was known", fmt.Sprint(d.Ghosts)},
		{"after which talks began again", d.Resumed.Round(time.Millisecond).String()},
	}
	for _, op := range slices.Sorted(maps.Keys(d.Requests)) {
		all = append(all, [2]string{op + " a call", fmt.Sprintf("%.2f", float64(d.Requests[op])/float64(max(1, d.Calls)))})
	}
	return append(all, [2]string{"requests a call, queue and sweeps included", fmt.Sprintf("%.2f", float64(requests)/float64(max(1, d.Calls)))},
		[2]string{"processor time", d.CPU.Round(time.Second).String()},
		[2]string{"processor time a call, simulation included", fmt.Sprintf("%.2f ms", d.CPU.Seconds()*1000/float64(max(1, d.Calls)))},
		[2]string{"memory at most", fmt.Sprintf("%d MiB", d.Memory>>20)})
}

// peak is the most memory that this process had.
func peak() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10 // in kilobytes there
}

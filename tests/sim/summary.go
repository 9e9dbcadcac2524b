package sim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Summary is what a long run has to tell.
type Summary struct {
	Commit  string
	Date    time.Time
	Took    time.Duration // of processors, all together
	First   int           // seeds of each weather from First …
	Last    int           // … to Last
	Rows    []Row
	Digest  Digest // of all runs
	Faults  []string
	Samples []Sample // that every test run repeats
}

// Row is one weather of a summary.
type Row struct {
	Weather string
	Hours   int
	Sum     Hour
}

// Sample is a seed and what its run was like.
type Sample struct {
	Seed   uint64
	Digest string
}

// Add takes a run into the row of its weather.
func (r *Row) Add(h Hour) {
	r.Hours++
	r.Sum.Add(h)
}

// sampleLine begins the line of a sample.
const sampleLine = "- seed "

// Write writes the page docs/simulation.md.
func (s *Summary) Write(out io.Writer) error {
	w := bufio.NewWriter(out)
	var all Row
	for _, r := range s.Rows {
		all.Hours += r.Hours
		all.Sum.Add(r.Sum)
	}
	all.Weather = "together"
	fmt.Fprintf(w, `# The last long simulation

Written by `+"`make simulate`"+`; what is simulated and what is checked: [tests/sim](../tests/sim/doc.go).

- commit %s
- %s UTC, %s of processor time
- seeds n × %d + weather for n from %d to %d
- digest of all runs %s
- **%d offers, %d violations**

| weather | virtual hours | calls | offers | talks | segments handed on | consulted or listening | deaths of the process |
|---|---:|---:|---:|---:|---:|---:|---:|
`, s.Commit, s.Date.UTC().Format("2006-01-02 15:04"), s.Took.Round(time.Second), places, s.First, s.Last, s.Digest, all.Sum.Offers, len(s.Faults))
	for _, r := range append(s.Rows, all) {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", r.Weather, r.Hours, r.Sum.Calls, r.Sum.Offers, r.Sum.Talks, r.Sum.Left, r.Sum.Parties, r.Sum.Deaths)
	}
	if len(s.Faults) > 0 {
		fmt.Fprintf(w, "\n## Violations\n\n")
		for _, f := range s.Faults {
			fmt.Fprintf(w, "- %s\n", strings.ReplaceAll(f, "\n", "; "))
		}
	}
	fmt.Fprintln(w)
	writeSamples(w, s.Commit, s.Samples)
	return w.Flush()
}

// samplesTitle begins the part of the page that Renew writes again.
const samplesTitle = "## Seeds that every test run repeats\n"

func writeSamples(w io.Writer, commit string, all []Sample) {
	fmt.Fprintf(w, "%s\nTo these digests, which are of commit %s. A change of what is simulated changes them:\n`make simulate` writes the whole page again, `go test ./tests/sim -run Page -update` this part alone.\n\n", samplesTitle, commit)
	for _, x := range all {
		fmt.Fprintf(w, "%s%d digest %s\n", sampleLine, x.Seed, x.Digest)
	}
}

// Renew returns a page with other samples, and all else as it was.
func Renew(page, commit string, all []Sample) string {
	head, _, _ := strings.Cut(page, samplesTitle)
	var b strings.Builder
	writeSamples(&b, commit, all)
	return head + b.String()
}

// ReadSamples reads the samples of a page that Write wrote.
func ReadSamples(in io.Reader) (all []Sample, err error) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), sampleLine)
		if !ok {
			continue
		}
		f := strings.Fields(rest)
		if len(f) != 3 {
			return nil, fmt.Errorf("sample %q", rest)
		}
		seed, err := strconv.ParseUint(f[0], 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, Sample{seed, f[2]})
	}
	return all, lines.Err()
}

// Commit names the commit that is built, and says so where files differ from it.
func Commit(ctx context.Context) string {
	id, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ":/*.go", ":/go.mod").Output()
	if err != nil || len(changed) > 0 {
		return strings.TrimSpace(string(id)) + " with changes"
	}
	return strings.TrimSpace(string(id))
}

// Spent is the processor time of this process so far; 0 if the system does not tell.
func Spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

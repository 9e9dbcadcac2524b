// Command bench prints one table of what Huawu costs beside its goals: the start of
// the centre, the bill of one queued call, and the benchmarks of the hot paths.
// Counts above their limits end it with 1; times are only printed, as they are the
// machine's as much as ours. It decides which benchmarks are worth a line; what
// they measure is told where they stand.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"huawu/tests/bench/onecall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t := &table{out: os.Stdout}
	for _, part := range []struct {
		title string
		run   func(context.Context, *table) error
	}{{"start of the centre", start}, {"one queued call", bill}, {"hot paths, of one process", paths}, {"beside rtpengine, 200 calls", beside}} {
		t.title(part.title)
		if err := part.run(ctx, t); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", part.title, err)
			t.bad = true
		}
	}
	if t.bad {
		os.Exit(1)
	}
}

// bill is what AWS would count for one call.
func bill(ctx context.Context, t *table) error {
	dir, err := os.MkdirTemp("", "huawu-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, story := range []onecall.Story{onecall.Waits, onecall.AtOnce} {
		if err := billOf(ctx, t, filepath.Join(dir, string(story[:9])), story); err != nil {
			return err
		}
	}
	return nil
}

func billOf(ctx context.Context, t *table, dir string, story onecall.Story) error {
	b, err := onecall.Place(ctx, dir, story)
	if err != nil {
		return err
	}
	t.title("  a call " + string(story))
	maxWrites, maxReads := story.Limits()
	t.limit("questions to ivr until the contact waits", float64(b.Questions()), onecall.MaxQuestions)
	t.row("other invocations until then (stream, queues)", count(sum(b.ToQueue.Invokes)-b.Questions()), "")
	t.row("invocations of the whole call", listed(b.Invokes()), "")
	kinds, units := b.Writes()
	t.limit("write units without "+strings.Join(onecall.NotTheCalls(), ", "), units, maxWrites)
	t.row("  of each kind", listed(kinds), "")
	kinds, units = b.Reads()
	t.limit("read units without "+strings.Join(onecall.NotTheCalls(), ", "), units, maxReads)
	t.row("  of each kind", listed(kinds), "")
	t.row("requests, each Query and Get of desk and clock too", listed(b.Requests()), "")
	for _, p := range []struct {
		what    string
		batch   float64
		control bool
		goal    string
	}{{"call control of 1,000 calls, ten at a time", 10, true, fmt.Sprintf("$%g", onecall.MaxPrice)}, {"  with lists and webhook", 10, false, ""},
		{"  with them, one at a time", 1, false, ""}} {
		_, price := b.Price(p.batch, p.control)
		t.row(p.what, fmt.Sprintf("$%.4f", price), p.goal)
	}
	return nil
}

// paths runs the benchmarks of the rooms.
func paths(ctx context.Context, t *table) error {
	for _, p := range benchmarks() {
		results, err := benchmark(ctx, p.room, p.pattern, p.time)
		if err != nil {
			return err
		}
		if len(results) == 0 {
			return fmt.Errorf("%s has no benchmark %s", p.room, p.pattern)
		}
		for _, r := range results {
			p.show(t, r)
		}
	}
	return nil
}

// hot is a benchmark that gets lines in the table.
type hot struct {
	room, pattern, time string
	show                func(*table, result)
}

func benchmarks() []hot {
	rate := func(what string) func(*table, result) {
		return func(t *table, r result) { t.row(what+r.variant(), perSecond(1e9/r.of["ns/op"]), "") }
	}
	told := func(what, unit string) func(*table, result) {
		return func(t *table, r result) { t.row(what+r.variant(), perSecond(r.of[unit]), "") }
	}
	return []hot{
		{"mediarelay/media", "^BenchmarkForward$", "300ms", func(t *table, r result) {
			t.row("forward a packet"+r.variant(), fmt.Sprintf("%.0f ns", r.of["ns/op"]), "")
			t.limit("  allocations", r.of["allocs/op"], 0)
		}},
		{"mediarelay/media", "^BenchmarkRelay$", "300ms", func(t *table, r result) {
			t.row("forward through the kernel"+r.variant(), fmt.Sprintf("%.0f ns", r.of["ns/relayed-packet"]), "")
		}},
		{"mediarelay/media", "^BenchmarkMix$", "300ms", func(t *table, r result) {
			t.row("mix 20 ms for a party"+r.variant(), fmt.Sprintf("%.0f ns", r.of["ns/party-frame"]), "")
			t.limit("  allocations", r.of["allocs/op"], 0)
		}},
		{"mediarelay/call", "^BenchmarkCall$", "300ms", rate("calls through the state machine")},
		{"mediarelay/sipleg", "^BenchmarkCall$", "300ms", rate("SIP calls, both ends")},
		{"shared/flow/interp", "^BenchmarkLogic$", "300ms", told("actions of a flow", "actions/s")},
		{"shared/acd", "^BenchmarkMatch$", "300ms", func(t *table, r result) {
			t.row("match 200 contacts with 200 agents", fmt.Sprintf("%.2f ms", r.of["ns/op"]/1e6), "")
		}},
		{"shared/acd", "^BenchmarkMatchCrowd$", "300ms", func(t *table, r result) {
			goal := "10 ms at 10,000 agents"
			if strings.Contains(r.variant(), "all-") { // every pair there is, not the next 200
				goal = ""
			}
			t.row("decide a round, processor time"+r.variant(), fmt.Sprintf("%.2f ms", r.of["ms-cpu/op"]), goal)
		}},
		{"tests/bench/routing", "^BenchmarkPairs$", "1x", func(t *table, r result) {
			t.row("pairs of one group, one after the other", perSecond(r.of["pairs/s"]), "400/s")
			t.row("  a second of processor time", perSecond(r.of["pairs/cpu-s"]), "400/s")
			t.row("  table requests a pair", fmt.Sprintf("%.1f", r.of["requests/pair"]), "")
		}},
		{"tests/bench/routing", "^BenchmarkOffer$", "1x", func(t *table, r result) {
			t.row("offer at 100 claims/s, 4 to 6 ms a request, p99", fmt.Sprintf("%.0f ms", r.of["ms-p99"]), "100 ms")
			t.row("  median", fmt.Sprintf("%.0f ms", r.of["ms-p50"]), "")
		}},
		{"tests/bench/routing", "^BenchmarkRound$", "1x", rounds()},
		{"shared/recording", "^BenchmarkSealTwoSeconds$", "300ms", func(t *table, r result) {
			t.row("seal a second of a stereo call", fmt.Sprintf("%.1f µs", r.of["ns/op"]/2e3), "")
		}},
		{"shared/cloud/localcloud", "^BenchmarkClaim$/^(synced|memory)$/^(1|64)$", "300ms", told("claims of localcloud", "claims/s")},
	}
}

// rounds shows what an agent's coming costs in a crowd, as a multiple of what it
// costs in the first and smallest one. Requests must not grow; time may a little, as
// the tables of a process grow that plays DynamoDB.
func rounds() func(*table, result) {
	var first result
	return func(t *table, r result) {
		t.row("an agent's coming"+r.variant()+", processor time", fmt.Sprintf("%.0f µs", r.of["µs-cpu/round"]), "")
		if first.of == nil {
			first = r
			t.row("  table requests", count(r.of["requests/round"]), "")
			return
		}
		t.row("  time, as a multiple of the first", fmt.Sprintf("%.2f", r.of["µs-cpu/round"]/first.of["µs-cpu/round"]), "no growth")
		t.limit("  table requests, as a multiple of the first", r.of["requests/round"]/first.of["requests/round"], 1)
	}
}

// beside compares the relay's media with rtpengine, where that is installed.
func beside(ctx context.Context, t *table) error {
	if _, err := exec.LookPath("rtpengine"); err != nil {
		t.row("rtpengine is not installed", "apt-get install rtpengine-daemon", "")
		return nil
	}
	results, err := benchmark(ctx, "tests/load", "^BenchmarkCalls$", "1x")
	if err != nil {
		return err
	}
	for _, r := range results {
		t.row("processor time a packet"+r.variant(), fmt.Sprintf("%.2f µs", r.of["µs-cpu/packet"]), "")
		if of, ok := r.of["×rtpengine"]; ok && r.variant() != ", rtpengine" {
			t.row("  less than rtpengine by", fmt.Sprintf("%.1f ×", of), "2.5, aim 3.3")
		}
		t.row("  delay at the 99th percentile", fmt.Sprintf("%.0f µs", r.of["µs-p99"]), "")
	}
	return nil
}

// build builds a program into a folder of its own.
func build(ctx context.Context, room string) (path string, clean func(), err error) {
	dir, err := os.MkdirTemp("", "huawu-bench")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, filepath.Base(room))
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "./"+room).CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", nil, fmt.Errorf("build %s: %w\n%s", room, err, out)
	}
	return path, func() { os.RemoveAll(dir) }, nil
}

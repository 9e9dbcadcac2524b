package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table prints rows as they come.
type table struct {
	out io.Writer
	bad bool // a count was above its limit
}

func (t *table) title(s string) { fmt.Fprintf(t.out, "\n%s\n", s) }

// row prints what was measured and, if there is one, its goal.
func (t *table) row(what, measured, goal string) {
	if goal != "" {
		goal = "goal " + goal
	}
	fmt.Fprintf(t.out, "  %s %s  %s\n", pad(what, 52), pad(measured, 18), goal)
}

// limit prints a count and its limit, and notes when it is above.
func (t *table) limit(what string, n, most float64) {
	goal := fmt.Sprintf("%g", most)
	if n > most {
		goal += "  TOO MANY"
		t.bad = true
	}
	t.row(what, count(n), goal)
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

func count[N int64 | float64](n N) string { return fmt.Sprint(n) }

func perSecond(n float64) string {
	if n >= 1e6 {
		return fmt.Sprintf("%.1f million/s", n/1e6)
	}
	return fmt.Sprintf("%.0f/s", n)
}

func sum(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// listed tells counts by name.
func listed[N int64 | float64](m map[string]N) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprint(k, " ", m[k]))
	}
	return strings.Join(all, ", ")
}

// result is a line of go test -bench.
type result struct {
	name string
	of   map[string]float64 // value by unit
}

// variant is the case of a benchmark that has several.
func (r result) variant() string {
	_, c, found := strings.Cut(r.name, "/")
	if !found {
		return ""
	}
	return ", " + strings.ReplaceAll(c, "/", " by ")
}

// benchmark runs benchmarks of a room.
func benchmark(ctx context.Context, room, pattern, time string) ([]result, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", time, "-benchmem", "./"+room).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", room, err, out)
	}
	return parse(string(out)), nil
}

// parse reads what go test -bench prints: name, rounds, then values and units.
func parse(out string) (all []result) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		r := result{name: f[0], of: map[string]float64{}}
		if i := strings.LastIndex(r.name, "-"); i > 0 {
			if _, err := strconv.Atoi(r.name[i+1:]); err == nil {
				r.name = r.name[:i] // the number of processors
			}
		}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				r.of[f[i+1]] = v
			}
		}
		all = append(all, r)
	}
	return all
}

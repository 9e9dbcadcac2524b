// Command simulate runs the simulation of tests/sim for long: virtual hours in
// every weather until so many seeds or offers are reached, with progress on the
// way and a page for docs at the end. It decides how much is run; what a run is,
// and what must hold, is told in tests/sim.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"huawu/tests/sim"
)

// options of the command.
type options struct {
	seeds, first, offers, workers int
	limit                         time.Duration
	page, commit                  string
}

func main() {
	o := options{}
	flag.IntVar(&o.seeds, "seeds", 20000, "virtual hours, over all weathers")
	flag.IntVar(&o.first, "first", 1, "number of the first seed of each weather")
	flag.IntVar(&o.offers, "offers", 0, "end once so many offers were made; 0 = only when all seeds are done")
	flag.IntVar(&o.workers, "workers", runtime.NumCPU(), "runs at the same time")
	flag.DurationVar(&o.limit, "limit", 0, "end after this time; 0 = when all is done")
	flag.StringVar(&o.page, "page", "", "write the summary to this page")
	flag.StringVar(&o.commit, "commit", "", "what the page calls the commit; \"\" = as git tells")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what fails is meant to
	debug.SetGCPercent(400)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// job is one run of a row, of the n-th seed of its weather.
type job struct{ row, n int }

// run makes the runs and tells of them.
func run(ctx context.Context, o options) error {
	commit := o.commit
	if commit == "" {
		commit = sim.Commit(ctx)
	}
	b := &board{o: o, sum: sim.Summary{Commit: commit, Date: time.Now(), First: o.first}, began: time.Now()}
	for _, w := range sim.Weathers() {
		b.sum.Rows = append(b.sum.Rows, sim.Row{Weather: w.Name})
	}
	ctx, b.end = context.WithCancel(ctx)
	defer b.end()
	if o.limit > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, o.limit)
		defer done()
	}
	jobs := make(chan job)
	var all sync.WaitGroup
	for range o.workers {
		all.Go(func() {
			for j := range jobs {
				b.take(j)
			}
		})
	}
	rows := len(b.sum.Rows)
	for n := range o.seeds {
		j := job{n % rows, o.first + n/rows}
		if ctx.Err() != nil {
			break
		}
		select {
		case jobs <- j:
			b.sum.Last = j.n
		case <-ctx.Done():
		}
	}
	close(jobs)
	all.Wait()
	return b.finish()
}

// board is where the runs are written down.
type board struct {
	o     options
	began time.Time
	end   context.CancelFunc

	mu     sync.Mutex
	sum    sim.Summary
	hours  int
	offers int
	told   time.Time
}

// take makes one run; it is not broken off, so that every seed counts whole.
func (b *board) take(j job) {
	weather, _ := sim.Of(sim.Seed(j.row, j.n))
	h, err := weather.Run(context.Background(), nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum.Rows[j.row].Add(h)
	b.sum.Digest.Add(h.Digest)
	b.hours++
	b.offers += h.Offers
	if err != nil {
		b.sum.Faults = append(b.sum.Faults, err.Error())
		fmt.Println("VIOLATION", err)
		if len(b.sum.Faults) >= tooMany {
			b.end()
		}
	}
	if b.o.offers > 0 && b.offers >= b.o.offers {
		b.end()
	}
	if time.Since(b.told) > 10*time.Second {
		b.told = time.Now()
		fmt.Printf("%s  %d virtual hours, %d offers, %d violations\n", time.Since(b.began).Round(time.Second), b.hours, b.offers, len(b.sum.Faults))
	}
}

// tooMany violations end a run: the first few tell all.
const tooMany = 10

// finish repeats three seeds for the page and writes it.
func (b *board) finish() error {
	b.sum.Took = sim.Spent()
	for n, row := range []int{0, 2, len(b.sum.Rows) - 1} {
		weather, _ := sim.Of(sim.Seed(row, b.o.first+n))
		h, err := weather.Run(context.Background(), nil)
		if err != nil {
			b.sum.Faults = append(b.sum.Faults, err.Error())
		}
		b.sum.Samples = append(b.sum.Samples, sim.Sample{Seed: weather.Seed, Digest: h.Digest.String()})
	}
	fmt.Printf("%d virtual hours, %d offers, %d violations, digest %s\n", b.hours, b.offers, len(b.sum.Faults), b.sum.Digest)
	if b.o.page != "" {
		f, err := os.Create(b.o.page)
		if err != nil {
			return err
		}
		if err := errors.Join(b.sum.Write(f), f.Close()); err != nil {
			return err
		}
	}
	if n := len(b.sum.Faults); n > 0 {
		return fmt.Errorf("%d violations", n)
	}
	return nil
}

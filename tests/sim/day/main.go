// Command day lets a virtual day go by in a big centre: ten thousand agents and a
// hundred thousand calls an hour, through the routing operations and the acd
// function over a cloud in memory, on a clock that jumps. It decides how the day
// is shaped, what goes wrong in it and what must hold on the way; what the centre
// does is the product's business. Flows, webhooks and recordings are left out:
// those run in tests/sim, for hours instead of days.
//
// On the way it holds what happens against the invariants of the product: I-1
// every call has one end, I-2 no agent holds two contacts, I-3 no contact is
// assigned twice, I-4 no pair that fits is apart for more than two seconds, I-5
// order within a queue and band, I-7 one record; and row T-17 of the test matrix:
// all agents lose their sockets at one instant. A seed decides everything, so a
// day that finds a fault finds it again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"huawu/tests/sim"
)

func main() {
	o, page := Options{}, ""
	flag.IntVar(&o.Agents, "agents", 10000, "agents who have a desk")
	flag.IntVar(&o.Calls, "calls", 100000, "calls an hour, as a mean of the day")
	flag.IntVar(&o.From, "from", 0, "hour of the day to begin with")
	flag.IntVar(&o.Hours, "hours", 24, "virtual hours in which calls come")
	flag.IntVar(&o.Deaths, "deaths", 4, "how often the process dies")
	flag.BoolVar(&o.Lost, "lost", true, "all agents lose their sockets once")
	flag.Uint64Var(&o.Seed, "seed", 1, "decides everything")
	flag.StringVar(&page, "page", "", "write the summary to this page")
	profile := flag.String("profile", "", "write a profile of the processor time to this file")
	commit := flag.String("commit", "", "what the page calls the commit; \"\" = as git tells")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what fails is meant to
	debug.SetGCPercent(600)                        // what lives is small
	if *commit == "" {
		*commit = sim.Commit(ctx)
	}
	if err := profiled(*profile, func() error { return run(ctx, o, *commit, page) }); err != nil {
		fmt.Fprintln(os.Stderr, "day:", err)
		os.Exit(1)
	}
}

// run lets a day go by, tells of it every ten seconds, and writes the page.
func run(ctx context.Context, o Options, commit, page string) error {
	began, told := time.Now(), time.Now()
	o.Told = func(d *Day) {
		if time.Since(told) >= 10*time.Second {
			told = time.Now()
			fmt.Printf("%s  %s\n", time.Since(began).Round(time.Second), d.line())
		}
	}
	d, err := Run(ctx, o)
	if d == nil {
		return err
	}
	d.Commit, d.Date = commit, time.Now()
	fmt.Printf("%s  %s, digest %s\n", time.Since(began).Round(time.Second), d.line(), d.Digest)
	for _, f := range d.Faults {
		fmt.Println("VIOLATION", f)
	}
	if page != "" {
		f, e := os.Create(page)
		if e != nil {
			return errors.Join(err, e)
		}
		err = errors.Join(err, d.Write(f), f.Close())
	}
	if n := d.Violations; n > 0 {
		err = errors.Join(err, fmt.Errorf("%d violations", n))
	}
	return err
}

// profiled does something and writes what took the time, if a file is named.
func profiled(file string, do func() error) error {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// Command huawu runs the contact centre on one machine and talks to a running
// one. It wires and prints; what it starts and asks lies in localstack/onebox
// and behind the desk's API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one of huawu's commands: its words, what it is for, and what runs it.
type command struct {
	words []string
	args  string // what follows the words, as usage shows it
	about string
	run   func(ctx context.Context, out io.Writer, args []string) error
}

func commands() []command {
	return []command{
		{[]string{"up"}, "[--data DIR] [--demo] [--ports auto] [-o json]", "run the whole centre in one process on this machine", up},
		{[]string{"call", "demo"}, "[--data DIR]", "place a real call against a running centre and tell its story", callDemo},
		{[]string{"contact", "list"}, "[--data DIR] [-o json]", "list today's contacts", contactList},
		{[]string{"why"}, "[--data DIR] [-o json] CONTACT", "why a contact went to whom it did, and waited so long", why},
		{[]string{"replay"}, "[--config FILE] [--other FILE] [-o json] DAY", "let a recorded day happen again, under one configuration or two", replayDay},
		{[]string{"agent", "list"}, "[--data DIR] [-o json]", "list agents, and what they are given to do", agentListing},
		{[]string{"agent", "set"}, "[--data DIR] [--profile ID] [--skill NAME=LEVEL]… [--room CHANNEL=N]… AGENT", "give an agent another profile, other skills or room", agentSet},
		{[]string{"routing", "get"}, "[--data DIR] [--revision N]", "print queues, routing profiles, groups and hours as JSON", routingGet},
		{[]string{"routing", "apply"}, "[--data DIR] [--dry-run] [-o json] FILE", "change the routing to what FILE says, and say what changed", routingApply},
		{[]string{"routing", "undo"}, "[--data DIR] [--to REVISION] [--dry-run]", "put back the routing that was in force before", routingUndo},
		{[]string{"recording", "export"}, "[--data DIR] ID FILE.wav", "decrypt a contact's recording into a stereo WAV file", recordingExport},
		{[]string{"prompts", "make"}, "[--force] DIR", "speak the prompt lists of DIR into WAV files (espeak-ng)", promptsMake},
		{[]string{"flow", "lint"}, "[-o json] [--strict] FILE…|DIR", "find what is wrong with flows", flowLint},
		{[]string{"flow", "test"}, "[-o json] [--min-coverage PERCENT] FILE…|DIR", "play the stories beside flows, offline", flowTest},
		{[]string{"flow", "run"}, "[--function NAME=JSON]… FILE", "call a flow from the terminal", flowRun},
		{[]string{"flow", "diff"}, "[-o json] [--exit-code] A B", "what changed between two flows, for a caller", flowDiff},
		{[]string{"flow", "fmt"}, "[-l] [-w] FILE…|DIR", "write flows in one form", flowFmt},
		{[]string{"flow", "graph"}, "[-o mermaid|svg] FILE", "draw a flow", flowGraph},
		{[]string{"flow", "convert"}, "[--to DIR] FILE…", "convert flows of the format of before 2019", flowConvert},
		{[]string{"flow", "bind"}, "--map MAP.json [--to names|arns] [-w] FILE…|DIR", "change ARNs into names, or names into ARNs", flowBind},
		{[]string{"flow", "save"}, "[--data DIR] [--as ID] FILE…|DIR", "keep flows as drafts of a running centre", flowSave},
		{[]string{"flow", "publish"}, "[--data DIR] [--note TEXT] [--strict] ID|FILE…", "make drafts the next version", flowPublish},
		{[]string{"flow", "versions"}, "[--data DIR] [--get VERSION] [ID]", "list flows, or the versions and aliases of one", flowVersionsCommand},
		{[]string{"flow", "alias"}, "[--data DIR] ID NAME VERSION[=PERCENT]…", "share an alias's calls out among versions", flowAlias},
		{[]string{"flow", "rollback"}, "[--data DIR] [--to VERSION] ID", "let callers get an older version", flowRollback},
		{[]string{"flow", "journey"}, "[--from DAY] [--to DAY] [--version N] [-o json|svg|mermaid] ID", "what became of callers at each action of a flow", flowJourney},
		{[]string{"flow", "number"}, "[--data DIR] [NUMBER FLOW[:VERSION|:ALIAS]]", "what dialled numbers lead to", flowNumber},
		{[]string{"flow", "price"}, "[-o json] [--ways N] FILE", "what ways through a flow cost, before it is deployed", flowPrice},
	}
}

// errUsage ends a command that was called wrongly; what was wrong is already printed.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := dispatch(ctx, os.Stdout, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "huawu: "+err.Error())
		os.Exit(1)
	}
}

// dispatch runs the command that the arguments name.
func dispatch(ctx context.Context, out io.Writer, args []string) error {
	for _, c := range commands() {
		if n := len(c.words); len(args) >= n && equal(args[:n], c.words) {
			return c.run(ctx, out, args[n:])
		}
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(out)
		return nil
	}
	fmt.Fprintf(os.Stderr, "huawu: there is no command %q\n\n", args)
	usage(os.Stderr)
	return errUsage
}

func equal(a, b []string) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func usage(w io.Writer) {
	fmt.Fprint(w, "huawu: a contact centre for AWS that runs whole on a laptop · 话务\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  huawu %s %s\n        %s\n", joined(c.words), c.args, c.about)
	}
	fmt.Fprint(w, "\nEach command explains itself with -h.\n")
}

func joined(words []string) string {
	s := words[0]
	for _, w := range words[1:] {
		s += " " + w
	}
	return s
}

// flags returns an empty set of flags for a command, which prints its own usage.
func flags(words, args string) *flag.FlagSet {
	f := flag.NewFlagSet("huawu "+words, flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: huawu %s %s\n", words, args)
		f.PrintDefaults()
	}
	return f
}

// parse reads a command's flags and wants so many arguments behind them.
func parse(f *flag.FlagSet, args []string, want int) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if f.NArg() != want {
		fmt.Fprintf(f.Output(), "%s: want %d arguments, not %d\n", f.Name(), want, f.NArg())
		f.Usage()
		return errUsage
	}
	return nil
}

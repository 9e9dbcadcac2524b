// Command cmd is the media relay as a program of its own, for Fargate: it reads
// its settings from the environment, serves until SIGTERM, and then drains. It
// decides nothing; the rooms below it do.
package main

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"huawu/flows"
	relay "huawu/mediarelay"
	"huawu/mediarelay/prompts"
	"huawu/mediarelay/webleg"
	"huawu/shared/auth"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/cloud/awscloud/blobs"
	"huawu/shared/cloud/awscloud/invoker"
	"huawu/shared/cloud/awscloud/keys"
	"huawu/shared/cloud/awscloud/polly"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
	"huawu/shared/fault"
	"huawu/shared/speech"
)

// lastWords is what is left for uploads after the calls of a drain have ended:
// Fargate kills 120 s after SIGTERM at the latest.
const lastWords = 15 * time.Second

func main() {
	s, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err) // one line per bad variable
	}
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: s.level}))
	if err := run(s, logger); err != nil {
		logger.Error("relay ends", "error", err)
		os.Exit(1)
	}
}

func run(s settings, logger *slog.Logger) error {
	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	s.relay.Log = logger
	if s.advertise != "" {
		var err error
		if s.relay.Advertise, err = askSelf(term, http.DefaultClient, s.advertise); err != nil {
			return err
		}
	}
	ports, err := open(term, s.cloud)
	if err != nil {
		return err
	}
	if s.relay.Prompts, err = voice(s, ports); err != nil {
		return err
	}
	if b := s.relay.Browsers; b != nil {
		b.Tickets = webleg.NewSigned(check(auth.NewTickets(ports.Keys, s.issuer, s.audience, time.Now)), time.Now)
	}
	r, err := relay.New(term, s.relay, ports)
	if err != nil {
		return err
	}
	return serve(term, r, s, logger)
}

// check is how the relay checks what the desk has signed.
func check(t *auth.Tickets) webleg.Check {
	return func(ctx context.Context, ticket string) (webleg.Identity, string, time.Time, error) {
		who, id, until, err := t.Check(ctx, ticket)
		return webleg.Identity(who), id, until, err
	}
}

// serve runs the relay until SIGTERM, or until it cannot go on, and drains it.
func serve(term context.Context, r *relay.Relay, s settings, logger *slog.Logger) error {
	background, stop := context.WithCancel(context.Background())
	defer stop()
	if s.agent != "" {
		p := &protection{client: &http.Client{}, agent: s.agent, calls: r.Calls().Len, log: logger}
		done := make(chan struct{})
		go func() { defer close(done); p.run(background) }()
		defer func() { stop(); <-done }()
	}
	served := make(chan error, 1)
	go func() { served <- r.Run(background) }()
	var failed error
	select {
	case <-term.Done():
	case failed = <-served:
	}
	until, cancel := context.WithTimeout(context.Background(), s.relay.DrainWait+lastWords)
	defer cancel()
	err := r.Drain(until)
	if failed == nil {
		failed = <-served
	}
	return errors.Join(failed, err)
}

// open makes the cloud's ports.
func open(ctx context.Context, cfg awscloud.Config) (p relay.Ports, err error) {
	var faults []error
	add := func(err error) { faults = append(faults, err) }
	t, err := table.Open(ctx, cfg)
	add(err)
	b, err := blobs.New(cfg)
	add(err)
	k, err := keys.New(cfg)
	add(err)
	q, err := queue.New(cfg)
	add(err)
	f, err := invoker.New(cfg)
	add(err)
	if err := errors.Join(faults...); err != nil {
		return p, err
	}
	return relay.Ports{Functions: f, Queue: q, Table: t, Blobs: b, Keys: k}, nil
}

// voice makes what the relay says: the prompts it brings along, then speech.
func voice(s settings, p relay.Ports) (*prompts.Prompts, error) {
	var speaker speech.Synthesizer
	if s.speech == "polly" {
		made, err := polly.New(s.cloud)
		if err != nil {
			return nil, err
		}
		speaker = speech.Cached{From: pollySpeech{made}, Dir: filepath.Join(s.relay.Dir, "speech")}
	}
	files, err := fs.Sub(flows.Prompts, "prompts")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "prompts")
	}
	library, err := speech.NewLibrary(files, prompts.Decode, speaker)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "prompts")
	}
	return prompts.New(library, p.Blobs), nil
}

// pollySpeech is Amazon Polly as the domain asks for speech.
type pollySpeech struct{ *polly.Polly }

// Speak says a text in a voice.
func (p pollySpeech) Speak(ctx context.Context, text string, v speech.Voice) ([]int16, error) {
	return p.Polly.Speak(ctx, text, v.Language, v.ID)
}

package relay

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"huawu/shared/fault"
)

// openAdmin serves health and metrics. They are for the task's own health check
// and its scraper, so the address is one that only these reach.
func (r *Relay) openAdmin() error {
	if !r.cfg.Admin.IsValid() {
		return nil
	}
	l, err := net.Listen("tcp", r.cfg.Admin.String())
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "relay: open admin port")
	}
	r.adminAt = l.Addr().(*net.TCPAddr).AddrPort()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", r.ready)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, r.metrics())
	})
	r.admin = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	r.serving.Go(func() { _ = r.admin.Serve(l) }) // ErrServerClosed after Shutdown
	return nil
}

// ready answers 200 while the relay takes calls.
func (r *Relay) ready(w http.ResponseWriter, _ *http.Request) {
	switch {
	case r.draining.Load():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case !r.calls.Accepting():
		http.Error(w, "full", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

// metrics is what was counted, in the text format of Prometheus.
func (r *Relay) metrics() string {
	var b strings.Builder
	c, h, m, s := r.calls.Count(), r.hook.Count(), r.media.Count(), r.sip.Count()
	line := func(kind, name, help string, value float64) {
		fmt.Fprintf(&b, "# HELP huawu_relay_%s %s\n# TYPE huawu_relay_%s %s\nhuawu_relay_%s %v\n", name, help, name, kind, name, value)
	}
	gauge := func(name, help string, value int) { line("gauge", name, help, float64(value)) }
	total := func(name, help string, value uint64) { line("counter", name+"_total", help, float64(value)) }
	draining := 0
	if r.draining.Load() {
		draining = 1
	}
	gauge("calls", "Calls that are up.", c.Live)
	gauge("draining", "1 while new calls are refused.", draining)
	total("calls_started", "Calls taken.", c.Started)
	total("calls_refused", "Calls refused by admission.", c.Refused)
	total("calls_fallback", "Calls that fell back as the function was gone.", c.Fallbacks)
	total("calls_over_limit", "Calls that reached the limit of invocations.", c.OverLimit)
	total("delay_covers", "Times a slow function was covered.", c.Covers)
	total("events", "Events the function was asked about.", c.Asked)
	total("events_unanswered", "Events without an answer.", c.AskFailed)
	total("answers_invalid", "Answers that break the contract.", c.InvalidAnswers)
	total("actions", "Actions begun.", c.Actions)
	total("actions_failed", "Actions that failed.", c.FailedActions)
	total("commands", "Commands given to a call.", c.Updates)
	total("commands_dropped", "Commands that were late, malformed or for no call.", c.DroppedUpdates)
	total("journal_errors", "Notes of calls that could not be written.", c.JournalErrors)
	total("calls_panicked", "Calls that ended by a bug.", c.Panics)
	total("invocations", "Tries to ask the function.", h.Invocations)
	total("invocation_retries", "Second tries.", h.Retries)
	total("invocation_timeouts", "Tries without an answer in time.", h.Timeouts)
	histogram(&b, r)
	gauge("media_ports", "Open audio ports.", m.Ports)
	gauge("media_ports_resting", "Audio ports in quarantine.", m.PortsQuarantined)
	total("media_received", "Datagrams received.", m.Received)
	total("media_sent", "Datagrams sent.", m.Sent)
	total("media_forwarded", "RTP packets from one party to another.", m.Forwarded)
	total("media_mixed", "Frames summed up for a party of a conference.", m.Mixed)
	total("media_unknown_source", "Datagrams from addresses that no call has.", m.UnknownSource)
	total("media_send_errors", "Datagrams that could not be sent.", m.SendErrors)
	total("media_late_ticks", "Times a media thread woke 60 ms late or more.", m.LateTicks)
	total("sip_dropped", "SIP datagrams dropped unanswered.", s.Dropped)
	total("sip_malformed", "SIP messages refused for what they are.", s.Malformed)
	total("sip_strangers", "SIP requests of unknown peers.", s.Strangers)
	total("sip_panics", "Recovered panics; each is a bug.", s.Panics)
	r.browserMetrics(&b)
	return b.String()
}

// histogram writes how long the function took.
func histogram(b *strings.Builder, r *Relay) {
	const name = "huawu_relay_invocation_seconds"
	h := r.hook.Count()
	fmt.Fprintf(b, "# HELP %s Time of a try to ask the function.\n# TYPE %s histogram\n", name, name)
	var sum uint64
	for _, c := range h.Classes {
		sum += c.Count
		limit := "+Inf"
		if c.AtMost > 0 {
			limit = fmt.Sprint(c.AtMost.Seconds())
		}
		fmt.Fprintf(b, "%s_bucket{le=%q} %d\n", name, limit, sum)
	}
	fmt.Fprintf(b, "%s_sum %v\n%s_count %d\n", name, h.Total.Seconds(), name, sum)
}

//go:build linux

// Package load puts many calls through the relay's media engine and through
// rtpengine, if that is installed, and prints what a packet costs in each. It
// measures; it asserts nothing about time.
package load

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"huawu/mediarelay/media"
)

const (
	calls  = 200 // 20,000 packets a second
	warm   = time.Second
	window = 3 * time.Second
)

// leg is one party: where the generator is, and where the relay listens for it.
type leg struct{ Gen, Relay netip.AddrPort }

// relay is a process under load.
type relay interface {
	// connect makes the calls: legs 2i and 2i+1 are one; it fills in Relay.
	connect(legs []leg) error
	pid() int
	stop()
}

// BenchmarkCalls prints, for each relay: processor time, delay and loss of a
// packet with 200 calls, and how many times less than rtpengine's the cost is.
func BenchmarkCalls(b *testing.B) {
	base := 0.0
	for _, bb := range []struct {
		name  string
		start func(context.Context) (relay, error)
	}{
		{"rtpengine", startRTPEngine},
		{"huawu-own-sockets", func(ctx context.Context) (relay, error) { return startHuawu(ctx, false) }},
		{"huawu-shared-sockets", func(ctx context.Context) (relay, error) { return startHuawu(ctx, true) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, err := bb.start(b.Context())
			if err != nil {
				b.Skip(err)
			}
			defer r.stop()
			for b.Loop() {
				m, err := measure(r)
				if err != nil {
					b.Fatal(err)
				}
				if bb.name == "rtpengine" {
					base = m.cpu
				}
				b.ReportMetric(m.cpu, "µs-cpu/packet")
				b.ReportMetric(m.p50, "µs-p50")
				b.ReportMetric(m.p99, "µs-p99")
				b.ReportMetric(m.loss*100, "%-lost")
				b.ReportMetric(m.rss, "MiB")
				if base > 0 {
					b.ReportMetric(base/m.cpu, "×rtpengine")
				}
			}
		})
	}
}

// measured is the result of one run.
type measured struct{ cpu, p50, p99, loss, rss float64 }

func measure(r relay) (m measured, err error) {
	g, err := newGenerator(2 * calls)
	if err != nil {
		return m, err
	}
	defer g.close()
	if err := r.connect(g.legs); err != nil {
		return m, err
	}
	g.run(warm)
	g.reset()
	before := cpuTime(r.pid())
	g.run(window)
	spent := cpuTime(r.pid()) - before
	g.settle()
	if g.received == 0 {
		return m, fmt.Errorf("nothing came through %d calls", calls)
	}
	m.cpu = float64(spent.Nanoseconds()) / 1e3 / float64(g.received)
	m.p50, m.p99 = g.delay(0.5), g.delay(0.99)
	m.loss = max(0, 1-float64(g.received)/float64(g.sent)) // a few were on their way at the start
	m.rss = memory(r.pid())
	return m, nil
}

// cpuTime is the run time of all threads of a process.
func cpuTime(pid int) (sum time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range tasks {
		b, _ := os.ReadFile(name)
		if f := strings.Fields(string(b)); len(f) > 0 {
			n, _ := strconv.ParseInt(f[0], 10, 64)
			sum += time.Duration(n)
		}
	}
	return sum
}

// memory is the resident set in MiB.
func memory(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(f[1], 64)
			return kib / 1024
		}
	}
	return 0
}

// huawu is the media engine in a process of its own: this test's program,
// started again to run TestRelayProcess.
type huawu struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

const asRelay = "HUAWU_LOAD_RELAY" // environment of that process: "own" or "shared"

func startHuawu(ctx context.Context, shared bool) (relay, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &huawu{cmd: exec.CommandContext(ctx, self, "-test.run=^TestRelayProcess$")}
	kind := "own"
	if shared {
		kind = "shared"
	}
	h.cmd.Env = append(os.Environ(), asRelay+"="+kind)
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.out = bufio.NewReader(out)
	return h, h.cmd.Start()
}

func (h *huawu) connect(legs []leg) error {
	if err := json.NewEncoder(h.in).Encode(legs); err != nil {
		return err
	}
	line, err := h.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, &legs)
}

func (h *huawu) pid() int { return h.cmd.Process.Pid }

func (h *huawu) stop() {
	_ = h.in.Close()
	_ = h.cmd.Wait()
}

// TestRelayProcess is not a test: it is the relay that BenchmarkCalls starts.
func TestRelayProcess(t *testing.T) {
	kind := os.Getenv(asRelay)
	if kind == "" {
		t.Skip("run by BenchmarkCalls")
	}
	e, err := media.New(media.Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	for in := json.NewDecoder(os.Stdin); ; {
		var legs []leg
		if in.Decode(&legs) != nil {
			return // the benchmark is over
		}
		var last *media.Port
		for i := range legs {
			p, err := e.Open(media.PortOptions{Shared: kind == "shared"})
			if err != nil {
				t.Fatal(err)
			}
			p.SetRemote(media.Remote{Addr: legs[i].Gen, Send: true, Receive: true})
			if i%2 == 1 {
				p.Bridge(last)
			}
			legs[i].Relay, last = p.Local(), p
		}
		if err := json.NewEncoder(os.Stdout).Encode(legs); err != nil {
			t.Fatal(err)
		}
	}
}

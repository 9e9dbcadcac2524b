// Package browser plays whole stories with the pages that people use: real
// Chromium windows, each with a microphone that says a tone of its own, against
// a running centre. A story is a file in stories, driven by playwright-core;
// this package starts what it talks to and fails with what it said.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/localstack/onebox"
	"huawu/tests/peers"
	"huawu/web"
)

// atOnce is how many stories are played at one time: each has two or three
// browsers, which need a processor when they start.
const atOnce = 2

// ringSeconds is how long an offer rings: long enough to look at it in every
// language. bench/desk.mjs knows it too.
const ringSeconds = 60

// patience is how long one story may take on a busy machine.
const patience = 6 * time.Minute

func TestStories(t *testing.T) {
	need(t)
	peers.Play(t, "stories/*.mjs", atOnce, play)
}

// TestBench measures what an agent waits for; see bench.
func TestBench(t *testing.T) {
	if os.Getenv("BROWSER_BENCH") == "" {
		t.Skip("times are measured by make bench-web, on a machine that does nothing else")
	}
	need(t)
	peers.Play(t, "bench/*.mjs", 1, play)
}

// need skips where a story cannot be played, and says what is missing.
func need(t *testing.T) {
	t.Helper()
	if !web.Built() {
		t.Skip("the pages are not built: run make web")
	}
	if _, err := os.Stat("../../web/node_modules/playwright-core"); err != nil {
		t.Skip("playwright-core is not installed: run make web")
	}
	peers.Need(t, "node")
	peers.Need(t, "chromium")
}

// bed is what a story is told of where it plays.
type bed struct {
	URL       string         `json:"url"`     // of the pages, by the line that can be cut
	Control   string         `json:"control"` // of what only this side can do
	Number    string         `json:"number"`
	Agents    []onebox.Login `json:"agents"`
	Tenant    string         `json:"tenant"`
	Admin     string         `json:"admin"` // token
	Chromium  string         `json:"chromium"`
	Dir       string         `json:"dir"`       // for profiles and tones
	Artifacts string         `json:"artifacts"` // where pictures go
}

func play(t *testing.T, name string) {
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	out := outside(t, path)
	box, log := open(t, out)
	line := newLine(t, strings.TrimPrefix(box.Info().URL, "http://"))
	info := box.Info()
	b := bed{URL: "http://" + line.addr(), Number: info.Number, Agents: info.Agents, Tenant: info.Tenant, Admin: info.Admin,
		Chromium: peers.Need(t, "chromium"), Dir: t.TempDir(), Artifacts: artifacts(t, name)}
	b.Control = control(t, info, line, out)
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", path)
	cmd.Env = append(os.Environ(), "HUAWU_BED="+string(raw))
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it closes its browsers
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s\nthe centre said:\n%s", name, err, said.String(), log.tail())
	} else if testing.Verbose() {
		t.Log(said.String())
	}
}

// outsideLine is the line of a story that wants a telephone outside, which the
// centre can call: a comment with its number.
var outsideLine = regexp.MustCompile(`(?m)^// outside: (\+\d+)$`)

// outsideTone is what it says, in Hz.
const outsideTone = 700

// outside starts the telephone outside that a story wants; nil if it wants none.
func outside(t *testing.T, story string) *telephone {
	t.Helper()
	text, err := os.ReadFile(story)
	if err != nil {
		t.Fatal(err)
	}
	found := outsideLine.FindSubmatch(text)
	if found == nil {
		return nil
	}
	number := string(found[1])
	b := peers.StartBaresip(t, peers.Phone{User: number, Tone: outsideTone})
	return &telephone{Baresip: b, name: number, ear: peers.NewEar(b), calls: 1}
}

// artifacts is the folder for a story's pictures: kept if BROWSER_ARTIFACTS
// names one.
func artifacts(t *testing.T, name string) string {
	root := os.Getenv("BROWSER_ARTIFACTS")
	if root == "" {
		return t.TempDir()
	}
	dir := filepath.Join(root, strings.TrimSuffix(filepath.Base(name), ".mjs"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// open starts a centre on free ports, which calls out to a telephone if there is one.
func open(t *testing.T, out *telephone) (*onebox.Box, *logText) {
	t.Helper()
	var callsOut string
	if out != nil {
		callsOut = out.Address
	}
	free := netip.MustParseAddrPort("127.0.0.1:0")
	rtp := peers.FreePorts(t, 80)
	said := &logText{}
	box, err := onebox.Start(t.Context(), onebox.Config{
		Data: t.TempDir(), HTTP: free, SIP: free, Admin: free, RTP: [2]uint16{uint16(rtp), uint16(rtp + 79)},
		Fast: true, Demo: true, RingSeconds: ringSeconds, ACWSeconds: 120, CallsOut: callsOut, DrainWait: time.Second, Log: slog.New(slog.NewJSONHandler(said, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the centre ended: %v", err)
		}
	})
	return box, said
}

// logText keeps what a centre logs.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Split(strings.TrimSpace(l.text.String()), "\n")
	return strings.Join(all[max(0, len(all)-60):], "\n")
}

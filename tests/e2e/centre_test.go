package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"huawu/localstack/onebox"
	"huawu/localstack/seed"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/ivr"
	"huawu/shared/phone"
	"huawu/tests/peers"
)

// setup is what a story wants of its centre, said before the first word that
// needs it.
type setup struct {
	ring, acw int           // seconds
	stream    time.Duration // that consumers of the table's stream are behind
	carrier   netip.Prefix
	out       string // host:port of the telephones outside that can be called
	program   bool   // the real program in a process of its own
	die       string // when the process kills itself, as --die-after takes it
	spool     string // size of the file system that recordings are spooled to, for mount
	numbers   [][2]string
}

// centre is a running centre, in this process or in one of its own.
type centre struct {
	t    *testing.T
	dir  string
	set  setup
	info onebox.Info
	box  *onebox.Box // nil for a process of its own
	log  *logText    // of this process
	rtp  [2]int
	stop func()

	cmd  *exec.Cmd
	dead chan struct{} // closed when the process has ended
	args []string      // fixed ports, after the first start
}

// start starts the centre if it does not run yet.
func (s *story) start() {
	s.Helper()
	if s.centre != nil {
		return
	}
	c := &centre{t: s.T, dir: s.TempDir(), set: s.setup, log: &logText{}}
	s.centre = c
	s.seed()
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("the centre said:\n%s", c.tail())
		}
	})
	if s.setup.program {
		c.launch()
	} else {
		c.open()
	}
}

// seed writes the demo tenant with the story's own numbers and flows before the
// centre starts, which then leaves them as they are.
func (s *story) seed() {
	o := seed.Options{RingSeconds: s.setup.ring, ACWSeconds: s.setup.acw}
	for _, n := range s.setup.numbers {
		document, ok := s.files[n[1]+".json"]
		if !ok {
			var err error
			document, err = os.ReadFile("testdata/flows/" + n[1] + ".json")
			s.must(err)
		}
		number, err := phone.Parse(n[0])
		s.must(err)
		o.Endpoints = append(o.Endpoints, ivr.PutFlow(seed.Tenant, n[1], n[1], document, 1),
			ivr.Number{Number: number, Flow: n[1], Language: "zh-CN"}.Put(seed.Tenant))
	}
	c, err := localcloud.Open(localcloud.Options{Dir: filepath.Join(s.centre.dir, "cloud"), Durability: localcloud.Process})
	if err == nil {
		err = errors.Join(seed.Demo(context.Background(), c.Table(), o), c.Close())
	}
	if err != nil {
		s.Fatal(err)
	}
}

// open starts a centre in this process.
func (c *centre) open() {
	c.t.Helper()
	free := netip.MustParseAddrPort("127.0.0.1:0")
	rtp := peers.FreePorts(c.t, 80)
	c.rtp = [2]int{rtp, rtp + 79}
	log := slog.New(slog.NewJSONHandler(c.log, nil))
	box, err := onebox.Start(c.t.Context(), onebox.Config{
		Data: c.dir, HTTP: free, SIP: free, Admin: free, RTP: [2]uint16{uint16(rtp), uint16(rtp + 79)},
		Fast: true, Demo: true, RingSeconds: c.set.ring, ACWSeconds: c.set.acw, Carrier: c.set.carrier, CallsOut: c.set.out, DrainWait: time.Second, Log: log,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	box.Cloud().SetFaults(localcloud.Faults{StreamDelay: c.set.stream})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	c.box, c.info = box, box.Info()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Errorf("the centre ended: %v", err)
		}
	})
	c.t.Cleanup(c.stop)
}

// bin is where the real program lies once it is built.
var bin = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "huawu-e2e") })

// program builds the real program once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := bin()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "huawu")
	if out, err := exec.Command("go", "build", "-o", path, "huawu/cmd/huawu").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build huawu: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := bin(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// launch starts the real program, on the ports of its last start if there was one.
func (c *centre) launch() {
	c.t.Helper()
	path, err := program()
	if err != nil {
		c.t.Fatal(err)
	}
	if c.args == nil {
		rtp := peers.FreePorts(c.t, 40)
		c.args = []string{"--ports", "auto", "--rtp", fmt.Sprintf("%d-%d", rtp, rtp+39)}
	}
	args := append([]string{"up", "--data", c.dir, "--demo", "-o", "json", "--ring-seconds", strconv.Itoa(max(1, c.set.ring)), "--acw-seconds", strconv.Itoa(c.set.acw)}, c.args...)
	if c.set.die != "" {
		args, c.set.die = append(args, "--die-after", c.set.die), "" // once
	}
	c.cmd = exec.Command(path, args...)
	if c.set.spool != "" {
		c.onSmallSpool()
	}
	said := &logText{}
	c.cmd.Stderr = said
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	cmd, dead := c.cmd, make(chan struct{})
	c.dead = dead
	first, err := bufio.NewReader(out).ReadBytes('\n')
	go func() { _ = cmd.Wait(); close(dead) }()
	c.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-dead:
		case <-time.After(peers.Patience):
			_ = cmd.Process.Kill()
			c.t.Error("huawu up did not end")
		}
	})
	c.t.Cleanup(c.stop)
	if err = errors.Join(err, json.Unmarshal(first, &c.info)); err != nil {
		c.t.Fatalf("huawu up: %v\n%s", err, said)
	}
	web, health := strings.TrimPrefix(c.info.URL, "http://"), strings.TrimSuffix(strings.TrimPrefix(c.info.Health, "http://"), "/healthz")
	c.args = append([]string{"--http", web, "--sip", c.info.SIP, "--admin", health}, c.args[len(c.args)-2:]...)
}

// onSmallSpool gives the process a file system of its own for its spool, in a
// namespace where it may mount one.
func (c *centre) onSmallSpool() {
	c.t.Helper()
	spool := filepath.Join(c.dir, "relay", "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		c.t.Fatal(err)
	}
	mount := fmt.Sprintf("mount -t tmpfs -o size=%s tmpfs '%s'", c.set.spool, spool)
	if out, err := exec.Command("unshare", "-rm", "sh", "-c", mount).CombinedOutput(); err != nil {
		c.t.Skipf("this machine lets nobody mount a small file system: %v %s", err, out)
	}
	c.cmd = exec.Command("unshare", append([]string{"-rm", "sh", "-c", mount + ` && exec "$0" "$@"`}, c.cmd.Args...)...)
}

// kill ends the process as a loss of power does for it.
func (c *centre) kill() {
	c.t.Helper()
	_ = c.cmd.Process.Kill()
	<-c.dead
}

// text is the centre's log, one JSON object a line.
func (c *centre) text() string {
	if c.box != nil {
		return c.log.String()
	}
	raw, _ := os.ReadFile(filepath.Join(c.dir, "huawu.log"))
	return string(raw)
}

func (c *centre) tail() string {
	all := strings.Split(strings.TrimSpace(c.text()), "\n")
	return strings.Join(all[max(0, len(all)-60):], "\n")
}

// entry is a line of the log.
type entry struct {
	Time        time.Time
	Level       string
	Msg         string
	Transaction string `json:"transactionId"`
}

// entries returns the lines with a message.
func (c *centre) entries(msg string) []entry {
	var found []entry
	for l := range strings.Lines(c.text()) {
		var e entry
		if json.Unmarshal([]byte(l), &e) == nil && e.Msg == msg {
			found = append(found, e)
		}
	}
	return found
}

// calls returns the ids of all calls in their order.
func (c *centre) calls() []string {
	var ids []string
	for _, e := range c.entries("call began") {
		if !slices.Contains(ids, e.Transaction) {
			ids = append(ids, e.Transaction)
		}
	}
	return ids
}

// cloud is the embedded cloud of a centre in this process.
func (c *centre) cloud() *localcloud.Cloud {
	c.t.Helper()
	if c.box == nil {
		c.t.Fatal("the cloud of another process cannot be reached")
	}
	return c.box.Cloud()
}

func (c *centre) write(w cloud.Write) {
	c.t.Helper()
	if _, err := c.cloud().Table().Write(c.t.Context(), w); err != nil {
		c.t.Fatal(err)
	}
}

// ask asks the desk's API; out is nil or what the answer is read into.
func (c *centre) ask(token, method, path string, in, out any) error {
	body := io.Reader(http.NoBody)
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, c.info.URL+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s %s", method, path, res.Status, raw)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	}
	return json.Unmarshal(raw, out)
}

// logText is text that grows while others read it.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

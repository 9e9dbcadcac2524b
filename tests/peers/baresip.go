package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const interrupt = syscall.SIGTERM

// meter is what baresip draws over and over while a call is up.
var meter = regexp.MustCompile(`\r?[^\r\n]*\(bit/s\)[^\r\n]*`)

// Baresip is one running baresip on loopback, as a caller or as a phone.
type Baresip struct {
	Address string // host:port of its SIP
	dir     string
	conn    net.Conn
	t       testing.TB

	mu     sync.Mutex
	events []Event
}

// Event is one thing that baresip told.
type Event struct {
	Type  string `json:"type"`  // CALL_ESTABLISHED, CALL_INCOMING, CALL_CLOSED, REGISTER_OK …
	Param string `json:"param"` // why
	Class string `json:"class"`
}

// Phone says how a baresip is set up.
type Phone struct {
	User      string // SIP user
	Registrar string // host:port; "" for a phone that does not register
	Password  string
	Auto      bool    // answers every call at once
	Tone      float64 // Hz that it says into the telephone
	Modules   []string
	Keep      string // folder for what it heard, if the test fails; "" = it is thrown away
}

// StartBaresip starts a baresip that sends a tone and keeps what it hears.
func StartBaresip(t testing.TB, p Phone) *Baresip {
	t.Helper()
	program := Need(t, "baresip")
	dir := t.TempDir()
	port := FreePorts(t, 12)
	rtp := FreePorts(t, 20)
	b := &Baresip{dir: dir, t: t, Address: fmt.Sprintf("127.0.0.1:%d", port)}
	WriteTone(t, filepath.Join(dir, "says.wav"), p.Tone, 120)
	writeFile(t, filepath.Join(dir, "config"), b.config(p, port, rtp))
	writeFile(t, filepath.Join(dir, "accounts"), account(p, b.Address))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	cmd := exec.Command(program, "-4", "-f", dir)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	start(t, cmd)
	t.Cleanup(func() {
		if t.Failed() {
			raw, _ := os.ReadFile(log.Name())
			t.Logf("baresip %s said:\n%s", p.User, tail(meter.ReplaceAll(raw, nil), 3000))
			p.keep(t, dir)
		}
	})
	Eventually(t, "baresip takes commands", func() error {
		conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port+10))
		if err == nil {
			b.conn = conn
		}
		return err
	})
	t.Cleanup(func() { b.conn.Close() })
	go b.read()
	return b
}

// keep copies what the phone of a failed test said and heard, to be listened to.
func (p Phone) keep(t testing.TB, dir string) {
	if p.Keep == "" {
		return
	}
	to := filepath.Join(p.Keep, t.Name(), p.User+"-"+filepath.Base(dir))
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Logf("keep %s: %v", to, err)
	}
}

func (b *Baresip) config(p Phone, port, rtp int) string {
	lines := []string{
		"sip_listen 127.0.0.1:" + strconv.Itoa(port), "net_interface 127.0.0.1",
		"audio_source aufile,says.wav", "audio_player aufile,unused.wav", "ausrc_srate 8000", "auplay_srate 8000", "audio_channels 1-1",
		fmt.Sprintf("rtp_ports %d-%d", rtp, rtp+18), "rtp_timeout 0", "call_max_calls 4",
		"module_path " + modulePath(), "snd_path " + b.dir, fmt.Sprintf("ctrl_tcp_listen 127.0.0.1:%d", port+10),
	}
	for _, m := range append([]string{"g711.so", "aufile.so", "sndfile.so"}, p.Modules...) {
		lines = append(lines, "module "+m)
	}
	for _, m := range []string{"account.so", "menu.so", "ctrl_tcp.so"} {
		lines = append(lines, "module_app "+m)
	}
	return strings.Join(lines, "\n") + "\n"
}

// modulePath is where Debian keeps baresip's modules.
func modulePath() string {
	found, _ := filepath.Glob("/usr/lib/*/baresip/modules")
	if len(found) == 0 {
		found, _ = filepath.Glob("/usr/lib/baresip/modules")
	}
	return strings.Join(found, "")
}

func account(p Phone, address string) string {
	host, register := address, ";regint=0"
	if p.Registrar != "" {
		host, register = p.Registrar, ";regint=300;auth_user="+p.User+";auth_pass="+p.Password
	}
	answer := "manual"
	if p.Auto {
		answer = "auto"
	}
	return fmt.Sprintf("<sip:%s@%s;transport=udp>%s;audio_codecs=pcmu/8000/1,pcma/8000/1;answermode=%s;call_transfer=no\n", p.User, host, register, answer)
}

// Do sends a command such as "dial", "accept", "hangup", "hold", "resume".
func (b *Baresip) Do(command, params string) {
	b.t.Helper()
	raw, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.conn, "%d:%s,", len(raw), raw); err != nil {
		b.t.Fatalf("baresip %s: %v", command, err)
	}
}

// Press sends digits by RFC 4733, one after the other.
func (b *Baresip) Press(digits string) {
	for _, d := range digits {
		b.Do("sndcode", string(d))
		b.Do("sndcode", "\x04") // key released
	}
}

// read takes netstrings ("12:{...},") from the control connection.
func (b *Baresip) read() {
	in := bufio.NewReader(b.conn)
	for {
		size, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimLeft(size, ","), ":"))
		if err != nil || n > 1<<20 {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		var e Event
		if json.Unmarshal(body, &e) == nil && e.Type != "" {
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
		}
	}
}

// Registered waits until the registrar has taken the phone. It reads the log,
// because the event may come before anyone listens for it.
func (b *Baresip) Registered() {
	b.t.Helper()
	Eventually(b.t, "baresip registers", func() error {
		raw, err := os.ReadFile(filepath.Join(b.dir, "log"))
		if err == nil && !bytes.Contains(raw, []byte("200 OK")) {
			err = errors.New("no 200 OK yet")
		}
		return err
	})
}

// Count returns how often an event was told.
func (b *Baresip) Count(typ string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.Type == typ {
			n++
		}
	}
	return n
}

// Await waits until an event was told at least n times.
func (b *Baresip) Await(typ string, n int) {
	b.t.Helper()
	Eventually(b.t, "baresip "+typ, func() error {
		if got := b.Count(typ); got < n {
			return fmt.Errorf("told %d times, want %d", got, n)
		}
		return nil
	})
}

// Heard returns what the phone received so far, over all its calls in order.
func (b *Baresip) Heard() Audio {
	files, _ := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	slices.Sort(files)
	var all Audio
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		all = append(all, readDump(raw)...)
	}
	return all
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}

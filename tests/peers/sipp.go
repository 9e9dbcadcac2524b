package peers

import (
	"cmp"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/icholy/digest"
)

//go:embed sipp/*.xml
var scenarios embed.FS

// Carrier says how sipp calls.
type Carrier struct {
	Scenario string // a file of sipp/, without ".xml"
	To       string // host:port
	Number   string // that is dialled
	From     string // address that the calls come from; 127.0.0.1
	Calls    int    // placed at once
	Rate     int    // … or so many a second; 0 = all
	Silent   bool   // sends no audio
	Tone     float64
}

// Sipp runs a scenario of sipp and returns what ends it: nil if every call went as
// the scenario says.
func Sipp(t testing.TB, c Carrier) (ended <-chan error) {
	t.Helper()
	program := Need(t, "sipp")
	dir := t.TempDir()
	scenario, err := scenarios.ReadFile("sipp/" + c.Scenario + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "scenario.xml"), string(scenario))
	WriteMuLaw(t, filepath.Join(dir, "says.ulaw"), c.Tone, 10)
	if c.From == "" {
		c.From = "127.0.0.1"
	}
	streams := 4 * c.Calls
	if c.Silent {
		streams = 4
	}
	port, rtp := FreePorts(t, 2), FreePorts(t, streams)
	n := strconv.Itoa(c.Calls)
	cmd := exec.Command(program, c.To, "-sf", "scenario.xml", "-s", c.Number, "-i", c.From, "-p", strconv.Itoa(port),
		"-mi", c.From, "-mp", strconv.Itoa(rtp),
		"-m", n, "-l", n, "-r", strconv.Itoa(cmp.Or(c.Rate, c.Calls)), "-nostdin", "-cp", strconv.Itoa(port+1), "-trace_err", "-error_file", "errors", "-timeout", "240", "-timeout_error")
	cmd.Dir = dir
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	cmd.Stdout, cmd.Stderr = out, out
	t.Cleanup(func() {
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(dir, "errors"))
			shown, _ := os.ReadFile(out.Name())
			t.Logf("sipp %s said:\n%s\n%s", c.Scenario, tail(said, 2000), tail(shown, 2500))
		}
	})
	return start(t, cmd)
}

// StartPhones starts a sipp that answers every call to a user, talks for a second
// and hangs up; any number of calls at once. Its port is registered before it
// starts, which sipp cannot do itself where SHA-256 is asked for as well.
func StartPhones(t testing.TB, registrar, user, password string) {
	t.Helper()
	port, rtp := FreePorts(t, 2), FreePorts(t, 4)
	register(t, fmt.Sprintf("127.0.0.1:%d", port), registrar, user, password)
	start(t, scenario(t, "phones", "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-mi", "127.0.0.1", "-mp", strconv.Itoa(rtp), "-cp", strconv.Itoa(port+1), "-nostdin"))
}

// register makes a phone at an address known to a registrar.
func register(t testing.TB, at, registrar, user, password string) {
	t.Helper()
	uri, proof := "sip:"+registrar, ""
	for sequence := 1; ; sequence++ {
		answer := ask(t, at, registrar, func(local string) []byte {
			lines := []string{"REGISTER " + uri + " SIP/2.0", "Via: SIP/2.0/UDP " + local + ";rport;branch=z9hG4bK" + user + strconv.Itoa(sequence) + local[len(local)-4:],
				"From: <sip:" + user + "@" + registrar + ">;tag=phones", "To: <sip:" + user + "@" + registrar + ">", "Call-ID: phones-" + user + "-" + local,
				"CSeq: " + strconv.Itoa(sequence) + " REGISTER", "Contact: <sip:" + user + "@" + at + ">", "Max-Forwards: 70", "Expires: 600"}
			if proof != "" {
				lines = append(lines, "Authorization: "+proof)
			}
			return []byte(strings.Join(append(lines, "Content-Length: 0", "", ""), "\r\n"))
		})
		switch line := firstLine(answer); {
		case strings.HasPrefix(line, "SIP/2.0 200 "):
			return
		case !strings.HasPrefix(line, "SIP/2.0 401 ") || sequence > 2:
			t.Fatalf("register %s: %s", user, line)
		}
		for l := range strings.Lines(string(answer)) {
			name, value, _ := strings.Cut(strings.TrimSpace(l), ":")
			if challenge, err := digest.ParseChallenge(strings.TrimSpace(value)); strings.EqualFold(name, "WWW-Authenticate") && err == nil && digest.CanDigest(challenge) {
				c, err := digest.Digest(challenge, digest.Options{Method: "REGISTER", URI: uri, Count: 1, Username: user, Password: password})
				if err != nil {
					t.Fatal(err)
				}
				proof = c.String()
			}
		}
	}
}

// scenario is a sipp in a folder of its own, not yet started.
func scenario(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	program, dir := Need(t, "sipp"), t.TempDir()
	text, err := scenarios.ReadFile("sipp/" + name + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "scenario.xml"), string(text))
	cmd := exec.Command(program, append([]string{"-sf", "scenario.xml", "-trace_err", "-error_file", "errors"}, args...)...)
	cmd.Dir = dir
	t.Cleanup(func() {
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(dir, "errors"))
			t.Logf("sipp %s said:\n%s", name, tail(said, 2000))
		}
	})
	return cmd
}

// Throw sends datagrams from one socket, and ignores what comes back.
func Throw(t testing.TB, to string, data ...[]byte) {
	t.Helper()
	conn, err := net.Dial("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, d := range data {
		_, _ = conn.Write(d) // refused ports answer with an error at the next write
	}
}

// Ask sends one datagram from 127.0.0.1 and returns the first line of the answer.
func Ask(t testing.TB, to string, data func(local string) []byte) string {
	t.Helper()
	return firstLine(ask(t, "127.0.0.1:0", to, data))
}

// ask is Ask from an address and for the whole answer.
func ask(t testing.TB, from, to string, data func(local string) []byte) (answer []byte) {
	t.Helper()
	local, err := net.ResolveUDPAddr("udp4", from)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{LocalAddr: local}).Dial("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	message := data(conn.LocalAddr().String())
	buf := make([]byte, 4096)
	Eventually(t, "an answer", func() error {
		if _, err := conn.Write(message); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(soon()); err != nil {
			return err
		}
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return err
			}
			if line := firstLine(buf[:n]); line != "" && line != "SIP/2.0 100 Trying" {
				answer = buf[:n]
				return nil
			}
		}
	})
	return answer
}

func firstLine(b []byte) string {
	for i, c := range b {
		if c == '\r' || c == '\n' {
			return string(b[:i])
		}
	}
	return fmt.Sprintf("%.40q", b)
}

package peers

import (
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
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
	port, rtp := FreePorts(t, 2), FreePorts(t, 4*c.Calls)
	n := strconv.Itoa(c.Calls)
	cmd := exec.Command(program, c.To, "-sf", "scenario.xml", "-s", c.Number, "-i", c.From, "-p", strconv.Itoa(port),
		"-mi", c.From, "-mp", strconv.Itoa(rtp),
		"-m", n, "-l", n, "-r", n, "-nostdin", "-cp", strconv.Itoa(port+1), "-trace_err", "-error_file", "errors", "-timeout", "120", "-timeout_error")
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
	conn, err := net.Dial("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	message := data(conn.LocalAddr().String())
	answer := make([]byte, 2048)
	line := ""
	Eventually(t, "an answer", func() error {
		if _, err := conn.Write(message); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(soon()); err != nil {
			return err
		}
		for {
			n, err := conn.Read(answer)
			if err != nil {
				return err
			}
			if line = firstLine(answer[:n]); line != "" && line != "SIP/2.0 100 Trying" {
				return nil
			}
		}
	})
	return line
}

func firstLine(b []byte) string {
	for i, c := range b {
		if c == '\r' || c == '\n' {
			return string(b[:i])
		}
	}
	return fmt.Sprintf("%.40q", b)
}

// Package peers drives independent SIP programs in tests: baresip as caller and
// as an agent's phone, sipp as a carrier. It decides nothing of what a call
// should do; it starts them on loopback, tells them what to do, and says what
// they heard.
package peers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for something that should happen soon: long,
// because the machine may be busy, and never the measure of speed.
const Patience = 60 * time.Second

// Eventually waits until check returns nil, and fails with its last error.
func Eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var err error
	for time.Now().Before(deadline) {
		if err = check(); err == nil {
			return
		}
		<-tick.C
	}
	t.Fatalf("%s: %v (waited %s)", what, err, Patience)
}

// Need returns the path of a program or fails with the remedy.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed: run `make deps`", program)
	}
	return path
}

// soon is when an answer on loopback should have come.
func soon() time.Time { return time.Now().Add(2 * time.Second) }

// reserved remembers ports that were handed out, so that two peers of one test
// process never get the same.
var reserved = struct {
	sync.Mutex
	taken map[int]bool
}{taken: map[int]bool{}}

// FreePorts returns the first of n consecutive UDP and TCP ports on 127.0.0.1
// that nobody uses; it is even.
func FreePorts(t testing.TB, n int) int {
	t.Helper()
	reserved.Lock()
	defer reserved.Unlock()
	const low, span = 20000, 12000
	began := os.Getpid() * 400 % span // test processes that run together begin at different places
	for i := 0; i < span; i += 2 {
		first := low + (began+i)%span
		if first+n <= low+span && free(first, n) {
			for p := first; p < first+n; p++ {
				reserved.taken[p] = true
			}
			return first
		}
	}
	t.Fatalf("no %d free ports in a row on 127.0.0.1", n)
	return 0
}

func free(first, n int) bool {
	for p := first; p < first+n; p++ {
		if reserved.taken[p] {
			return false
		}
		address := fmt.Sprintf("127.0.0.1:%d", p)
		udp, err := net.ListenPacket("udp4", address)
		if err != nil {
			return false
		}
		udp.Close()
		tcp, err := net.Listen("tcp4", address)
		if err != nil {
			return false
		}
		tcp.Close()
	}
	return true
}

// start runs a program until the test ends; its output goes to the log file name.
func start(t testing.TB, cmd *exec.Cmd) (ended <-chan error) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	gone := make(chan struct{})
	go func() { done <- cmd.Wait(); close(gone) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = cmd.Process.Signal(interrupt)
		select {
		case <-gone:
		case <-ctx.Done():
			_ = cmd.Process.Kill()
			<-gone
		}
	})
	return done
}

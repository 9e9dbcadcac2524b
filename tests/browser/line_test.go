package browser

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// line carries the bytes between browsers and the centre, until it is cut. Only
// what goes over TCP: pages, requests and both sockets; sound goes its own way.
type line struct {
	to     string
	listen net.Listener

	mu   sync.Mutex
	cut  bool
	open map[net.Conn]bool
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{to: to, listen: ln, open: map[net.Conn]bool{}}
	go l.accept()
	t.Cleanup(func() { ln.Close(); l.set(true) })
	return l
}

func (l *line) addr() string { return l.listen.Addr().String() }

func (l *line) accept() {
	for {
		c, err := l.listen.Accept()
		if err != nil {
			return
		}
		go l.carry(c)
	}
}

func (l *line) carry(near net.Conn) {
	defer near.Close()
	if !l.keep(near, true) {
		return
	}
	defer l.keep(near, false)
	far, err := net.DialTimeout("tcp", l.to, 5*time.Second)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	_, _ = io.Copy(near, far)
}

// keep notes a connection that is open; false if the line is cut.
func (l *line) keep(c net.Conn, open bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !open {
		delete(l.open, c)
		return true
	}
	if l.cut {
		return false
	}
	l.open[c] = true
	return true
}

// set cuts the line, which ends what is open, or joins it again.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.open {
			c.Close()
		}
	}
}

package webleg

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxFrame  = 64<<10 - 1      // sipgo reads no longer message
	pingEvery = 5 * time.Second // a socket is dead when the answer takes twice as long
	writeWait = 5 * time.Second // for one message
	maxIn     = 16              // messages that wait for the SIP side
	maxOut    = 64              // messages that wait for the browser
	perSecond = 50              // messages a browser may send on average
	burst     = 200             // … and at once
)

// closeReplaced is the WebSocket status that says: another page of the same
// agent has registered. A page that gets it does not connect again by itself.
const closeReplaced websocket.StatusCode = 4001

// socket is one browser's WebSocket. To the SIP side it is a net.Conn in memory
// whose remote address is the flow's name; each Write is one message.
type socket struct {
	s    *Server
	c    *websocket.Conn
	who  Identity
	name netip.AddrPort

	in   chan []byte
	rest []byte // of the message that is being read
	out  chan []byte
	done chan struct{}
	once sync.Once
	code websocket.StatusCode // set, like the rest, before done is closed
	why  string
	gone bool // the browser cannot be told
	mute bool // it gave no sign of life
}

func newSocket(s *Server, c *websocket.Conn, who Identity, name netip.AddrPort) *socket {
	return &socket{s: s, c: c, who: who, name: name, in: make(chan []byte, maxIn), out: make(chan []byte, maxOut), done: make(chan struct{})}
}

// close ends the socket with a status for the browser. It does not wait.
func (k *socket) close(code websocket.StatusCode, why string) {
	k.once.Do(func() {
		k.code, k.why = code, why
		close(k.done)
	})
}

// lost ends a socket whose browser cannot be reached.
func (k *socket) lost() {
	k.once.Do(func() {
		k.gone = true
		close(k.done)
	})
}

// serve reads, writes and pings until the socket ends.
func (k *socket) serve() {
	// Not under the server's: a context that ends cuts the connection, and the browser would not learn why.
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { k.writeAll(ctx) })
	work.Go(func() { k.pings(ctx) })
	work.Go(func() {
		k.readAll(ctx)
		k.lost() // or closed by the browser, or cut off: then this does nothing
	})
	select {
	case <-k.done:
	case <-k.s.ctx.Done():
		k.close(websocket.StatusGoingAway, "relay ends")
	}
	k.s.leave(k)
	if !k.gone {
		k.drain()
		_ = k.c.Close(k.code, k.why) // the browser learns why, if it listens
	}
	cancel()
	_ = k.c.CloseNow()
	work.Wait()
}

// drain writes what still waits, so that a BYE gets through before the end.
func (k *socket) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), writeWait/10)
	defer cancel()
	for {
		select {
		case b := <-k.out:
			if k.c.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		default:
			return
		}
	}
}

// readAll gives the browser's messages to the SIP side.
func (k *socket) readAll(ctx context.Context) {
	tokens, last := float64(burst), time.Now()
	for {
		_, b, err := k.c.Read(ctx)
		if err != nil {
			return // too long ones end here, too
		}
		now := time.Now()
		tokens = min(burst, tokens+now.Sub(last).Seconds()*perSecond)
		if last = now; tokens < 1 {
			k.s.count.refused.Add(1)
			k.close(websocket.StatusPolicyViolation, "too many messages")
			return
		}
		tokens--
		if !k.take(b) {
			return
		}
	}
}

// take handles one WebSocket message; false ends the socket.
func (k *socket) take(b []byte) bool {
	msg, kind := unwrap(b)
	switch kind {
	case idle:
		return true
	case keepAlive:
		return k.send([]byte("\r\n"))
	case notSIP:
		k.s.count.refused.Add(1)
		k.close(websocket.StatusUnsupportedData, "no SIP message")
		return false
	}
	pass, reply := k.s.sip.Inspect(msg)
	if reply != nil {
		return k.send(reply)
	}
	if !pass {
		return true
	}
	select {
	case k.in <- msg:
		return true
	case <-k.done:
		return false
	}
}

// send queues a message to the browser. It does not wait: the SIP side holds
// locks. A browser that reads so slowly is cut off.
func (k *socket) send(b []byte) bool {
	select {
	case <-k.done:
		return false
	default:
	}
	select {
	case k.out <- b:
		return true
	default:
		k.close(websocket.StatusPolicyViolation, "reads too slowly")
		return false
	}
}

func (k *socket) writeAll(ctx context.Context) {
	for {
		select {
		case b := <-k.out:
			one, cancel := context.WithTimeout(ctx, writeWait)
			err := k.c.Write(one, websocket.MessageText, b)
			cancel()
			if err != nil {
				k.lost()
				return
			}
		case <-k.done:
			return
		}
	}
}

// pings asks for a sign of life and ends the socket without one.
func (k *socket) pings(ctx context.Context) {
	t := time.NewTicker(k.s.cfg.PingEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-k.done:
			return
		}
		one, cancel := context.WithTimeout(ctx, 2*k.s.cfg.PingEvery)
		err := k.c.Ping(one)
		cancel()
		if err != nil {
			k.dead()
			return
		}
	}
}

func (k *socket) dead() {
	k.once.Do(func() {
		k.s.count.dead.Add(1)
		k.gone, k.mute = true, true
		close(k.done)
	})
}

// Read returns the browser's next bytes; a message at a time, or a part of one.
func (k *socket) Read(b []byte) (int, error) {
	if len(k.rest) == 0 {
		select {
		case k.rest = <-k.in:
		case <-k.done:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// Write sends one message to the browser.
func (k *socket) Write(b []byte) (int, error) {
	if !k.send(append([]byte(nil), b...)) {
		return 0, net.ErrClosed
	}
	return len(b), nil
}

// Close ends the socket because the SIP side cannot go on with it.
func (k *socket) Close() error {
	if k.s.drained.Load() {
		k.close(websocket.StatusGoingAway, "relay ends")
	}
	k.close(websocket.StatusProtocolError, "SIP ended")
	return nil
}

// LocalAddr is an address that no flow has.
func (k *socket) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(k.name.Addr(), 60000+k.name.Port()))
}

// RemoteAddr is the flow's name.
func (k *socket) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(k.name) }

// SetDeadline does nothing: pings say whether a socket lives.
func (k *socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (k *socket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (k *socket) SetWriteDeadline(time.Time) error { return nil }

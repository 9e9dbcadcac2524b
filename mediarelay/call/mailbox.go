package call

import "sync"

// mailbox carries what happens to a call's goroutine. Sending never waits and
// keeps the order of each sender; it is not bounded, as what fills it (leg
// events, digits, timers) is bounded by the legs of one call.
type mailbox struct {
	mu     sync.Mutex
	queue  []func()
	closed bool
	wake   chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// post sends f to be run by the owner; false if the call is over.
func (m *mailbox) post(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.queue = append(m.queue, f)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// waiting is how many messages are not yet taken.
func (m *mailbox) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

// next waits for a message.
func (m *mailbox) next() func() {
	for {
		m.mu.Lock()
		if len(m.queue) > 0 {
			f := m.queue[0]
			m.queue[0] = nil
			m.queue = m.queue[1:]
			m.mu.Unlock()
			return f
		}
		m.mu.Unlock()
		<-m.wake
	}
}

// close refuses what is sent from now on and drops what was not taken.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.queue = true, nil
}

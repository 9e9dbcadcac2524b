package localcloud

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// maxPush is the longest message of a WebSocket API.
const maxPush = 128 << 10

// Hub implements cloud.Push over the connections that a gateway has open.
type Hub struct {
	cloud *Cloud
	mu    sync.Mutex
	open  map[string]func(context.Context, []byte) error
}

// Push returns the hub.
func (c *Cloud) Push() *Hub { return c.hub }

// Open makes a connection known. send writes one text message to it; an error
// without a kind means that the connection is no longer there.
func (h *Hub) Open(connection string, send func(ctx context.Context, text []byte) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[connection] = send
}

// Close forgets a connection.
func (h *Hub) Close(connection string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, connection)
}

// Send implements cloud.Push.
func (h *Hub) Send(ctx context.Context, connection string, text []byte) error {
	if len(text) > maxPush {
		return fault.New(fault.Invalid, "push: message of %d bytes", len(text))
	}
	v, err := h.cloud.begin(ctx, Call{Op: OpPush, Name: connection})
	if err != nil {
		return err
	}
	if v == Throttle {
		return throttled(OpPush)
	}
	h.mu.Lock()
	send := h.open[connection]
	h.mu.Unlock()
	if send == nil {
		return fault.New(fault.Gone, "push: connection is closed")
	}
	if err := send(ctx, text); err != nil {
		var kind *fault.Error
		if errors.As(err, &kind) {
			return err
		}
		h.Close(connection)
		return fault.Wrap(fault.Gone, err, "push: connection broke")
	}
	return cmp.Or(lost(OpPush, v), h.cloud.alive())
}

var _ cloud.Push = (*Hub)(nil)

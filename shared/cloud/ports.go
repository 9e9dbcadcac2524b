package cloud

import (
	"context"
	"errors"
	"io"
	"time"

	"huawu/shared/fault"
)

// Blobs keeps whole objects under keys ("recordings/…").
type Blobs interface {
	// Put stores body under key, streaming it. With IfAbsent an object that is
	// there already is fault.Conflict and stays as it is.
	Put(ctx context.Context, key string, body io.Reader, o PutOptions) error
	// Get returns the bytes from (inclusive) to to (exclusive; -1 = the end) and
	// what is known of the object. An absent object is fault.NotFound, from
	// beyond its end fault.Invalid.
	Get(ctx context.Context, key string, from, to int64) (io.ReadCloser, BlobInfo, error)
	// List returns objects whose keys start with prefix, in key order, after the
	// key after ("" = from the start), at most limit (1 to 1000).
	List(ctx context.Context, prefix, after string, limit int) ([]BlobInfo, error)
	// Delete removes an object; an absent one is no error.
	Delete(ctx context.Context, key string) error
}

// PutOptions says how Put stores an object.
type PutOptions struct {
	IfAbsent    bool
	ContentType string
	Size        int64 // bytes of body; -1 or 0 = not known
}

// BlobInfo is what is known of an object.
type BlobInfo struct {
	Key      string
	Size     int64 // whole object, bytes
	Modified time.Time
}

// Context binds a data key to what it is for. It is not secret and is seen in
// audit trails: never put a phone number or name into it.
type Context map[string]string

// Keys makes and opens data keys, and signs, under keys that never leave it.
type Keys interface {
	// DataKey returns a new 32-byte key and the same wrapped under c.
	DataKey(ctx context.Context, c Context) (plain, wrapped []byte, err error)
	// Unwrap opens a wrapped key. Another context than it was made with, or
	// changed bytes, is fault.Invalid.
	Unwrap(ctx context.Context, wrapped []byte, c Context) (plain []byte, err error)
	// Sign returns an ECDSA P-256 signature of the SHA-256 of message, as the 64
	// bytes r‖s (the form of JWS ES256, RFC 7518 §3.4).
	Sign(ctx context.Context, message []byte) ([]byte, error)
	// Verify returns nil if sig is Sign's of message, else fault.Forbidden.
	Verify(ctx context.Context, message, sig []byte) error
}

// Queue carries messages to named queues, at least once, in no order.
type Queue interface {
	// Send puts a message on a queue. Its Delay is 0 to 15 min, body ≤ 256 KiB,
	// else fault.Invalid. An unknown queue is fault.NotFound.
	Send(ctx context.Context, queue string, m Message) error
	// Receive returns up to max (1 to 10) messages, waiting up to wait (≤ 20 s)
	// for the first. Each is hidden from others for the time visible.
	Receive(ctx context.Context, queue string, max int, wait, visible time.Duration) ([]Received, error)
	// Delete ends a message. A receipt that is no longer valid is no error.
	Delete(ctx context.Context, queue, receipt string) error
	// Extend hides a received message for the time visible from now (0 = give it
	// back at once). A receipt that is no longer valid is fault.Invalid or no error.
	Extend(ctx context.Context, queue, receipt string, visible time.Duration) error
}

// Message is what Send carries.
type Message struct {
	Body  []byte // UTF-8 text
	Delay time.Duration
}

// Received is a message that Receive returned.
type Received struct {
	ID      string // the same for each delivery of one message
	Receipt string // this delivery's; for Delete and Extend
	Body    []byte
	Count   int // how often it was received, this time included
	// Waited is how long it was in the queue before it was received for the first
	// time, by the queue's own clock: what is valid for a time is measured by it,
	// and no two machines' clocks are compared.
	Waited time.Duration
}

// Push sends to one open WebSocket connection.
type Push interface {
	// Send writes one text message (≤ 128 KiB) to a connection. A connection
	// that is no longer open is fault.Gone.
	Send(ctx context.Context, connection string, text []byte) error
}

// Invoker calls a function by name and waits for its answer.
type Invoker interface {
	// Invoke returns the function's answer. An error of the function itself is a
	// *FunctionError, its time-out fault.Timeout, too many at once
	// fault.Throttled, an unknown name fault.NotFound.
	Invoke(ctx context.Context, function string, payload []byte) ([]byte, error)
}

// FunctionError says that a called function failed: its own error, not the way to it.
type FunctionError struct {
	Function string
	Type     string // the error's type as the function named it
	Message  string
}

// Error names the function and its message.
func (e *FunctionError) Error() string {
	return "function " + e.Function + ": " + e.Type + ": " + e.Message
}

// As lets fault.KindOf see the kind Internal with the function's message.
func (e *FunctionError) As(target any) bool {
	if f, ok := target.(**fault.Error); ok {
		*f = &fault.Error{Kind: fault.Internal, Step: e.Error()}
		return true
	}
	return false
}

// IsFunctionError reports whether err came from the called function itself.
func IsFunctionError(err error) bool {
	var f *FunctionError
	return errors.As(err, &f)
}

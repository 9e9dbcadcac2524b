// Package fault gives every error a kind, which says what the caller can do
// about it. It decides nothing else: each edge (SIP, HTTP, flow branch, queue)
// maps kinds to its own answer once.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what the caller can do about an error.
type Kind string

// The kinds. An error without a kind is Internal.
const (
	Invalid     Kind = "invalid"     // the request is wrong; do not retry
	Forbidden   Kind = "forbidden"   // the caller may not do this
	NotFound    Kind = "not_found"   // the thing does not exist
	Conflict    Kind = "conflict"    // someone else was first; read again
	Gone        Kind = "gone"        // it existed and never comes back, for example a closed connection
	Throttled   Kind = "throttled"   // too much at once; retry later, slower
	Timeout     Kind = "timeout"     // no answer in time; the effect may have happened
	Unavailable Kind = "unavailable" // a dependency failed; retry later
	Internal    Kind = "internal"    // a bug; alert
)

// Error is an error with a kind, the step that failed, and its cause.
type Error struct {
	Kind  Kind
	Step  string // what was being done; never holds personal data
	Cause error  // may be nil
}

// Error returns "step: cause".
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Step
	}
	return e.Step + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of a kind. The step is formatted with args if there are any.
func New(kind Kind, step string, args ...any) error {
	if len(args) > 0 {
		step = fmt.Sprintf(step, args...)
	}
	return &Error{Kind: kind, Step: step}
}

// Wrap returns an error of a kind with a cause. It returns nil if cause is nil.
func Wrap(kind Kind, cause error, step string, args ...any) error {
	if cause == nil {
		return nil
	}
	if len(args) > 0 {
		step = fmt.Sprintf(step, args...)
	}
	return &Error{Kind: kind, Step: step, Cause: cause}
}

// KindOf returns the kind of the outermost Error in err's chain, Internal if
// there is none, and "" if err is nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Retryable reports whether the same request may succeed later.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Throttled, Timeout, Unavailable, Conflict:
		return true
	}
	return false
}

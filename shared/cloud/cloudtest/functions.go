package cloudtest

import (
	"context"
	"encoding/json"
)

// Functions are the names under which a side has the functions that the cases
// invoke.
type Functions struct {
	Echo     string // Echo
	Fail     string // Fail
	Slow     string // Slow, with a time-out of at most 3 s
	Throttle string // Echo, with no concurrency at all
}

// Echo answers what it gets.
func Echo(_ context.Context, payload json.RawMessage) (json.RawMessage, error) {
	return payload, nil
}

// PurposeError is the error of Fail. Its type's name is part of the suite.
type PurposeError struct{}

// Error returns the message that the suite expects.
func (PurposeError) Error() string { return "failed on purpose" }

// Fail fails.
func Fail(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, PurposeError{} }

// Slow takes longer than it is given. It ends with its context, so that nothing
// goes on after the test.
func Slow(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Package invoker is cloud.Invoker over Lambda. It tells a function's own error
// from its time-out, from too many at once, and from the way to it; how long a
// caller waits is the caller's context.
package invoker

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// patience has no limit for the answer: a function may work for minutes. What
// is repeated is only what cannot have run: see awscloud.Patience.
var patience = awscloud.Patience{Attempts: 3, Backoff: 300 * time.Millisecond}

// MaxPayload is the largest payload of a call that waits: 6 MB.
const MaxPayload = 6 << 20

// Invoker calls functions by name. It is safe for use by many goroutines.
type Invoker struct {
	lambda        *lambda.Client
	prefix, alias string
}

var _ cloud.Invoker = (*Invoker)(nil)

// New returns an invoker of the functions below cfg.FunctionPrefix.
func New(cfg awscloud.Config) (*Invoker, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &Invoker{prefix: cfg.FunctionPrefix, alias: cfg.FunctionAlias, lambda: lambda.New(lambda.Options{
		Region: cfg.Region, BaseEndpoint: cfg.BaseEndpoint(), Credentials: cfg.Provider(),
		HTTPClient: cfg.HTTPClient(patience), Retryer: patience.CautiousRetryer(),
	})}, nil
}

// Invoke calls a function and waits. A name is completed by prefix and alias; an
// ARN, which a flow may name, is taken as it is.
func (i *Invoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload || !json.Valid(payload) {
		return nil, fault.New(fault.Invalid, "invoke %s: payload of %d bytes is too large or no JSON", function, len(payload))
	}
	in := &lambda.InvokeInput{FunctionName: &function, Payload: payload}
	if !strings.HasPrefix(function, "arn:") {
		in.FunctionName = aws.String(i.prefix + function)
		if i.alias != "" {
			in.Qualifier = &i.alias
		}
	}
	out, err := i.lambda.Invoke(ctx, in)
	if err != nil {
		return nil, awscloud.Wrap(err, "invoke %s", function)
	}
	if out.FunctionError != nil {
		return nil, failure(function, out.Payload)
	}
	return out.Payload, nil
}

// failure reads the answer of a function that failed.
func failure(function string, payload []byte) error {
	var told struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &told) != nil {
		told.Type, told.Message = "Unhandled", "answer of the function is no error object"
	}
	if told.Type == "Sandbox.Timedout" || strings.Contains(told.Message, "Task timed out after") {
		return fault.New(fault.Timeout, "invoke %s: function timed out", function)
	}
	return &cloud.FunctionError{Function: function, Type: told.Type, Message: told.Message}
}

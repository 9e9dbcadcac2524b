// Package invoker is cloud.Invoker over Lambda: one signed POST, since the SDK's
// client of all of Lambda would be a twentieth of the function that decides
// calls. It tells a function's own error from its time-out, from too many at
// once, and from the way to it; how long a caller waits is the caller's context.
package invoker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

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
	lambda        *awscloud.Signed
	retry         aws.RetryerV2
	endpoint      string
	prefix, alias string
}

var _ cloud.Invoker = (*Invoker)(nil)

// New returns an invoker of the functions below cfg.FunctionPrefix.
func New(cfg awscloud.Config) (*Invoker, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &Invoker{lambda: cfg.Signed("lambda", patience), retry: patience.CautiousRetryer(), endpoint: cfg.ServiceURL("lambda"),
		prefix: cfg.FunctionPrefix, alias: cfg.FunctionAlias}, nil
}

// Invoke calls a function and waits. A name is completed by prefix and alias; an
// ARN, which a flow may name, is taken as it is.
func (i *Invoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload || !json.Valid(payload) {
		return nil, fault.New(fault.Invalid, "invoke %s: payload of %d bytes is too large or no JSON", function, len(payload))
	}
	for attempt := 1; ; attempt++ {
		out, failed, err := i.post(ctx, i.target(function), payload)
		if err == nil && failed {
			return nil, failure(function, out)
		}
		if err == nil {
			return out, nil
		}
		if attempt == i.retry.MaxAttempts() || !i.retry.IsErrorRetryable(err) {
			return nil, awscloud.Wrap(err, "invoke %s", function)
		}
		wait, e := i.retry.RetryDelay(attempt, err)
		if e != nil {
			return nil, awscloud.Wrap(err, "invoke %s", function)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, awscloud.Wrap(err, "invoke %s", function)
		}
	}
}

// target is the address of a function (Lambda API reference, "Invoke").
func (i *Invoker) target(function string) string {
	name, qualifier := function, ""
	if !strings.HasPrefix(function, "arn:") {
		name = i.prefix + function
		if i.alias != "" {
			qualifier = "?Qualifier=" + url.QueryEscape(i.alias)
		}
	}
	return i.endpoint + "/2015-03-31/functions/" + strings.ReplaceAll(url.PathEscape(name), ":", "%3A") + "/invocations" + qualifier
}

// post asks once. failed tells that the function answered with its own error.
func (i *Invoker) post(ctx context.Context, target string, payload []byte) (out []byte, failed bool, err error) {
	res, err := i.lambda.Post(ctx, target, payload, "Content-Type", "application/octet-stream", "X-Amz-Invocation-Type", "RequestResponse")
	if err != nil {
		return nil, false, err
	}
	defer res.Body.Close()
	out, err = io.ReadAll(io.LimitReader(res.Body, MaxPayload+1))
	switch {
	case err != nil:
		return nil, false, err
	case res.StatusCode/100 != 2:
		return nil, false, refusalOf(res, out)
	case len(out) > MaxPayload:
		return nil, false, fault.New(fault.Invalid, "answer is larger than %d bytes", MaxPayload)
	}
	return out, res.Header.Get("X-Amz-Function-Error") != "", nil
}

// refusal is Lambda's answer instead of the function's. Its methods are those by
// which awscloud and the SDK's retries know an error.
type refusal struct {
	code, message string
	status        int
}

func refusalOf(res *http.Response, body []byte) refusal {
	var told struct {
		Message string `json:"Message"`
		Lower   string `json:"message"`
	}
	_ = json.Unmarshal(body, &told) // a gateway on the way answers no JSON
	code, _, _ := strings.Cut(res.Header.Get("X-Amzn-ErrorType"), ":")
	return refusal{code: code, message: told.Message + told.Lower, status: res.StatusCode}
}

// Error says what Lambda said.
func (r refusal) Error() string { return fmt.Sprintf("lambda: %d %s %s", r.status, r.code, r.message) }

// ErrorCode is the name of the error in Lambda's API.
func (r refusal) ErrorCode() string { return r.code }

// HTTPStatusCode is the status of the answer.
func (r refusal) HTTPStatusCode() int { return r.status }

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

package localcloud

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// maxPayload bounds what is given to a function and what it answers.
const maxPayload = 6 << 20

// Function is a function that can be invoked by name.
type Function struct {
	Name    string
	Handle  func(ctx context.Context, payload []byte) ([]byte, error) // see Typed
	Timeout time.Duration                                             // 0 = 30 s
	Limit   int                                                       // calls at one time, more are throttled; 0 = 1000, below 0 = none at all
}

// Typed makes a Function's Handle of what one gives to lambda.Start, with the
// same JSON. (The handlers of package lambda itself must not be used here: what
// their Invoke returns is overwritten by the next call.)
func Typed[In, Out any](f func(context.Context, In) (Out, error)) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var in In
		if err := json.Unmarshal(payload, &in); err != nil {
			return nil, err
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err = e.Encode(out)
		return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
	}
}

// Functions implements cloud.Invoker over functions in this process.
type Functions struct {
	cloud *Cloud
	mu    sync.Mutex
	known map[string]*registered
}

type registered struct {
	Function
	running int
}

// Invoker returns the functions.
func (c *Cloud) Invoker() *Functions { return c.functions }

// Register makes a function known, in place of one of the same name.
func (f *Functions) Register(fn Function) {
	if fn.Timeout == 0 {
		fn.Timeout = 30 * time.Second
	}
	if fn.Limit == 0 {
		fn.Limit = 1000
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[fn.Name] = &registered{Function: fn}
}

// Invoke implements cloud.Invoker.
func (f *Functions) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	if !json.Valid(payload) || len(payload) > maxPayload {
		return nil, fault.New(fault.Invalid, "invoke %s: payload of %d bytes is no JSON or too long", function, len(payload))
	}
	v, err := f.cloud.begin(ctx, Call{Op: OpInvoke, Name: function})
	if err != nil {
		return nil, err
	}
	fn, err := f.enter(function, v)
	if err != nil {
		return nil, err
	}
	f.cloud.countInvoke(function)
	out, err := f.call(ctx, fn, payload)
	if dead := f.cloud.alive(); dead != nil {
		return nil, dead
	}
	if err != nil {
		return nil, err
	}
	if len(out) > maxPayload {
		return nil, &cloud.FunctionError{Function: function, Type: "Function.ResponseSizeTooLarge", Message: fmt.Sprintf("response of %d bytes", len(out))}
	}
	return out, lost(OpInvoke, v)
}

// enter takes one of the function's places.
func (f *Functions) enter(name string, v Verdict) (*registered, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn := f.known[name]
	switch {
	case fn == nil:
		return nil, fault.New(fault.NotFound, "function %q", name)
	case v == Throttle, fn.running >= fn.Limit:
		return nil, throttled(OpInvoke)
	}
	fn.running++
	return fn, nil
}

func (f *Functions) leave(fn *registered) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn.running--
}

type answer struct {
	out []byte
	err error
}

// call runs the function until its time-out. A function that goes on after it
// keeps its place until it ends; on AWS it would be killed.
func (f *Functions) call(ctx context.Context, fn *registered, payload []byte) ([]byte, error) {
	began := f.cloud.now()
	payload = append([]byte{}, payload...) // a function shares no memory with its caller
	callCtx, cancel := f.cloud.limited(f.functionContext(fn.Name), fn.Timeout)
	if f.cloud.opt.Manual {
		defer cancel()
		defer f.leave(fn)
		out, err := run(callCtx, fn, payload)
		if f.cloud.now().Sub(began) > fn.Timeout {
			return nil, timedOut(fn.Name)
		}
		return out, err
	}
	done := make(chan answer, 1)
	go func() { // ends with the function itself; its end is waited for unless it ignores its context
		defer cancel()
		defer f.leave(fn)
		out, err := run(callCtx, fn, payload)
		done <- answer{out, err}
	}()
	select {
	case a := <-done:
		return a.out, a.err
	case <-ctx.Done():
		return nil, contextError(ctx)
	case <-callCtx.Done():
	}
	select {
	case a := <-done: // both at once: the answer counts
		return a.out, a.err
	default:
		return nil, timedOut(fn.Name)
	}
}

func timedOut(name string) error { return fault.New(fault.Timeout, "invoke %s: time-out", name) }

// functionContext gives a function what Lambda puts into its context. Nothing of
// the caller's comes along, neither values nor its end.
func (f *Functions) functionContext(name string) context.Context {
	return lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{
		AwsRequestID:       uuid.UUID(f.cloud.randomID()).String(),
		InvokedFunctionArn: functionARN(name),
	})
}

// run calls a function and makes its error or panic what Lambda tells of it.
func run(ctx context.Context, fn *registered, payload []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, &cloud.FunctionError{Function: fn.Name, Type: typeName(p), Message: fmt.Sprint(p)}
		}
	}()
	out, err = fn.Handle(ctx, payload)
	if err == nil {
		return out, nil
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return nil, timedOut(fn.Name)
	}
	e := &cloud.FunctionError{Function: fn.Name, Type: typeName(err), Message: err.Error()}
	var told messages.InvokeResponse_Error
	if errors.As(err, &told) {
		e.Type, e.Message = told.Type, told.Message
	}
	return nil, e
}

// typeName names an error's type as aws-lambda-go does.
func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return cmp.Or(t.Name(), t.String())
}

var _ cloud.Invoker = (*Functions)(nil)

package localcloud_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

type callerValue struct{}

func TestAFunctionRunsAsOnLambda(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := localcloud.Open(localcloud.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := c.Invoker()
		f.Register(localcloud.Function{Name: "f", Timeout: 3 * time.Second, Handle: localcloud.Typed(func(ctx context.Context, in map[string]int) (map[string]int, error) {
			lc, ok := lambdacontext.FromContext(ctx)
			if !ok || lc.AwsRequestID == "" || !strings.HasSuffix(lc.InvokedFunctionArn, ":function:f") {
				t.Errorf("context %+v", lc)
			}
			if d, ok := ctx.Deadline(); !ok || time.Until(d) != 3*time.Second {
				t.Errorf("deadline %v", d)
			}
			if ctx.Value(callerValue{}) != nil {
				t.Error("a value of the caller's context came along")
			}
			return map[string]int{"out": in["in"] + 1}, nil
		})})
		out, err := f.Invoke(context.WithValue(t.Context(), callerValue{}, 1), "f", []byte(`{"in":1}`))
		if err != nil || string(out) != `{"out":2}` {
			t.Errorf("answer %s, %v", out, err)
		}
	})
}

func TestErrorsAndPanicsOfAFunctionAreTold(t *testing.T) {
	tests := []struct {
		name          string
		do            func(context.Context, any) (any, error)
		kind, message string
	}{
		{"an error", func(context.Context, any) (any, error) { return nil, errors.New("bad") }, "errorString", "bad"},
		{"an error of a kind", func(context.Context, any) (any, error) { return nil, fault.New(fault.NotFound, "no flow") }, "Error", "no flow"},
		{"a panic", func(context.Context, any) (any, error) { panic("boom") }, "string", "boom"},
		{"an answer beyond 6 MB", func(context.Context, any) (any, error) { return strings.Repeat("x", 7<<20), nil }, "Function.ResponseSizeTooLarge", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Invoker().Register(localcloud.Function{Name: "f", Handle: localcloud.Typed(tt.do)})
			_, err := w.Invoker().Invoke(w.Context(), "f", []byte(`{}`))
			var failed *cloud.FunctionError
			if !errors.As(err, &failed) || failed.Type != tt.kind || !strings.Contains(failed.Message, tt.message) {
				t.Errorf("error %#v", err)
			}
		})
	}
}

// A function that ignores its context is left alone after its time-out, as if it
// had been killed, and keeps its place until it ends.
func TestATimeOutDoesNotWaitForTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := localcloud.Open(localcloud.Options{})
		if err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		c.Invoker().Register(localcloud.Function{Name: "f", Timeout: 2 * time.Second, Limit: 1, Handle: func(context.Context, []byte) ([]byte, error) {
			<-release
			return []byte("1"), nil
		}})
		invoke := func() error { _, err := c.Invoker().Invoke(t.Context(), "f", []byte("1")); return err }
		began := time.Now()
		if err := invoke(); fault.KindOf(err) != fault.Timeout || time.Since(began) != 2*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := invoke(); fault.KindOf(err) != fault.Throttled {
			t.Errorf("a second call beside it: %v", err)
		}
		close(release)
		synctest.Wait()
		if err := invoke(); err != nil {
			t.Errorf("after its end: %v", err)
		}
	})
}

func TestASimulatedFunctionMayTakeTooLong(t *testing.T) {
	w := newWorld(t)
	w.Invoker().Register(localcloud.Function{Name: "f", Timeout: 5 * time.Second, Handle: func(context.Context, []byte) ([]byte, error) {
		w.clock.Advance(6 * time.Second)
		return []byte("1"), nil
	}})
	if _, err := w.Invoker().Invoke(w.Context(), "f", []byte("1")); fault.KindOf(err) != fault.Timeout {
		t.Errorf("error %v", err)
	}
}

func TestAFunctionSharesNoMemoryWithItsCaller(t *testing.T) {
	w := newWorld(t)
	w.Invoker().Register(localcloud.Function{Name: "f", Handle: func(_ context.Context, b []byte) ([]byte, error) {
		b[0] = '9'
		return b, nil
	}})
	mine := []byte("1")
	if _, err := w.Invoker().Invoke(w.Context(), "f", mine); err != nil || string(mine) != "1" {
		t.Errorf("payload became %s, %v", mine, err)
	}
}

func TestABrokenConnectionIsGone(t *testing.T) {
	w := newWorld(t)
	sends := 0
	w.Push().Open("c", func(context.Context, []byte) error { sends++; return errors.New("broken pipe") })
	for range 2 {
		if err := w.Push().Send(w.Context(), "c", []byte("x")); fault.KindOf(err) != fault.Gone {
			t.Errorf("error %v", err)
		}
	}
	if sends != 1 {
		t.Errorf("sent %d times to a broken connection", sends)
	}
	w.Push().Open("slow", func(context.Context, []byte) error { return fault.New(fault.Throttled, "too much") })
	if err := w.Push().Send(w.Context(), "slow", []byte("x")); fault.KindOf(err) != fault.Throttled {
		t.Errorf("error %v", err)
	}
}

package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

func invokerCases() []Case {
	var cases []Case
	for name, payload := range map[string]string{
		"an object": `{"a":[1,2,{"b":null}]}`, "a string": `"x"`, "a number": `17`, "null": `null`, "a list": `[true,false]`,
		"text in Chinese": `{"名":"话务 📞"}`, "half a megabyte": `"` + strings.Repeat("x", 512<<10) + `"`,
	} {
		cases = append(cases, Case{"invoker: " + name + " goes to the function and back", hasInvoker, func(r *run) {
			got, err := r.Invoker.Invoke(r.ctx, r.Functions.Echo, []byte(payload))
			r.ok(err)
			r.equal(string(got), payload)
		}})
	}
	for name, payload := range map[string]string{"no JSON": "hello", "half an object": `{"a":`, "nothing": ""} {
		cases = append(cases, Case{"invoker: a payload of " + name + " is invalid", hasInvoker, func(r *run) {
			_, err := r.Invoker.Invoke(r.ctx, r.Functions.Echo, []byte(payload))
			r.kind(err, fault.Invalid)
		}})
	}
	return slices.Concat(cases, functionErrorCases(), callerCases())
}

func functionErrorCases() []Case {
	return []Case{
		{"invoker: an error of the function is told with its type and message", hasInvoker, func(r *run) {
			_, err := r.Invoker.Invoke(r.ctx, r.Functions.Fail, []byte(`{}`))
			var failed *cloud.FunctionError
			if !errors.As(err, &failed) {
				r.fatalf("no function error: %v", err)
			}
			r.equal(failed.Type, "PurposeError")
			r.equal(failed.Message, "failed on purpose")
			r.equal(failed.Function, r.Functions.Fail)
			r.equal(cloud.IsFunctionError(err), true)
			r.kind(err, fault.Internal)
		}},
		{"invoker: a function goes on after an error", hasInvoker, func(r *run) {
			for range 3 {
				_, err := r.Invoker.Invoke(r.ctx, r.Functions.Fail, []byte(`{}`))
				r.equal(cloud.IsFunctionError(err), true)
			}
		}},
		{"invoker: a time-out is no function error", hasInvoker, func(r *run) {
			_, err := r.Invoker.Invoke(r.ctx, r.Functions.Slow, []byte(`{}`))
			r.kind(err, fault.Timeout)
			r.equal(cloud.IsFunctionError(err), false)
		}},
		{"invoker: a function without concurrency is throttled", hasInvoker, func(r *run) {
			_, err := r.Invoker.Invoke(r.ctx, r.Functions.Throttle, []byte(`{}`))
			r.kind(err, fault.Throttled)
			r.equal(cloud.IsFunctionError(err), false)
		}},
	}
}

func callerCases() []Case {
	return []Case{
		{"invoker: an unknown function is not found", hasInvoker, func(r *run) {
			_, err := r.Invoker.Invoke(r.ctx, r.tenant+"-none", []byte(`{}`))
			r.kind(err, fault.NotFound)
		}},
		{"invoker: four calls at one time all get their answer", hasInvoker, func(r *run) {
			var all sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				all.Go(func() {
					want := fmt.Sprintf(`{"n":%d}`, i)
					got, err := r.Invoker.Invoke(r.ctx, r.Functions.Echo, []byte(want))
					if err == nil && string(got) != want {
						err = fmt.Errorf("got %s", got)
					}
					errs[i] = err
				})
			}
			all.Wait()
			r.ok(errors.Join(errs...))
		}},
		{"invoker: a caller that gives up is not held", func(s Side) bool { return hasInvoker(s) && !s.Virtual }, func(r *run) {
			ctx, cancel := context.WithTimeout(r.ctx, 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := r.Invoker.Invoke(ctx, r.Functions.Slow, []byte(`{}`))
			r.kind(err, fault.Timeout)
			if d := time.Since(began); d > 2*time.Second {
				r.errorf("held for %v", d)
			}
		}},
	}
}

package lambdaevent

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"huawu/shared/fault"
)

// guard returns a function that says whether a batch may take one more item:
// until 80 % of the time between now and ctx's deadline is over. What is cut
// off in the middle would be done again in part (spec/reliability.md P13).
func guard(ctx context.Context) func() bool {
	end, ok := ctx.Deadline()
	if !ok {
		return func() bool { return ctx.Err() == nil }
	}
	start := time.Now()
	limit := start.Add(end.Sub(start) / 5 * 4)
	return func() bool { return ctx.Err() == nil && time.Now().Before(limit) }
}

// guarded runs one item and makes a panic its error: a bug that one item
// triggers must not take the whole batch with it, again and again.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			what, ok := p.(runtime.Error)
			if !ok { // another value may hold what the item held
				err = fault.New(fault.Internal, "panic of type %T\n%s", p, debug.Stack())
				return
			}
			err = fault.Wrap(fault.Internal, what, "panic\n%s", debug.Stack())
		}
	}()
	return do()
}

// logFailed writes the one line about a failed item. Its id and the tenant lead
// to it; key and content stay out, as they may tell of a person.
func logFailed(ctx context.Context, source, id, tenant string, err error) {
	level := slog.LevelError
	if fault.Retryable(err) {
		level = slog.LevelWarn
	}
	slog.LogAttrs(ctx, level, "item failed", slog.String("source", source), slog.String("id", id),
		slog.String("tenant", tenant), slog.String("kind", string(fault.KindOf(err))), slog.String("error", err.Error()))
}

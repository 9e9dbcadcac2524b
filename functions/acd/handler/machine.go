package handler

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"huawu/shared/acd"
)

// Parallel is how many claims of one round run at the same time.
const Parallel = 20

// Machine returns what routing takes from a real machine: its clock, chance and
// ids. Whoever runs routing beside this function, in a desk or for a relay, uses
// it too.
func Machine(log *slog.Logger) acd.Runtime {
	return acd.Runtime{
		Now:      time.Now,
		NewID:    func() string { return uuid.Must(uuid.NewV7()).String() },
		Sleep:    sleep,
		Rand:     rand.Float64,
		Log:      log,
		Parallel: Parallel,
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

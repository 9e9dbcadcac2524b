package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// starts is how often the centre is started, each time on a fresh folder and then
// again on what it left.
const starts = 5

// start measures from the start of the built program until it says that it is ready.
func start(ctx context.Context, t *table) error {
	program, clean, err := build(ctx, "cmd/huawu")
	if err != nil {
		return err
	}
	defer clean()
	dir, err := os.MkdirTemp("", "huawu-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var fresh, again []time.Duration
	for n := range starts {
		data := filepath.Join(dir, fmt.Sprint(n))
		for _, to := range []*[]time.Duration{&fresh, &again} {
			d, err := ready(ctx, program, data)
			if err != nil {
				return err
			}
			*to = append(*to, d)
		}
	}
	t.row("ready, fresh folder, median and worst of 5", spread(fresh), "2 s")
	t.row("ready, used folder, median and worst of 5", spread(again), "2 s")
	return nil
}

func spread(all []time.Duration) string {
	slices.Sort(all)
	return fmt.Sprintf("%.2f s, %.2f s", all[len(all)/2].Seconds(), all[len(all)-1].Seconds())
}

// ready starts the centre once and ends it again.
func ready(ctx context.Context, program, data string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, program, "up", "--demo", "--ports", "auto", "-o", "json", "--data", data)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	took := time.Since(began)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return 0, fmt.Errorf("huawu up: %w", err)
	}
	return took, nil
}

package peers

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Play plays every story that a pattern names as a test of its own, some at once.
func Play(t *testing.T, pattern string, atOnce int, play func(t *testing.T, name string)) {
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	queue := make(chan string)
	var players sync.WaitGroup
	for range atOnce {
		players.Go(func() {
			for name := range queue {
				t.Run(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), func(t *testing.T) { play(t, name) })
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	players.Wait()
}

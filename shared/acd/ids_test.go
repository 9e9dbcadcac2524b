package acd

import (
	"fmt"
	"sync/atomic"
)

// counterIDs makes ids for tests with goroutines.
type counterIDs struct{ n atomic.Int64 }

func (c *counterIDs) next() string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", c.n.Add(1)) }

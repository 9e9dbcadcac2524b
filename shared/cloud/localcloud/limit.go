package localcloud

// spent are the units that each partition has used in one second.
type spent struct {
	second        int64
	writes, reads map[string]float64
}

// window returns what was spent in this second. c.mu is held.
func (c *Cloud) window() *spent {
	if now := c.now().Unix(); c.spent.second != now || c.spent.writes == nil {
		c.spent = spent{now, map[string]float64{}, map[string]float64{}}
	}
	return &c.spent
}

// writable reports whether a partition has units left in this second.
func (c *Cloud) writable(part string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.faults.PartitionWrites
	return limit <= 0 || c.window().writes[part] < limit
}

func (c *Cloud) readable(part string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.faults.PartitionReads
	return limit <= 0 || c.window().reads[part] < limit
}

func (c *Cloud) spend(part string, writes, reads float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults.PartitionWrites <= 0 && c.faults.PartitionReads <= 0 {
		return
	}
	w := c.window()
	w.writes[part] += writes
	w.reads[part] += reads
}

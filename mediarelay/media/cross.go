package media

// crossing is a packet from a leg of one worker to a leg of another. Legs of
// one call share a worker, so this is only for calls that are joined later.
type crossing struct {
	to  *Port
	k   packet
	len int
	buf [headLen + maxPayload]byte
}

// crossLimit bounds what may wait for a worker; more is dropped.
const crossLimit = 256

// cross hands a packet to this worker. Other workers call it.
func (w *worker) cross(to *Port, k *packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || len(w.crossed) == crossLimit {
		return
	}
	if w.crossed == nil {
		w.crossed = make([]crossing, 0, crossLimit)
	}
	w.crossed = w.crossed[:len(w.crossed)+1]
	c := &w.crossed[len(w.crossed)-1]
	c.to, c.k, c.len = to, *k, copy(c.buf[:], k.b)
	c.k.b = nil
}

// takeCrossed forwards what other workers handed over.
func (w *worker) takeCrossed() {
	w.mu.Lock()
	w.crossed, w.taken = w.taken[:0], w.crossed
	w.mu.Unlock()
	for i := range w.taken {
		c := &w.taken[i]
		c.k.b = c.buf[:c.len]
		c.to.forward(&c.k)
		c.to, c.k.b = nil, nil
	}
}

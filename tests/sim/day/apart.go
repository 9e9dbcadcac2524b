package main

import (
	"encoding/hex"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
)

// Bounds of I-4.
const (
	together = 2 * time.Second // a pair that fits is not apart for longer
	heads    = 20              // of each band that are looked at
)

// apart checks I-4: nobody waits whom a free agent may have.
func (k *checker) apart() {
	if k.catchingUp() || k.w.dead {
		return
	}
	since := k.w.now().Add(-together)
	for _, q := range k.w.centre.queues {
		for priority := range q.bands {
			line := q.waiting(priority)
			for _, c := range line[:min(heads, len(line))] {
				if p := k.misses(q, c, since); p != nil {
					k.fault("I-4: %s waits in %s since %s and %s is free since %s", c.id, q.id, k.w.now().Sub(c.waits), p.id, k.w.now().Sub(p.room))
					return
				}
			}
		}
	}
}

// misses returns an agent who might have had a waiting contact since an instant.
func (k *checker) misses(q *queue, c *call, since time.Time) *person {
	if c.waits.IsZero() || c.waits.After(since) {
		return nil
	}
	for _, s := range q.servers {
		if c.enqueued.Add(s.after).After(since) {
			continue
		}
		for level := q.level; level <= levels; level++ {
			for _, p := range s.profile.free[level] {
				if !p.room.After(since) && !c.excludes(p.id, since) {
					return p
				}
			}
		}
	}
	return nil
}

// back checks T-17: a minute after all sockets were lost all agents are back.
func (k *checker) back() {
	for _, p := range k.w.agents {
		if p.wants == agent.Available && p.state != agent.Available && p.state != agent.Missed {
			k.fault("T-17: %s is %s a minute after the sockets were lost", p.id, p.state)
		}
	}
}

// atTheEnd checks what must hold when all calls are over.
func (k *checker) atTheEnd() error {
	w := k.w
	copy(w.day.Digest[:], k.digest.Sum(nil))
	want := 0
	for _, p := range w.agents {
		i, err := w.cloud.Table().Get(w.ctx, agent.Key(tenant, p.id), true)
		if err != nil {
			return err
		}
		switch a := agent.FromItem(i); {
		case a == nil || a.Busy() || a.Voice.Used != 0:
			k.fault("I-2: agent %s is stuck", p.id)
		case a.State != p.state:
			k.fault("I-2: agent %s is %s, last seen %s", p.id, a.State, p.state)
		case a.Ready():
			want++
		}
	}
	free, waiting, err := w.rows()
	if err == nil && (free < want || waiting > 0) {
		k.fault("I-4: %d agents are free and %d have a row; %d rows wait", want, free, waiting)
	}
	return err
}

// rows counts the rows of all groups.
func (w *world) rows() (free, waiting int, err error) {
	for _, g := range w.centre.groups {
		q := cloud.Query{Part: tenant + "|G#" + g.id + "#0", Strong: true}
		for {
			page, next, err := w.cloud.Table().Query(w.ctx, q)
			if err != nil {
				return 0, 0, err
			}
			for _, i := range page {
				if i.Str(cloud.AttrSort)[0] == 'F' {
					free++
				} else {
					waiting++
				}
			}
			if q.After = next; next == nil {
				break
			}
		}
	}
	return free, waiting, nil
}

// Digest is a fingerprint of a day: every offer and every end, and when.
type Digest [16]byte

// String returns d in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

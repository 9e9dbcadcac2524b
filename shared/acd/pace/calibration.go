package pace

import (
	"context"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/event"
)

// Held is how far a day's estimates of a queue held.
type Held struct {
	acd.Calibration     // of those who got an agent: what they were told first, and how long they then waited
	LeftLate        int // who hung up later than nine in ten were to wait
}

// Calibrate holds what callers of a day (UTC) were told first against what came,
// by queue. Who left before it could be seen says nothing.
func Calibrate(ctx context.Context, lists event.Lists, tenant string, day time.Time) (map[string]*Held, error) {
	queues := map[string]*Held{}
	err := lists.EachOfDay(ctx, tenant, day, func(r event.Row) {
		if r.Told.IsZero() {
			return
		}
		h := queues[r.Queue]
		if h == nil {
			h = &Held{}
			queues[r.Queue] = h
		}
		switch w := (acd.Wait{Soon: r.Told.Soon, Low: r.Told.Low, Mean: r.Told.Mean, High: r.Told.High, Known: true}); {
		case r.Handled:
			h.Add(w, r.After)
		case r.Reason == contact.CustomerLeft && r.After > w.High:
			h.LeftLate++
		}
	})
	return queues, err
}

package acd

import (
	"context"
	"math"
	"time"

	"huawu/shared/contact"
)

// Pace is how a queue was served of late: what an estimate of a wait is made of.
type Pace struct {
	Agents   int           // who serve the queue now, busy ones too
	Free     int           // of them, who may have a contact now: whom fewer wait before, waits no more
	Handle   time.Duration // mean time an agent is bound by a contact
	Vary     float64       // how much that varies: variance over the mean's square; 0 = not known, taken as 1
	Patience time.Duration // mean time until one who waits gives up; 0 = nobody does
	LastWait time.Duration // by the wait of the last who got an agent, or of who is next: what is left of as long a one; 0 = not known
}

// Wait is an estimate of how long one who waits will have to wait yet: a range,
// as no number is true. Of those in its place one in ten waits no longer than Soon,
// half no longer than Low, nine in ten no longer than High.
type Wait struct {
	Soon, Low, Mean, High time.Duration
	Known                 bool // false: nobody serves the queue, or nothing is known of its pace
}

// Estimate tells how long one waits before whom so many wait. Each step forward
// takes 1/(s·μ + i·θ): one of s agents becomes free, or one of i who wait before
// gives up; their sum is the mean, and their variance gives the range, which is
// narrower where contacts take alike and wider where they do not: about half of it
// shows, as many agents mix. Where the wait of the last who was served is longer
// than the sum, the mean is the middle of both: agents who serve other queues too
// are slower than the steps know. A shorter one says nothing, as a crowd may just
// have come. Source: Ibrahim & Whitt 2009, QLa and LES.
func Estimate(ahead int, p Pace) Wait {
	if ahead < p.Free {
		return Wait{Known: true}
	}
	if p.Agents <= 0 || p.Handle <= 0 {
		return Wait{}
	}
	leave := float64(p.Agents) / p.Handle.Seconds()
	var mean, variance float64
	for i := 0; i <= ahead; i++ {
		rate := leave
		if p.Patience > 0 {
			rate += float64(i) / p.Patience.Seconds()
		}
		mean += 1 / rate
		variance += 1 / (rate * rate)
	}
	if p.Vary > 0 {
		variance *= (1 + min(p.Vary, maxVary)) / 2
	}
	if p.LastWait.Seconds() > mean { // it errs by as much again, of which half gets into the mean
		mean, variance = (mean+p.LastWait.Seconds())/2, variance*1.25
	}
	return spread(mean, variance)
}

// spread makes the range of a wait with a mean and a variance in seconds: of the
// gamma distribution that has both, which is exact where steps are alike.
func spread(mean, variance float64) Wait {
	shape := mean * mean / variance
	return Wait{Soon: seconds(mean * gammaQuantile(shape, -ninetieth)), Low: seconds(mean * gammaQuantile(shape, 0)), Mean: seconds(mean), High: seconds(mean * gammaQuantile(shape, ninetieth)), Known: true}
}

// maxVary bounds how far a few long contacts widen the range.
const maxVary = 4

// ninetieth is the standard normal's quantile of nine in ten.
const ninetieth = 1.2815515655446004

// gammaQuantile approximates the quantile of a gamma distribution with mean 1 by
// Wilson and Hilferty; z is the standard normal's quantile.
func gammaQuantile(shape, z float64) float64 {
	x := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return max(0, x*x*x)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Told is what a caller was told of the wait.
type Told struct {
	At   time.Time
	High time.Duration
}

// Announce returns the wait to tell a caller who was told something before, in
// whole minutes as they are spoken: never a later end than was told, unless cause
// says what has become worse since, as fewer agents or a contact that went ahead.
// A range that would promise an end that has passed, or is less than a minute
// away, is not known any more.
func Announce(w Wait, before Told, now time.Time, cause string) (Wait, Told) {
	if !w.Known {
		return w, before
	}
	w.Low = w.Low.Truncate(time.Minute)
	if up := w.High.Truncate(time.Minute); up < w.High || up == 0 {
		w.High = up + time.Minute
	}
	if !before.At.IsZero() && cause == "" {
		left := (before.High - now.Sub(before.At)).Truncate(time.Minute)
		if left < time.Minute {
			return Wait{}, before
		}
		w.High = min(w.High, left)
		w.Mean, w.Low, w.Soon = min(w.Mean, w.High), min(w.Low, w.High), min(w.Soon, w.High)
	}
	return w, Told{now, w.High}
}

// Newcomer estimates how long one would wait who came now.
func (f Figures) Newcomer(p Pace, now time.Time) Wait {
	p.Free = f.Free
	p.Agents = max(p.Agents, f.Free)
	if !f.Oldest.IsZero() {
		p.LastWait = max(0, now.Sub(f.Oldest))
	}
	return Estimate(f.Waiting-f.Messages, p)
}

// Place is where a contact stands in its queue.
type Place struct {
	Position int // 1 is next
	Wait     Wait
}

// Place tells where one who waits stands, and how long it will yet take at a pace.
// A contact that does not wait is contact.ErrStep.
func (r *Router) Place(ctx context.Context, tenant string, id contact.ID, p Pace) (Place, error) {
	c, err := r.Contact(ctx, tenant, id)
	if err != nil {
		return Place{}, err
	}
	if c.State != contact.Queued {
		return Place{}, contact.ErrStep
	}
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return Place{}, err
	}
	ahead, first, err := r.ahead(ctx, routing, c)
	if err != nil {
		return Place{}, err
	}
	if !first.IsZero() { // who is next has waited so much longer already
		p.LastWait = max(0, c.Enqueued.Sub(first))
	}
	return Place{Position: ahead + 1, Wait: Estimate(ahead, p)}, nil
}

// Calibration counts how often estimates held, for a day's report: one in ten is
// to have waited no longer than Soon, half than Low, nine in ten than High.
type Calibration struct {
	Estimates, WithinSoon, WithinLow, WithinHigh int
	Error                                        time.Duration // mean of |wait − Mean|
	sum                                          time.Duration
}

// Add counts an estimate and the wait that followed it. That one who comes to a
// free agent does not wait is no estimate.
func (c *Calibration) Add(w Wait, waited time.Duration) {
	if !w.Known || w.High == 0 {
		return
	}
	c.Estimates++
	for n, least := range map[*int]time.Duration{&c.WithinSoon: w.Soon, &c.WithinLow: w.Low, &c.WithinHigh: w.High} {
		if waited <= least {
			*n++
		}
	}
	c.sum += (waited - w.Mean).Abs()
	c.Error = c.sum / time.Duration(c.Estimates)
}

// Inner returns the share of those who waited longer than Soon and no longer than
// High: it is to be eight in ten. Without an estimate it is not defined.
func (c *Calibration) Inner() (share float64, ok bool) {
	if c.Estimates == 0 {
		return 0, false
	}
	return float64(c.WithinHigh-c.WithinSoon) / float64(c.Estimates), true
}

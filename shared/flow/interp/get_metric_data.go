package interp

import (
	"maps"
	"math"
	"strconv"
	"time"

	"huawu/shared/flow"
)

// getMetricData is GetMetricData: it fills $.Metrics with the live figures of
// a queue or an agent. What nobody knows is left out.
// Source: Amazon Connect flow language, "GetMetricData".
type getMetricData struct {
	QueueID      flow.Template `json:"QueueId"`
	AgentID      flow.Template `json:"AgentId"`
	QueueChannel flow.Template
}

func (a *getMetricData) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	m, ok := r.answer.(MetricsAnswer)
	if !ok {
		return r.askMetrics(a.QueueID, a.AgentID, r.expand(a.QueueChannel), true)
	}
	set := map[string]string{"Queue.Name": m.QueueName, "Queue.ARN": m.QueueARN}
	for name, n := range map[string]int{
		"Queue.Size": m.Size, "Queue.OldestContactAge": int(m.OldestAge.Seconds()), "Agents.Available.Count": m.Available,
		"Agents.Online.Count": m.Online, "Agents.Staffed.Count": m.Staffed, "Agents.Missed.Count": m.Missed, "Agents.NonProductive.Count": m.NonProductive,
	} {
		set[name] = strconv.Itoa(n)
	}
	if m.WaitKnown {
		set["Queue.EstimatedWaitTime"] = wholeSeconds(m.NewcomerWait)
	}
	if c := m.Contact; c != nil {
		maps.Copy(set, c.paths())
		r.s.Told = c.Told
	}
	r.s.Metrics = set
	return r.next()
}

// paths returns what a flow may say of its contact's wait. The first two are
// Amazon Connect's. Ours are a range in whole minutes, the lower end only where
// there is one to be said, and why it may be later than was told before.
func (c *ContactMetrics) paths() map[string]string {
	set := map[string]string{"Contact.PositionInQueue": strconv.Itoa(c.Position)}
	if !c.Known {
		return set
	}
	set["Contact.EstimatedWaitTime"] = wholeSeconds(c.Mean)
	set["Contact.EstimatedWaitMinutesHigh"] = strconv.Itoa(int(c.High.Minutes()))
	if c.Low >= time.Minute && c.Low < c.High {
		set["Contact.EstimatedWaitMinutesLow"] = strconv.Itoa(int(c.Low.Minutes()))
	}
	if c.Cause != "" {
		set["Contact.EstimatedWaitCause"] = c.Cause
	}
	return set
}

func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(math.Round(d.Seconds()))) }

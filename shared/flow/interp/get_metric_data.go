package interp

import (
	"maps"
	"strconv"

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
		return r.askMetrics(a.QueueID, a.AgentID, r.expand(a.QueueChannel))
	}
	set := map[string]string{"Queue.Name": m.QueueName, "Queue.ARN": m.QueueARN}
	known := map[string]int{"Queue.Size": m.Size, "Queue.OldestContactAge": int(m.OldestAge.Seconds()), "Agents.Available.Count": m.Available}
	if !m.OnlyAvailable {
		maps.Copy(known, map[string]int{
			"Agents.Online.Count": m.Online, "Agents.Staffed.Count": m.Staffed, "Agents.Busy.Count": m.Busy,
			"Agents.AfterContactWork.Count": m.AfterWork, "Agents.Missed.Count": m.Missed, "Agents.NonProductive.Count": m.NonProductive,
		})
	}
	for name, n := range known {
		set[name] = strconv.Itoa(n)
	}
	r.s.Metrics = set
	return r.next()
}

package interp

import (
	"slices"
	"strconv"
	"strings"

	"huawu/shared/flow"
)

// checkMetricData is CheckMetricData: it holds one live figure of a queue, or
// of an agent, against the conditions. Without a queue it is that of the
// contact.
// Source: Amazon Connect flow language, "CheckMetricData".
type checkMetricData struct {
	MetricType flow.Template
	QueueID    flow.Template `json:"QueueId"`
	AgentID    flow.Template `json:"AgentId"`
}

func metricTypes() []string {
	return []string{"NumberOfAgentsAvailable", "NumberOfAgentsStaffed", "NumberOfAgentsOnline", "OldestContactInQueueAgeSeconds", "NumberOfContactsInQueue"}
}

func (a *checkMetricData) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	m, ok := r.answer.(MetricsAnswer)
	if !ok {
		return r.askMetrics(a.QueueID, a.AgentID, "", false)
	}
	n, kind := 0, r.expand(a.MetricType)
	switch kind {
	case "NumberOfAgentsAvailable":
		n = m.Available
	case "NumberOfAgentsStaffed":
		n = m.Staffed
	case "NumberOfAgentsOnline":
		n = m.Online
	case "OldestContactInQueueAgeSeconds":
		n = int(m.OldestAge.Seconds())
	case "NumberOfContactsInQueue":
		n = m.Size
	default:
		return r.failed(flow.NoMatchingError)
	}
	return r.value(strconv.Itoa(n))
}

// askMetrics asks for the figures of a queue, of the contact's one by default.
func (r *run) askMetrics(queue, agent flow.Template, channel string, place bool) result {
	q := GetMetrics{QueueID: flow.ResourceID(r.expand(queue)), AgentID: flow.ResourceID(r.expand(agent)), Channel: strings.ToUpper(channel)}
	if q.QueueID == "" && q.AgentID == "" {
		q.QueueID, q.AgentID = r.s.Queue.ID, r.s.TargetAgent
	}
	if q.QueueID == "" && q.AgentID == "" {
		return r.failed(flow.NoMatchingError)
	}
	q.Place = place && r.s.Queued && q.QueueID == flow.ResourceID(r.s.Queue.ID)
	return r.ask(q)
}

func (a *checkMetricData) check(*flow.Transitions) (field, wrong string) {
	if t := a.MetricType; t.Static() && !slices.Contains(metricTypes(), t.String()) {
		return "Parameters.MetricType", "want one of " + strings.Join(metricTypes(), ", ")
	}
	return "", ""
}

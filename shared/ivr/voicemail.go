package ivr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// A flow lets its caller leave a message by CreateTask with the template
// flow.TaskVoicemail. From then on it may record the caller; when the recording is
// stopped, or the caller hangs up, the message waits in the flow's queue. So
// nobody speaks into nothing, and no agent is offered what is still being said.

// leastMessage is how long somebody is recorded who has something to say: the tone,
// and a second after it.
const leastMessage = 2 * time.Second

// message is what a caller is leaving.
type message struct {
	Queue      string            `json:"q"`
	Language   string            `json:"la,omitempty"`
	Attributes map[string]string `json:"a,omitempty"` // of the task
	Began      int64             `json:"b,omitempty"` // since when the caller is recorded, in microseconds; 0: not yet
	Recording  string            `json:"r,omitempty"` // where it goes
	Left       bool              `json:"l,omitempty"` // it waits: one call leaves one message
}

// records reports whether the flow may record its caller now.
func (m *memory) records() bool { return m.message != nil && !m.message.Left }

// recorded reports whether the message is long enough to be one.
func (m *message) recorded(now time.Time) bool {
	return m.Began > 0 && now.Sub(contact.FromMicros(m.Began)) >= leastMessage
}

// task carries out CreateTask. One who waits for an agent leaves the queue for it.
func (s *Service) task(ctx context.Context, c *call, m *memory, env *interp.Env, parameters json.RawMessage) (interp.Event, error) {
	var p struct {
		TaskTemplateID string `json:"TaskTemplateId"`
		Attributes     map[string]string
	}
	if err := json.Unmarshal(parameters, &p); err != nil || p.TaskTemplateID != flow.TaskVoicemail || m.message != nil && m.message.Left {
		return s.refuse(ctx, c, m, errUnserved), nil
	}
	routing, err := s.router.Routing(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(m.state.Queue.ID)
	if err != nil {
		return s.refuse(ctx, c, m, err), nil
	}
	if m.state.Queued {
		if err := s.leaveQueue(ctx, c, m); err != nil {
			return s.refuse(ctx, c, m, err), onlyPassing(err)
		}
	}
	if m.message == nil {
		m.message = &message{Queue: q.ID, Language: cmp.Or(m.state.Language, env.Language), Attributes: p.Attributes}
	}
	reply, err := json.Marshal(map[string]string{"ContactId": string(acd.VoicemailID(c.id))})
	return interp.DataReply{Namespace: "Task", Value: reply}, err
}

// onlyPassing returns an error that another try may get over, nil for the others.
func onlyPassing(err error) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.NotFound:
		return nil
	}
	return err
}

// leaveQueue takes a caller who waits out of the queue: the flow is then that of a
// caller who is not waiting, and its end that of the call.
func (s *Service) leaveQueue(ctx context.Context, c *call, m *memory) error {
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil {
		return err
	}
	if _, err := s.router.LeaveQueue(ctx, con); err != nil {
		return err
	}
	m.state = m.state.Unqueued()
	return nil
}

// ofFlow reports whether a recording is that of a message: only the caller's side
// of it is recorded.
func ofFlow(d *sma.ActionData) bool {
	p, ok := d.Parameters.(*sma.StartCallRecording)
	return ok && p.Track == trackCaller
}

// trackCaller is the side of a leg that speaks.
const trackCaller = "INCOMING"

// onCallerRecorded notes that the caller's message is being recorded, or lets the
// flow take its error branch.
func (s *Service) onCallerRecorded(ctx context.Context, c *call, failed bool) (sma.Response, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	if d := c.ActionData.CallRecordingDestination; !failed && d != nil && m.message != nil && !m.answered(c) && !m.stale(c) {
		m.message.Began, m.message.Recording, m.noted = contact.Micros(s.run.Now()), d.Location, true
	}
	return s.runFlow(ctx, c, m)
}

// recordsCaller makes the recordings that a flow begins those of the caller alone,
// and lets the message wait that ends with one. A flow that records nobody's
// message has no place for recordings: see env.
func (s *Service) recordsCaller(ctx context.Context, c *call, m *memory, list []sma.Action) error {
	if !m.records() {
		return nil
	}
	for _, a := range list {
		if p, ok := a.Parameters.(*sma.StartCallRecording); ok {
			p.Track = trackCaller
		}
	}
	if slices.ContainsFunc(list, func(a sma.Action) bool { return a.Type == sma.TypeStopCallRecording }) {
		return s.leaveMessage(ctx, c, m)
	}
	return nil
}

// stopped lets a flow go on at once that would wait for the end of a recording only:
// what the relay tells of that is of the recordings of talks. nil: it does not.
func stopped(c *call, state interp.State, list []sma.Action) interp.Event {
	n := len(list) - 1
	if n < 0 || list[n].Type != sma.TypeStopCallRecording || state.Phase != interp.Ready {
		return nil
	}
	return interp.Call{Event: &sma.Event{InvocationEventType: sma.ActionSuccessful, CallDetails: c.CallDetails,
		ActionData: &sma.ActionData{Type: sma.TypeStopCallRecording, Parameters: list[n].Parameters}}}
}

// leaveMessage lets the message that a caller has left wait for an agent.
func (s *Service) leaveMessage(ctx context.Context, c *call, m *memory) error {
	if m.message.Left || !m.message.recorded(s.run.Now()) {
		return nil
	}
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil {
		return err
	}
	left, err := s.router.LeaveMessage(ctx, con, acd.Message{Queue: m.message.Queue, Began: contact.FromMicros(m.message.Began),
		Recording: m.message.Recording, Language: m.message.Language, Priority: m.state.Priority})
	if errors.Is(err, acd.ErrNoQueue) { // deleted while the caller spoke
		s.run.Log.ErrorContext(ctx, "a message is lost: its queue is gone", "tenant", c.tenant, "contact", string(c.id), "queue", m.message.Queue)
		return nil
	}
	if err != nil {
		return err
	}
	m.message.Left = true
	told := *m
	told.state.Attributes = maps.Clone(m.state.Attributes)
	if told.state.Attributes == nil {
		told.state.Attributes = map[string]string{}
	}
	maps.Copy(told.state.Attributes, m.message.Attributes)
	return s.handOn(ctx, c, &told, left, "")
}

// stopRecorded ends the recording of a caller whom the flow lets wait without having
// done so: the talk has a recording of its own.
func (s *Service) stopRecorded(ctx context.Context, c *call, m *memory, said []sma.Action) ([]sma.Action, error) {
	if !m.state.Recording.IVR {
		return said, nil
	}
	if err := s.leavesMessage(ctx, c, m); err != nil {
		return nil, err
	}
	m.state.Recording.IVR = false
	return append(said, sma.Do(&sma.StopCallRecording{Target: sma.On(c.legA.CallID)})...), nil
}

// leavesMessage lets the message wait of a caller who is gone, and who spoke until
// then.
func (s *Service) leavesMessage(ctx context.Context, c *call, m *memory) error {
	if !m.records() || !m.state.Recording.IVR {
		return nil
	}
	return s.leaveMessage(ctx, c, m)
}

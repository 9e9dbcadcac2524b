package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// payload is what a receiver gets (Standard Webhooks, "Payload structure"), with
// what orders it.
type payload struct {
	Type      event.Type `json:"type"`
	Timestamp event.Time `json:"timestamp"`
	Sequence  int64      `json:"sequence"` // grows among the events of one entity
	Data      any        `json:"data"`
}

// errGone says that what the event is about was erased.
var errGone = fault.New(fault.Gone, "crm: the record is gone")

// attempt sends a row whose lease we hold and notes what came of it.
func (s *Service) attempt(ctx context.Context, e Endpoint, r row) error {
	began := s.Now()
	b, err := s.payload(ctx, r)
	if err == nil {
		e, err = s.openSecrets(ctx, e)
	}
	if err != nil {
		s.lines.leave(e, true)
		if errors.Is(err, errGone) {
			return s.giveUp(ctx, r, "record is gone")
		}
		return err
	}
	status, err := s.post(ctx, e, r.id, began, b)
	took := err == nil && status >= 200 && status < 300
	s.lines.done(e, took, s.Now())
	switch {
	case took:
		s.Log.InfoContext(ctx, "webhook delivered", "tenant", r.tenant, "endpoint", r.endpoint, "type", string(r.kind), "id", r.id, "status", status, "attempt", r.attempts+1)
		return s.delivered(ctx, e, r)
	case status == http.StatusGone:
		return s.disable(ctx, e, r)
	}
	return s.again(ctx, e, r, began, status, err)
}

// payload returns the body of a delivery: the same bytes at each attempt.
func (s *Service) payload(ctx context.Context, r row) ([]byte, error) {
	p := payload{Type: r.kind, Timestamp: event.Time{Time: r.at}, Sequence: r.seq}
	if r.record != nil {
		item, err := s.table.Get(ctx, *r.record, true)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "crm: read record")
		}
		rec := contact.RecordFromItem(item)
		if rec == nil {
			return nil, errGone
		}
		p.Data = rec.Trace(s.Instance, "")
	} else {
		p.Data = detailOf(r.detail)
	}
	b, err := json.Marshal(p)
	return b, fault.Wrap(fault.Internal, err, "crm: encode payload")
}

// detailOf takes an event out of the envelope of EventBridge, if it is in one.
func detailOf(raw string) json.RawMessage {
	var envelope struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal([]byte(raw), &envelope) == nil && envelope.Detail != nil {
		return envelope.Detail
	}
	return json.RawMessage(raw)
}

// openSecrets unwraps an endpoint's secrets and keeps them with what is known of
// the endpoint in memory.
func (s *Service) openSecrets(ctx context.Context, e Endpoint) (Endpoint, error) {
	if len(e.open) > 0 {
		return e, nil
	}
	for _, wrapped := range e.Secrets {
		plain, err := s.keys.Unwrap(ctx, wrapped, secretContext(e.Tenant, e.ID))
		if err != nil {
			return e, fault.Wrap(fault.KindOf(err), err, "crm: open secret")
		}
		e.open = append(e.open, plain)
	}
	if len(e.open) == 0 {
		return e, fault.New(fault.Invalid, "crm: endpoint %s has no secret", e.ID)
	}
	s.endpoints.keep(e)
	return e, nil
}

// post makes one request. Any answer but an error has a status.
func (s *Service) post(ctx context.Context, e Endpoint, id string, at time.Time, b []byte) (status int, err error) {
	u, err := s.Guard.CheckURL(e.URL)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(b))
	if err != nil {
		return 0, fault.Wrap(fault.Invalid, err, "crm: request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "huawu-webhooks/1")
	req.Header.Set(headerID, id)
	req.Header.Set(headerTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(headerSignature, Sign(e.open, id, at, b))
	res, err := s.Client.Do(req)
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "crm: post")
	}
	defer res.Body.Close()
	// What it says is of no use; reading a little lets the connection be used again.
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxResponse)); err != nil {
		return res.StatusCode, fault.Wrap(fault.Unavailable, err, "crm: read answer")
	}
	return res.StatusCode, nil
}

// end is the write that ends a row whose lease we hold.
func (r row) end(to state, now time.Time, keep time.Duration) cloud.Write {
	return cloud.Write{Key: r.key(), If: []cloud.Cond{{Attr: attrState, Op: "=", Value: string(pending)}},
		Set:    cloud.Item{attrState: string(to), cloud.AttrTTL: now.Add(keep).Unix()},
		Remove: []string{attrDetail, "before", attrLease}, Add: map[string]int64{attrVersion: 1}}
}

func (s *Service) delivered(ctx context.Context, e Endpoint, r row) error {
	if _, err := s.table.Write(ctx, r.end(done, s.Now(), keepDone)); err != nil && !refusedFor(err) {
		return fault.Wrap(fault.KindOf(err), err, "crm: end delivery")
	}
	var errs []error
	if e.failing || r.attempts > 0 {
		errs = append(errs, s.health(ctx, e, false))
	}
	if s.Now().Sub(r.created) > waitStep { // others may have begun to wait for it
		errs = append(errs, s.next(ctx, r))
	}
	return errors.Join(errs...)
}

// next wakes the event of the same entity that waited for r.
func (s *Service) next(ctx context.Context, r row) error {
	after := rowKey(r.tenant, r.endpoint, r.entity, r.seq+1)
	page, _, err := s.table.Query(ctx, cloud.Query{Part: after.Part, From: after.Sort, Limit: 1, Strong: true})
	if err != nil || len(page) == 0 || state(page[0].Str(attrState)) != pending {
		return fault.Wrap(fault.KindOf(err), err, "crm: read next delivery")
	}
	seq, err := strconv.ParseInt(page[0].Str(cloud.AttrSort), 10, 64)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "crm: delivery's key")
	}
	r.seq = seq
	return s.wake(ctx, r, 0)
}

// again notes a failed attempt and when the next one is, or gives up.
func (s *Service) again(ctx context.Context, e Endpoint, r row, began time.Time, status int, cause error) error {
	r.attempts++
	pause, more := schedule(r.attempts)
	why := "status " + strconv.Itoa(status)
	if cause != nil {
		why = cause.Error()
	}
	s.Log.WarnContext(ctx, "webhook not taken", "tenant", r.tenant, "endpoint", r.endpoint, "type", string(r.kind), "id", r.id, "attempt", r.attempts, "why", why, "again", pause.String())
	if !e.failing {
		if err := s.health(ctx, e, true); err != nil {
			return err
		}
	}
	if !more {
		return s.giveUp(ctx, r, "no attempt is left")
	}
	r.due = s.Now().Add(pause)
	_, err := s.table.Write(ctx, cloud.Write{
		Key: r.key(), If: []cloud.Cond{{Attr: attrLease, Op: "=", Value: millis(r.lease)}, {Attr: attrState, Op: "=", Value: string(pending)}},
		Set: cloud.Item{attrAttempts: int64(r.attempts), attrDue: millis(r.due), attrLast: millis(began), attrLease: int64(0), attrStatus: int64(status)},
		Add: map[string]int64{attrVersion: 1},
	})
	if err != nil && !refusedFor(err) {
		return fault.Wrap(fault.KindOf(err), err, "crm: note attempt")
	}
	return s.wake(ctx, r, pause)
}

func (s *Service) giveUp(ctx context.Context, r row, why string) error {
	s.Log.ErrorContext(ctx, "webhook given up", "tenant", r.tenant, "endpoint", r.endpoint, "type", string(r.kind), "id", r.id, "attempts", r.attempts, "why", why)
	if _, err := s.table.Write(ctx, r.end(failed, s.Now(), keepFailed)); err != nil && !refusedFor(err) {
		return fault.Wrap(fault.KindOf(err), err, "crm: give up delivery")
	}
	return s.next(ctx, r)
}

// disable ends an endpoint that says it is gone for good (410).
func (s *Service) disable(ctx context.Context, e Endpoint, r row) error {
	s.Log.ErrorContext(ctx, "webhook endpoint disabled: it answers 410", "tenant", e.Tenant, "endpoint", e.ID)
	_, err := s.table.Write(ctx, cloud.Write{Key: EndpointKey(e.Tenant, e.ID), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "present"}},
		Set: cloud.Item{attrEnabled: false, "disabled": s.Now().UTC().Format(time.RFC3339)}, Add: map[string]int64{attrVersion: 1}})
	if err != nil && !refusedFor(err) {
		return fault.Wrap(fault.KindOf(err), err, "crm: disable endpoint")
	}
	s.endpoints.forget(e.Tenant)
	return s.giveUp(ctx, r, "the endpoint is gone")
}

// health notes that an endpoint began to fail, or to work again.
func (s *Service) health(ctx context.Context, e Endpoint, failing bool) error {
	w := cloud.Write{Key: healthKey(e.Tenant, e.ID), Set: cloud.Item{"failing": failing}, Add: map[string]int64{attrVersion: 1}}
	if !failing {
		w.Set["recovered"] = millis(s.Now())
	}
	if _, err := s.table.Write(ctx, w); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "crm: note health")
	}
	e.failing = failing
	s.endpoints.keep(e)
	return nil
}

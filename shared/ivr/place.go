package ivr

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
)

// What lets a contact wait at a place in line that was kept. A flow sets the
// attributes; a caller's page or link sends the header.
const (
	// attrPlaceToken is a token of acd.Places.
	attrPlaceToken = "placeToken"
	// headerPlace is attrPlaceToken where no flow knows of it.
	headerPlace = "X-Place"
	// attrKeepPlace is for how many minutes one who hung up while waiting, and calls
	// again from the same number, keeps the place: 1 to maxKeepMinutes.
	attrKeepPlace  = "keepPlace"
	maxKeepMinutes = 120
)

// keptPlace gives a request the place in line that the caller has kept, if any. A
// token that is not good is said in the log: the caller waits like anyone else.
func (s *Service) keptPlace(ctx context.Context, c *call, m *memory, q *acd.Request) error {
	token := m.state.Attributes[attrPlaceToken]
	if token == "" {
		token = c.legA.SipHeaders[headerPlace]
	}
	var had acd.Request
	var err error
	if token != "" {
		had, err = s.places.Redeem(ctx, c.tenant, token, q.Queue, c.id)
	} else {
		had, err = s.regain(ctx, c, m, q.Queue)
	}
	switch {
	case errors.Is(err, acd.ErrPlace):
		s.run.Log.InfoContext(ctx, "no place in line", "contact", string(c.id), "queue", q.Queue, "error", err.Error())
		return nil
	case err != nil:
		return err
	}
	if q.Came = had.Came; had.Priority != 0 {
		q.Priority = min(cmp.Or(q.Priority, acd.DefaultPriority), had.Priority)
	}
	return nil
}

// regain looks for the contact by which the caller waited last. Who withholds the
// number is nobody in particular.
func (s *Service) regain(ctx context.Context, c *call, m *memory, queue string) (acd.Request, error) {
	minutes, err := strconv.Atoi(m.state.Attributes[attrKeepPlace])
	from := number(c.customer())
	if err != nil || minutes < 1 || minutes > maxKeepMinutes || from.IsZero() {
		return acd.Request{}, nil
	}
	rows, err := s.customers.Last(ctx, c.tenant, from, 1)
	if err != nil || len(rows) == 0 {
		return acd.Request{}, err
	}
	if last := rows[0]; last.Handled || last.Reason != contact.CustomerLeft || last.Queue != queue {
		return acd.Request{}, nil
	}
	return s.places.Regain(ctx, c.tenant, rows[0].Contact, time.Duration(minutes)*time.Minute, queue, c.id)
}

package sipleg

import (
	"context"
	"errors"
	"net/netip"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// errSilent is the end of a transaction without a final response.
var errSilent = fault.New(fault.Timeout, "sipleg: no answer")

// exchange sends a request that is no INVITE and returns its final response,
// however many provisional ones come before. It answers one challenge.
func (s *Server) exchange(ctx context.Context, req *sip.Request, to netip.AddrPort, c credentials) (*sip.Response, error) {
	for tries := 0; ; tries++ {
		tx, err := s.send(ctx, req, to)
		if err != nil {
			return nil, err
		}
		res, err := final(ctx, tx)
		tx.Terminate()
		if err != nil {
			return nil, err
		}
		if (res.StatusCode != 401 && res.StatusCode != 407) || tries > 1 || tries == 1 && !stale(res) {
			return res, nil
		}
		next := s.again(req)
		if c.authorize(next, res) != nil {
			return res, nil
		}
		req = next
	}
}

// final waits past provisional responses.
func final(ctx context.Context, tx *sip.ClientTx) (*sip.Response, error) {
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, silence(tx)
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Timeout, ctx.Err(), "sipleg: wait for answer")
		}
	}
}

// silence says why a transaction ended without a final response.
func silence(tx *sip.ClientTx) error {
	if errors.Is(tx.Err(), sip.ErrTransactionTransport) {
		return fault.Wrap(fault.Unavailable, tx.Err(), "sipleg: transport")
	}
	return errSilent
}

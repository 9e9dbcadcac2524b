package desk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// statusOf is the one place where kinds of errors become HTTP.
func statusOf(err error) int {
	if errors.Is(err, auth.ErrToken) {
		return http.StatusUnauthorized
	}
	if errors.Is(err, recording.ErrTampered) || errors.Is(err, recording.ErrTorn) {
		return http.StatusInternalServerError // what we stored is not what we sealed
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.Throttled:
		return http.StatusTooManyRequests
	case fault.Timeout:
		return http.StatusGatewayTimeout
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem makes an error a problem. What went wrong on our side is logged, and
// told only as a status.
func (d *Desk) problem(ctx context.Context, op string, err error) error {
	var told huma.StatusError
	if errors.As(err, &told) {
		return err // a problem already; it may carry headers
	}
	status := statusOf(err)
	if status < http.StatusInternalServerError {
		return huma.NewError(status, err.Error())
	}
	d.log.ErrorContext(ctx, "request failed", "operation", op, "status", status, "kind", string(fault.KindOf(err)), "error", err.Error())
	p := huma.NewError(status, "the request could not be done; try again later")
	if status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	return p
}

// withoutValues takes the values out of a problem's details: who sent them knows
// them, and one may be a password or a note.
func withoutValues(_ huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*huma.ErrorModel); ok {
		for _, e := range p.Errors {
			e.Value = nil
		}
	}
	return v, nil
}

// wrongField is the problem of one field that a schema cannot describe.
func wrongField(location, message string) error {
	return huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Message: message, Location: location})
}

// writeProblem writes a problem where no operation is at work.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// The header is out: a client that is gone is all that can go wrong.
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

package desk

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/fault"
)

const (
	schemeBearer = "bearer"
	metaNeeds    = "needs" // permission of an operation
)

// operation is one thing that the API can do.
type operation struct {
	id, method, path, summary string
	needs                     auth.Permission // "" = anyone, without a token
	status                    int             // of success
}

type identityKey struct{}

// register adds an operation. Its permission is checked before do is called, and
// do is told who asks; its error becomes a problem.
func register[I, O any](d *Desk, api huma.API, op operation, do func(context.Context, auth.Identity, *I) (*O, error)) {
	registerSized(d, api, op, maxBody, do)
}

// registerSized is register for an operation whose body may be larger, in bytes.
func registerSized[I, O any](d *Desk, api huma.API, op operation, size int64, do func(context.Context, auth.Identity, *I) (*O, error)) {
	var fails []int
	if op.needs != "" {
		fails = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}
	}
	registerWith(d, api, op, size, fails, do)
}

// registerFailing is register for an operation that fails in its own ways.
func registerFailing[I, O any](d *Desk, api huma.API, op operation, fails []int, do func(context.Context, auth.Identity, *I) (*O, error)) {
	registerWith(d, api, op, maxBody, fails, do)
}

func registerWith[I, O any](d *Desk, api huma.API, op operation, size int64, fails []int, do func(context.Context, auth.Identity, *I) (*O, error)) {
	h := huma.Operation{OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, DefaultStatus: op.status, MaxBodyBytes: size, Errors: fails}
	if op.needs != "" {
		h.Security = []map[string][]string{{schemeBearer: {}}}
		h.Metadata = map[string]any{metaNeeds: op.needs}
		h.Description = "Needs the permission " + string(op.needs) + "."
	}
	huma.Register(api, h, func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(identityKey{}).(auth.Identity)
		out, err := do(ctx, who, in)
		if err != nil {
			return nil, d.problem(ctx, op.id, err)
		}
		return out, nil
	})
}

// identify checks the token of every operation that needs one, and the role's
// permission. A permission that was denied is an audit line.
func (d *Desk) identify(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		needs, _ := ctx.Operation().Metadata[metaNeeds].(auth.Permission)
		if needs == "" {
			next(ctx)
			return
		}
		who, err := d.who(ctx.Context(), ctx.Header("Authorization"))
		if err != nil {
			d.refuse(api, ctx, err)
			return
		}
		if err := who.Require(needs); err != nil {
			d.audit(ctx.Context(), who, string(needs), "denied", "operation", ctx.Operation().OperationID)
			d.refuse(api, ctx, err)
			return
		}
		next(huma.WithValue(ctx, identityKey{}, who))
	}
}

// who reads the bearer token of an Authorization header (RFC 6750 §2.1).
func (d *Desk) who(ctx context.Context, header string) (auth.Identity, error) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return auth.Identity{}, fault.Wrap(fault.Forbidden, auth.ErrToken, "no bearer token")
	}
	return d.tokens.Verify(ctx, strings.TrimSpace(token))
}

func (d *Desk) refuse(api huma.API, ctx huma.Context, err error) {
	status, detail := statusOf(err), err.Error()
	switch {
	case status == http.StatusUnauthorized:
		ctx.SetHeader("WWW-Authenticate", "Bearer")
		detail = "log in again: the token is missing or not valid"
	case status >= http.StatusInternalServerError:
		d.log.ErrorContext(ctx.Context(), "token not checked", "kind", string(fault.KindOf(err)), "error", err.Error())
		detail = "the token could not be checked; try again later"
	}
	if err := huma.WriteErr(api, ctx, status, detail); err != nil {
		d.log.WarnContext(ctx.Context(), "answer not written", "error", err.Error())
	}
}

// audit writes a line about a privileged action. It holds ids only.
func (d *Desk) audit(ctx context.Context, who auth.Identity, action, result string, more ...any) {
	d.log.InfoContext(ctx, "audit", append([]any{"tenant", who.Tenant, "agent", who.Agent, "role", string(who.Role), "action", action, "result", result}, more...)...)
}

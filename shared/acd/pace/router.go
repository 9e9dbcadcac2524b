package pace

import (
	"context"

	"huawu/shared/acd"
	"huawu/shared/cloud"
)

// Router returns a router that knows the paces of its queues: so it calls the
// customers of callbacks when their turn is near.
func Router(t cloud.Table, q cloud.Queue, run acd.Runtime) *acd.Router {
	var paces *Paces
	run.Pace = func(ctx context.Context, tenant string, queue acd.Queue) (acd.Pace, error) {
		p, _, err := paces.Of(ctx, tenant, queue)
		return p, err
	}
	r := acd.NewRouter(t, q, run)
	paces = New(t, r, run.Now)
	return r
}

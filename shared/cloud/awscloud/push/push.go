// Package push is cloud.Push over the @connections endpoint of an API Gateway
// WebSocket API: one signed POST, as the SDK has no such client module here. It
// decides nothing about who is connected.
package push

import (
	"context"
	"io"
	"net/url"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

const (
	maxText  = 128 << 10
	attempts = 3
)

var patience = awscloud.Patience{Answer: 3 * time.Second}

// Push sends to the connections of one API stage. It is safe for use by many goroutines.
type Push struct {
	api      *awscloud.Signed
	endpoint string
}

var _ cloud.Push = (*Push)(nil)

// New returns a sender to the connections of cfg.PushEndpoint.
func New(cfg awscloud.Config) (*Push, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.PushEndpoint == "" {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvPushEndpoint)
	}
	return &Push{api: cfg.Signed("execute-api", patience), endpoint: strings.TrimSuffix(cfg.PushEndpoint, "/")}, nil
}

// Send writes one text message to a connection. Throttling and 5xx are tried
// again; a message may so arrive twice.
func (p *Push) Send(ctx context.Context, connection string, text []byte) error {
	if connection == "" || len(text) > maxText {
		return fault.New(fault.Invalid, "push: %d bytes to connection %q", len(text), connection)
	}
	for i := 1; ; i++ {
		err := p.send(ctx, connection, text)
		kind := fault.KindOf(err)
		if i == attempts || kind != fault.Throttled && kind != fault.Unavailable {
			return err
		}
		select {
		case <-time.After(time.Duration(i) * 100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (p *Push) send(ctx context.Context, connection string, text []byte) error {
	// A connection id ends in "=": escaped here, and once more in what is signed.
	target := p.endpoint + "/@connections/" + url.PathEscape(connection)
	res, err := p.api.Post(ctx, strings.ReplaceAll(target, "=", "%3D"), text)
	if err != nil {
		return awscloud.Wrap(err, "push")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is kept
	if res.StatusCode/100 == 2 {
		return nil
	}
	return fault.New(awscloud.StatusKind(res.StatusCode), "push: status %d", res.StatusCode)
}

package awscloud

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed" // roots.pem
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// roots.pem holds Amazon Root CA 1 to 4 and Starfield Services Root G2, to one
// of which every endpoint of AWS outside China leads
// (https://www.amazontrust.com/repository/; they end 2037 to 2040). To parse
// five certificates takes 0.3 ms, all of a machine's bundle and folders 12 ms
// of CPU, which a small function stretches to more than 100 ms.
//
//go:embed roots.pem
var rootsPEM []byte

// HTTPClient returns a client of its own for one port: only HTTP/1.1, which is
// all that these services speak, and enough idle connections that a busy relay
// opens none anew.
func (c Config) HTTPClient(p Patience) *http.Client {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: p.Answer,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       50 * time.Second, // services close at 60
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   128,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots()},
		Protocols:             new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// roots returns nil, the machine's own bundle, where others than Amazon sign:
// in China, at an emulator, or when the operator says so.
func (c Config) roots() *x509.CertPool {
	if c.SystemRoots || c.InChina() || c.Endpoint != "" {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(rootsPEM)
	return pool
}

// BaseEndpoint returns what a service client takes as its BaseEndpoint.
func (c Config) BaseEndpoint() *string {
	if c.Endpoint == "" {
		return nil
	}
	return &c.Endpoint
}

// Retryer returns the SDK's standard retries within p: network errors, 5xx and
// throttling, with jitter, and a budget that stops retries while nothing works.
func (p Patience) Retryer() aws.RetryerV2 { return p.retryer(nil) }

// CautiousRetryer is Retryer for what must not happen twice: it does not repeat
// a request that may have taken effect, that is after a time-out or a 5xx. It
// does repeat one whose connection broke: that is, nearly always, a kept
// connection that had been closed while a function slept, before anything was sent.
func (p Patience) CautiousRetryer() aws.RetryerV2 {
	return p.retryer(retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		var status interface{ HTTPStatusCode() int }
		if IsTimeout(err) || errors.As(err, &status) && status.HTTPStatusCode() >= 500 && !isThrottle(err) {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	}))
}

func (p Patience) retryer(first retry.IsErrorRetryable) aws.RetryerV2 {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = p.Attempts, p.Backoff
		if first != nil {
			o.Retryables = append([]retry.IsErrorRetryable{first}, o.Retryables...)
		}
	})
}

func isThrottle(err error) bool {
	var code interface{ ErrorCode() string }
	if !errors.As(err, &code) {
		return false
	}
	_, ok := retry.DefaultThrottleErrorCodes[code.ErrorCode()]
	return ok
}

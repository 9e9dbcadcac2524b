package awscloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"huawu/shared/fault"
)

// Signed sends signed POSTs to a service for which no client of the SDK is linked.
// It is safe for use by many goroutines.
type Signed struct {
	client      *http.Client
	signer      *v4.Signer
	credentials aws.CredentialsProvider
	service     string // as signatures name it
	region      string
}

// Signed returns a sender to a service in c's region.
func (c Config) Signed(service string, p Patience) *Signed {
	return &Signed{client: c.HTTPClient(p), signer: v4.NewSigner(), credentials: c.Provider(), service: service, region: c.Region}
}

// ServiceURL returns where a service is in c's region, without a slash at the end.
func (c Config) ServiceURL(service string) string {
	switch {
	case c.Endpoint != "":
		return strings.TrimSuffix(c.Endpoint, "/")
	case c.InChina():
		return "https://" + service + "." + c.Region + ".amazonaws.com.cn"
	}
	return "https://" + service + "." + c.Region + ".amazonaws.com"
}

// Post sends body once; header are names and values in turn. The answer's body is
// the caller's to close. The error is one that Kind knows.
func (s *Signed) Post(ctx context.Context, target string, body []byte, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "address of %s", s.service)
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	keys, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if err := s.signer.SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), s.service, s.region, time.Now()); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "sign")
	}
	return s.client.Do(r)
}

package awscloud

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"huawu/shared/fault"
)

// Provider returns what signs requests.
func (c Config) Provider() aws.CredentialsProvider {
	if c.Credentials.ContainerURL == "" {
		fixed := aws.Credentials{AccessKeyID: c.Credentials.AccessKey, SecretAccessKey: c.Credentials.Secret,
			SessionToken: c.Credentials.Session, Source: "environment"}
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return fixed, nil })
	}
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}} // once in hours
	return aws.NewCredentialsCache(
		aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) { return c.Credentials.fetch(ctx, client) }),
		func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow, o.ExpiryWindowJitterFrac = 5*time.Minute, 0.5 })
}

// fetch asks the container endpoint.
func (c Credentials) fetch(ctx context.Context, client *http.Client) (aws.Credentials, error) {
	none := aws.Credentials{}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.ContainerURL, nil)
	if err != nil {
		return none, fault.Wrap(fault.Invalid, err, "container credentials")
	}
	token := c.ContainerToken
	if c.ContainerTokenFile != "" {
		text, err := os.ReadFile(c.ContainerTokenFile)
		if err != nil {
			return none, fault.Wrap(fault.Unavailable, err, "container credentials: token")
		}
		token = strings.TrimSpace(string(text))
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	res, err := client.Do(r)
	if err != nil {
		return none, fault.Wrap(fault.Unavailable, err, "container credentials")
	}
	defer res.Body.Close()
	var got struct {
		AccessKeyId, SecretAccessKey, Token string //nolint:revive // names of the endpoint
		Expiration                          time.Time
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil || res.StatusCode != http.StatusOK {
		return none, fault.New(fault.Unavailable, "container credentials: status %d", res.StatusCode)
	}
	if err := json.Unmarshal(body, &got); err != nil || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return none, fault.New(fault.Unavailable, "container credentials: answer holds no key") // never its text
	}
	return aws.Credentials{AccessKeyID: got.AccessKeyId, SecretAccessKey: got.SecretAccessKey, SessionToken: got.Token,
		Source: "container", CanExpire: !got.Expiration.IsZero(), Expires: got.Expiration}, nil
}

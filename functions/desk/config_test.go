package main

import (
	"strings"
	"testing"
)

func TestEveryFaultOfTheEnvironmentIsNamedAtOnce(t *testing.T) {
	_, err := loadConfig(func(string) string { return "" })
	if err == nil {
		t.Fatal("an empty environment is taken")
	}
	for _, name := range []string{"AWS_REGION", "TABLE", "RECORDINGS_BUCKET", "DATA_KEY_ARN", "SIGN_KEY_ARN", "QUEUE_PREFIX", "AWS_ACCOUNT_ID", "TOKEN_ISSUER", "TOKEN_AUDIENCE", "LIVE_SOCKETS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if _, err := loadConfig(func(name string) string {
		return map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "TABLE": "t", "RECORDINGS_BUCKET": "b",
			"DATA_KEY_ARN": "k", "SIGN_KEY_ARN": "k", "QUEUE_PREFIX": "https://sqs.example/1/x-", "AWS_ACCOUNT_ID": "1", "TOKEN_ISSUER": "i", "TOKEN_AUDIENCE": "a", "LIVE_SOCKETS": "wss://live.example/live"}[name]
	}); err != nil {
		t.Errorf("a full environment: %v", err)
	}
}

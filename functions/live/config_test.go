package main

import (
	"strings"
	"testing"
)

func TestEveryFaultOfTheEnvironmentIsNamedAtOnce(t *testing.T) {
	_, err := loadConfig(func(name string) string { return map[string]string{"LIVE_ORIGINS": "https://desk.example,desk"}[name] })
	if err == nil {
		t.Fatal("an empty environment is taken")
	}
	for _, name := range []string{"AWS_REGION", "TABLE", "SIGN_KEY_ARN", "QUEUE_PREFIX", "PUSH_ENDPOINT", "TOKEN_ISSUER", "LIVE_AUDIENCE", `"desk"`} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

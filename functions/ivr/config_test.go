package main

import (
	"fmt"
	"strings"
	"testing"

	"huawu/shared/cloud/awscloud"
)

func TestEveryFaultOfTheEnvironmentIsNamedAtOnce(t *testing.T) {
	env := map[string]string{"CORE_TENANT": "a|b", "LANGUAGE": "x"}
	_, _, err := loadConfig(func(name string) string { return env[name] })
	if err == nil {
		t.Fatal("an empty environment is taken")
	}
	for _, name := range []string{"TABLE", "QUEUE_PREFIX", "FUNCTION_PREFIX", "CORE_TENANT", "LANGUAGE", "AWS_REGION", "credentials"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
}

func TestAWholeEnvironmentIsTaken(t *testing.T) {
	env := map[string]string{"TABLE": "t", "QUEUE_PREFIX": "https://sqs.local/1/huawu-", "FUNCTION_PREFIX": "huawu-", "LANGUAGE": "zh-CN",
		"AWS_REGION": "cn-north-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "RECORDINGS_BUCKET": "b"}
	cloud, cfg, err := loadConfig(func(name string) string { return env[name] })
	if err != nil || cloud.Table != "t" || cfg.Language != "zh-CN" || cfg.RecordingLocation != "b" || cfg.Region != "cn-north-1" {
		t.Errorf("loadConfig = %+v, %+v, %v", cloud, cfg, err)
	}
}

func TestWhoUnderstandsBots(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		kind string
		bad  bool
	}{
		{"their grammars alone", nil, "<nil>", false},
		{"an endpoint", map[string]string{"BOT_URL": "https://models.local/v1", "BOT_MODEL": "small"}, "*openai.Client", false},
		{"an endpoint without a model", map[string]string{"BOT_URL": "https://models.local/v1"}, "", true},
		{"what is no URL", map[string]string{"BOT_URL": "models", "BOT_MODEL": "small"}, "", true},
		{"bots of Lex", map[string]string{"LEX_BOTS": "orders=B1/A1, sales=B2/A2"}, "*lex.Client", false},
		{"a bot of Lex without an alias", map[string]string{"LEX_BOTS": "orders=B1"}, "", true},
		{"both", map[string]string{"BOT_URL": "https://models.local/v1", "BOT_MODEL": "small", "LEX_BOTS": "orders=B1/A1"}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := loadBots(func(name string) string { return tt.env[name] }, awscloud.Config{Region: "cn-north-1"})
			if (err != nil) != tt.bad || err == nil && fmt.Sprintf("%T", got) != tt.kind {
				t.Errorf("loadBots = %T, %v", got, err)
			}
		})
	}
}

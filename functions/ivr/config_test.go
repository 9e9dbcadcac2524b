package main

import (
	"strings"
	"testing"
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

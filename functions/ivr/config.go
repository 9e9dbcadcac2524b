package main

import (
	"errors"
	"strings"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
	"huawu/shared/ivr"
)

// The environment variables of ivr besides those of its ports. All may be absent.
const (
	envTenant       = "CORE_TENANT"   // of relays that speak the core contract only
	envLanguage     = "LANGUAGE"      // BCP 47, of numbers without one
	envPromptBucket = "PROMPT_BUCKET" // for relays that know no prompts
)

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (awscloud.Config, ivr.Config, error) {
	cfg, err := awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvQueuePrefix, awscloud.EnvFunctionPrefix)
	faults := []error{err}
	tenant := getenv(envTenant)
	if strings.ContainsAny(tenant, "|#") {
		faults = append(faults, fault.New(fault.Invalid, "%s holds | or #", envTenant))
	}
	language := getenv(envLanguage)
	if len(language) == 1 || len(language) > 35 { // RFC 5646 §4.4.1
		faults = append(faults, fault.New(fault.Invalid, "%s is not a language tag", envLanguage))
	}
	return cfg, ivr.Config{Tenant: tenant, Language: language, Region: cfg.Region,
		PromptBucket: getenv(envPromptBucket), RecordingLocation: getenv(awscloud.EnvBucket)}, errors.Join(faults...)
}

package main

import (
	"errors"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// The environment variables of desk besides those of its ports.
const (
	envAccount  = "AWS_ACCOUNT_ID"
	envIssuer   = "TOKEN_ISSUER"   // who issues tokens: this installation's name
	envAudience = "TOKEN_AUDIENCE" // whom they are for: the desk
	envLive     = "LIVE_SOCKETS"   // WebSocket address of live updates
)

type config struct {
	cloud            awscloud.Config
	instance         contact.Instance
	issuer, audience string
	live             string // address of live updates
	browsers         browsers
}

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (config, error) {
	c, err := awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvBucket, awscloud.EnvDataKey, awscloud.EnvSignKey, awscloud.EnvQueuePrefix)
	cfg := config{cloud: c, instance: contact.Instance{Account: getenv(envAccount), Region: c.Region}, issuer: getenv(envIssuer), audience: getenv(envAudience), live: getenv(envLive)}
	faults := []error{err}
	for _, name := range []string{envAccount, envIssuer, envAudience, envLive} {
		if getenv(name) == "" {
			faults = append(faults, fault.New(fault.Invalid, "%s is not set", name))
		}
	}
	cfg.browsers, err = loadBrowsers(getenv)
	faults = append(faults, err)
	return cfg, errors.Join(faults...)
}

package main

import (
	"errors"
	"net/url"
	"strings"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// The environment variables of live besides those of its ports.
const (
	envIssuer   = "TOKEN_ISSUER"  // who issues tickets: this installation's name
	envAudience = "LIVE_AUDIENCE" // whom they are for: live updates
	envOrigins  = "LIVE_ORIGINS"  // whose pages may connect, parted by commas: the desk's address
)

type config struct {
	cloud            awscloud.Config
	issuer, audience string
	origins          []string // hosts
}

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (config, error) {
	c, err := awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvSignKey, awscloud.EnvQueuePrefix, awscloud.EnvPushEndpoint)
	cfg := config{cloud: c, issuer: getenv(envIssuer), audience: getenv(envAudience)}
	faults := []error{err}
	for _, name := range []string{envIssuer, envAudience} {
		if getenv(name) == "" {
			faults = append(faults, fault.New(fault.Invalid, "%s is not set", name))
		}
	}
	for o := range strings.SplitSeq(getenv(envOrigins), ",") {
		if o = strings.TrimSpace(o); o == "" {
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Host == "" {
			faults = append(faults, fault.New(fault.Invalid, "%s: %q is no address of a page", envOrigins, o))
			continue
		}
		cfg.origins = append(cfg.origins, u.Host)
	}
	return cfg, errors.Join(faults...)
}

package main

import (
	"errors"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// envAccount names the AWS account, which Connect's shapes bear.
const envAccount = "AWS_ACCOUNT_ID"

type config struct {
	cloud    awscloud.Config
	instance contact.Instance
}

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (config, error) {
	c, err := awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvQueuePrefix, awscloud.EnvDataKey)
	account := getenv(envAccount)
	if account == "" {
		err = errors.Join(err, fault.New(fault.Invalid, "%s is not set", envAccount))
	}
	return config{cloud: c, instance: contact.Instance{Account: account, Region: c.Region}}, err
}

package main

import "huawu/shared/cloud/awscloud"

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (awscloud.Config, error) {
	return awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvQueuePrefix)
}

package awscloud

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"huawu/shared/fault"
)

// Config says which cloud to use. A program fills in what its ports need;
// every port checks its own part when it is opened.
type Config struct {
	Region      string      // for example "cn-north-1"
	Endpoint    string      // of an emulator, for all services; "" = AWS
	Credentials Credentials // how to sign
	SystemRoots bool        // trust the machine's certificate bundle, not only Amazon's own roots

	Table          string // table: name
	Bucket         string // blobs: name
	DataKey        string // keys: ARN or alias of the symmetric key
	SignKey        string // keys: ARN or alias of the P-256 key; "" = this program signs nothing
	QueuePrefix    string // queue: what stands before a queue's name in its URL, "https://sqs.<region>.<suffix>/<account>/<stack>-"
	FunctionPrefix string // invoker: what stands before a function's name, "<stack>-"
	FunctionAlias  string // invoker: the alias that is called; "" = the newest code
	PushEndpoint   string // push: "https://<api>.execute-api.<region>.<suffix>/<stage>"
}

// Credentials says where the key to sign with comes from: fixed values, which
// Lambda gives to each sandbox, or the endpoint that ECS gives to each task.
type Credentials struct {
	AccessKey, Secret, Session string
	ContainerURL               string // read again before it runs out
	ContainerToken             string // sent to ContainerURL as Authorization, if set
	ContainerTokenFile         string // the same, read anew each time
}

// The environment variables that FromEnv reads besides AWS's own (AWS_REGION,
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI,
// AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
// AWS_ENDPOINT_URL) and SSL_CERT_FILE, which asks for the machine's roots.
// template.yaml sets them for every function that needs them.
const (
	EnvTable          = "TABLE"
	EnvBucket         = "RECORDINGS_BUCKET"
	EnvDataKey        = "DATA_KEY_ARN"
	EnvSignKey        = "SIGN_KEY_ARN"
	EnvQueuePrefix    = "QUEUE_PREFIX"
	EnvFunctionPrefix = "FUNCTION_PREFIX"
	EnvFunctionAlias  = "FUNCTION_ALIAS"
	EnvPushEndpoint   = "PUSH_ENDPOINT"
)

// containerHost is where ECS serves the credentials of a task.
const containerHost = "http://169.254.170.2"

// FromEnv returns the settings that an environment gives. A main calls it with
// os.Getenv and the variables it cannot do without; all that are missing or
// wrong are named in one error.
func FromEnv(getenv func(string) string, need ...string) (Config, error) {
	c := Config{
		Region: getenv("AWS_REGION"), Endpoint: getenv("AWS_ENDPOINT_URL"), SystemRoots: getenv("SSL_CERT_FILE") != "",
		Credentials: Credentials{
			AccessKey: getenv("AWS_ACCESS_KEY_ID"), Secret: getenv("AWS_SECRET_ACCESS_KEY"), Session: getenv("AWS_SESSION_TOKEN"),
			ContainerURL:       getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
			ContainerToken:     getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
			ContainerTokenFile: getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
		},
		Table: getenv(EnvTable), Bucket: getenv(EnvBucket), DataKey: getenv(EnvDataKey), SignKey: getenv(EnvSignKey),
		QueuePrefix: getenv(EnvQueuePrefix), FunctionPrefix: getenv(EnvFunctionPrefix), FunctionAlias: getenv(EnvFunctionAlias),
		PushEndpoint: getenv(EnvPushEndpoint),
	}
	if path := getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		c.Credentials.ContainerURL = containerHost + path
	}
	var faults []error
	for _, name := range need {
		if getenv(name) == "" {
			faults = append(faults, fault.New(fault.Invalid, "%s is not set", name))
		}
	}
	if err := c.Check(); err != nil {
		faults = append(faults, err)
	}
	return c, errors.Join(faults...)
}

// Check returns every fault of what all ports use.
func (c Config) Check() error {
	var faults []error
	add := func(bad bool, text string, args ...any) {
		if bad {
			faults = append(faults, fault.New(fault.Invalid, text, args...))
		}
	}
	add(c.Region == "", "AWS_REGION is not set")
	for _, u := range []struct{ name, value string }{
		{"AWS_ENDPOINT_URL", c.Endpoint}, {EnvQueuePrefix, c.QueuePrefix}, {EnvPushEndpoint, c.PushEndpoint}} {
		add(u.value != "" && !isURL(u.value), "%s is not an http or https URL", u.name)
	}
	switch {
	case c.Credentials.ContainerURL != "":
		add(!safeContainer(c.Credentials.ContainerURL), "credentials come from a URL that is neither https nor on this machine")
	default:
		add(c.Credentials.AccessKey == "" || c.Credentials.Secret == "", "no AWS credentials: neither a key pair nor a container endpoint")
	}
	return errors.Join(faults...)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// safeContainer keeps a task's credentials off the network: what ECS, EKS and a
// test on this machine use, or a checked host.
func safeContainer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return false
	}
	switch u.Hostname() {
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "127.0.0.1", "::1", "localhost":
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https"
}

// InChina reports whether the region is one of the partition aws-cn.
func (c Config) InChina() bool { return strings.HasPrefix(c.Region, "cn-") }

// Patience says how long one attempt of a port may take and how often it is made.
type Patience struct {
	Answer   time.Duration // until the answer begins; 0 = as long as the context lasts
	Attempts int
	Backoff  time.Duration // longest wait between two attempts
}

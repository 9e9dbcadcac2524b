// Package localstack holds the tests that need the LocalStack bed: the AWS side
// of the cloud ports against services that are not ours, and functions that run
// as the processes they are deployed as. `make test-localstack` starts the bed.
package localstack

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/cloud/awscloud/table"
)

// endpointEnv names the bed; localstack/localstack.mk sets it.
const endpointEnv = "HUAWU_LOCALSTACK"

const (
	region  = "us-east-1"
	account = "000000000000"
)

// bed is the resources of one test on LocalStack.
type bed struct {
	t      *testing.T
	prefix string // of every name, so that runs do not meet
	cfg    awscloud.Config

	db     *dynamodb.Client
	s3     *s3.Client
	kms    *kms.Client
	sqs    *sqs.Client
	lambda *lambda.Client
}

func newBed(t *testing.T) *bed {
	t.Helper()
	endpoint := os.Getenv(endpointEnv)
	if endpoint == "" {
		t.Skipf("needs the LocalStack bed: run make test-localstack (%s is not set)", endpointEnv)
	}
	prefix := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12] + "-"
	cfg := awscloud.Config{Region: region, Endpoint: endpoint, Credentials: awscloud.Credentials{AccessKey: "test", Secret: "test"},
		Table: prefix + "table", Bucket: prefix + "bucket", FunctionPrefix: prefix,
		QueuePrefix: endpoint + "/queue/" + region + "/" + account + "/" + prefix}
	b := &bed{t: t, prefix: prefix, cfg: cfg}
	b.db = dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &endpoint, Credentials: cfg.Provider()})
	b.s3 = s3.New(s3.Options{Region: region, BaseEndpoint: &endpoint, Credentials: cfg.Provider(), UsePathStyle: true})
	b.kms = kms.New(kms.Options{Region: region, BaseEndpoint: &endpoint, Credentials: cfg.Provider()})
	b.sqs = sqs.New(sqs.Options{Region: region, BaseEndpoint: &endpoint, Credentials: cfg.Provider()})
	b.lambda = lambda.New(lambda.Options{Region: region, BaseEndpoint: &endpoint, Credentials: cfg.Provider()})
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// table creates the table of template.yaml and returns the ARN of its stream.
func (b *bed) table() string {
	b.t.Helper()
	attr := func(name string) ddb.AttributeDefinition {
		return ddb.AttributeDefinition{AttributeName: aws.String(name), AttributeType: ddb.ScalarAttributeTypeS}
	}
	key := func(part, sort string) []ddb.KeySchemaElement {
		return []ddb.KeySchemaElement{{AttributeName: &part, KeyType: ddb.KeyTypeHash}, {AttributeName: &sort, KeyType: ddb.KeyTypeRange}}
	}
	_, err := b.db.CreateTable(b.t.Context(), &dynamodb.CreateTableInput{TableName: &b.cfg.Table, BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{attr(cloud.AttrPart), attr(cloud.AttrSort), attr(cloud.AttrIndexPart), attr(cloud.AttrIndexSort)},
		KeySchema:            key(cloud.AttrPart, cloud.AttrSort),
		GlobalSecondaryIndexes: []ddb.GlobalSecondaryIndex{{IndexName: aws.String(table.IndexName), KeySchema: key(cloud.AttrIndexPart, cloud.AttrIndexSort),
			Projection: &ddb.Projection{ProjectionType: ddb.ProjectionTypeAll}}},
		StreamSpecification: &ddb.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: ddb.StreamViewTypeNewAndOldImages}})
	b.must(err)
	b.t.Cleanup(func() {
		_, _ = b.db.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &b.cfg.Table})
	})
	b.must(dynamodb.NewTableExistsWaiter(b.db).Wait(b.t.Context(), &dynamodb.DescribeTableInput{TableName: &b.cfg.Table}, time.Minute))
	_, err = b.db.UpdateTimeToLive(b.t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: &b.cfg.Table,
		TimeToLiveSpecification: &ddb.TimeToLiveSpecification{AttributeName: aws.String(cloud.AttrTTL), Enabled: aws.Bool(true)}})
	b.must(err)
	out, err := b.db.DescribeTable(b.t.Context(), &dynamodb.DescribeTableInput{TableName: &b.cfg.Table})
	b.must(err)
	return aws.ToString(out.Table.LatestStreamArn)
}

func (b *bed) bucket() {
	b.t.Helper()
	_, err := b.s3.CreateBucket(b.t.Context(), &s3.CreateBucketInput{Bucket: &b.cfg.Bucket})
	b.must(err)
}

// keys creates the symmetric key and the one that signs.
func (b *bed) keys() {
	b.t.Helper()
	data, err := b.kms.CreateKey(b.t.Context(), &kms.CreateKeyInput{})
	b.must(err)
	sign, err := b.kms.CreateKey(b.t.Context(), &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	b.must(err)
	b.cfg.DataKey, b.cfg.SignKey = aws.ToString(data.KeyMetadata.Arn), aws.ToString(sign.KeyMetadata.Arn)
}

// queue creates a queue with a dead-letter queue "<name>-dlq" behind it and
// returns its ARN.
func (b *bed) queue(name string, receives int) string {
	b.t.Helper()
	arn := func(name string) string { return "arn:aws:sqs:" + region + ":" + account + ":" + b.prefix + name }
	_, err := b.sqs.CreateQueue(b.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(b.prefix + name + "-dlq")})
	b.must(err)
	redrive, err := json.Marshal(map[string]any{"deadLetterTargetArn": arn(name + "-dlq"), "maxReceiveCount": receives})
	b.must(err)
	_, err = b.sqs.CreateQueue(b.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(b.prefix + name),
		Attributes: map[string]string{"RedrivePolicy": string(redrive), "VisibilityTimeout": "1"}})
	b.must(err)
	return arn(name)
}

// probe deploys testdata/probe under a name and returns its ARN.
func (b *bed) probe(name string) string {
	b.t.Helper()
	return b.deploy(name, b.build(), map[string]string{awscloud.EnvQueuePrefix: b.cfg.QueuePrefix})
}

// build returns the path of a freshly built testdata/probe.
func (b *bed) build() string {
	b.t.Helper()
	return b.compile("testdata/probe")
}

// deploy creates a function from a bootstrap.
func (b *bed) deploy(name, boot string, env map[string]string) string {
	b.t.Helper()
	out, err := b.lambda.CreateFunction(b.t.Context(), &lambda.CreateFunctionInput{FunctionName: aws.String(b.prefix + name),
		Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Role: aws.String("arn:aws:iam::" + account + ":role/test"),
		Code: &lambdatypes.FunctionCode{ZipFile: pack(b, boot)}, Timeout: aws.Int32(3), Environment: &lambdatypes.Environment{Variables: env}})
	b.must(err)
	b.must(lambda.NewFunctionActiveV2Waiter(b.lambda).Wait(b.t.Context(), &lambda.GetFunctionInput{FunctionName: out.FunctionName}, time.Minute))
	b.t.Cleanup(func() {
		_, _ = b.lambda.DeleteFunction(context.Background(), &lambda.DeleteFunctionInput{FunctionName: out.FunctionName})
	})
	return aws.ToString(out.FunctionArn)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

package localstack

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud/blobs"
	"huawu/shared/cloud/awscloud/invoker"
	"huawu/shared/cloud/awscloud/keys"
	"huawu/shared/cloud/awscloud/push"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
	"huawu/shared/cloud/cloudtest"
)

// The AWS side of the ports passes the same suite as the local one.
func TestConformance(t *testing.T) {
	b := newBed(t)
	side := b.side(t)
	t.Run("cases", func(t *testing.T) { // ends before the bed does
		cloudtest.Run(t, func(*testing.T) cloudtest.Side { return side }, cloudtest.LocalStackGaps())
	})
}

// side opens all six ports on resources of this test's own.
func (b *bed) side(t *testing.T) cloudtest.Side {
	changes := b.follow(t, b.table())
	b.bucket()
	b.keys()
	g := newGateway(t)
	b.cfg.PushEndpoint = g.URL + "/prod"
	var s cloudtest.Side
	var err error
	s.Table, err = table.Open(t.Context(), b.cfg)
	b.must(err)
	s.Blobs, err = blobs.New(b.cfg)
	b.must(err)
	s.Keys, err = keys.New(b.cfg)
	b.must(err)
	s.Queue, err = queue.New(b.cfg)
	b.must(err)
	s.Push, err = push.New(b.cfg)
	b.must(err)
	s.Invoker, err = invoker.New(b.cfg)
	b.must(err)
	s.Stream, s.Connect, s.Expire = changes.subscribe, g.connect, b.expire
	b.sweep(t)
	var queues atomic.Int64
	s.NewQueue = func(receives int) (name, dead string, err error) {
		name = fmt.Sprintf("q%d", queues.Add(1))
		if receives == 0 {
			receives = 1000 // as good as never
		}
		b.queue(name, receives)
		return name, name + "-dlq", nil
	}
	boot := b.build()
	for _, role := range []string{"echo", "fail", "slow"} {
		b.deploy(role, boot, map[string]string{"PROBE_ROLE": role})
	}
	b.deploy("throttle", boot, map[string]string{"PROBE_ROLE": "echo"})
	_, err = b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String(b.prefix + "throttle"), ReservedConcurrentExecutions: aws.Int32(0)})
	b.must(err)
	s.Functions = cloudtest.Functions{Echo: "echo", Fail: "fail", Slow: "slow", Throttle: "throttle"}
	return s
}

// sweep removes expired items until the test ends, as DynamoDB does by itself.
func (b *bed) sweep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = b.expire(ctx) // a case that waits for it says so
			select {
			case <-time.After(2 * time.Second):
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// expire removes what has expired. LocalStack would do it once an hour, or when
// told to, but looks at the first MB of a table only.
func (b *bed) expire(ctx context.Context) error {
	now := &ddb.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Unix(), 10)}
	names := map[string]string{"#ttl": cloud.AttrTTL}
	values := map[string]ddb.AttributeValue{":now": now}
	pages := dynamodb.NewScanPaginator(b.db, &dynamodb.ScanInput{TableName: &b.cfg.Table, FilterExpression: aws.String("#ttl <= :now"),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			key := map[string]ddb.AttributeValue{cloud.AttrPart: item[cloud.AttrPart], cloud.AttrSort: item[cloud.AttrSort]}
			_, err := b.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &b.cfg.Table, Key: key, ConditionExpression: aws.String("#ttl <= :now"),
				ExpressionAttributeNames: names, ExpressionAttributeValues: values})
			var changed *ddb.ConditionalCheckFailedException
			if err != nil && !errors.As(err, &changed) {
				return err
			}
		}
	}
	return nil
}

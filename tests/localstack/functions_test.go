package localstack

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud/invoker"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
	"huawu/shared/fault"
)

func TestInvokeTellsErrorsOfAFunctionApart(t *testing.T) {
	b := newBed(t)
	b.probe("probe")
	i, err := invoker.New(b.cfg)
	b.must(err)
	tests := []struct {
		name, function, payload string
		kind                    fault.Kind
		own                     bool // the function's own error
	}{
		{"answers", "probe", `{"do":"answer","message":"hi"}`, "", false},
		{"its own error", "probe", `{"do":"fail","message":"out of paper"}`, fault.Internal, true},
		{"its process dies", "probe", `{"do":"exit"}`, fault.Internal, true},
		{"answers again after that", "probe", `{"do":"answer"}`, "", false},
		{"takes too long", "probe", `{"do":"hang"}`, fault.Timeout, false},
		{"answers again after that too", "probe", `{"do":"answer"}`, "", false},
		{"unknown function", "nobody", `{}`, fault.NotFound, false},
	}
	for _, tt := range tests {
		out, err := i.Invoke(t.Context(), tt.function, []byte(tt.payload))
		if fault.KindOf(err) != tt.kind || cloud.IsFunctionError(err) != tt.own {
			t.Errorf("%s: %v, want kind %q", tt.name, err, tt.kind)
		}
		if tt.kind == "" && string(out) != tt.payload {
			t.Errorf("%s: %s", tt.name, out)
		}
		if tt.name == "its own error" && (err == nil || !strings.Contains(err.Error(), "out of paper")) {
			t.Errorf("%s: %v does not carry its message", tt.name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := i.Invoke(ctx, "probe", []byte(`{"do":"hang"}`)); fault.KindOf(err) != fault.Timeout {
		t.Errorf("the caller's time is over: %v", err)
	}
}

// A queue and the table's stream feed a function as template.yaml wires them.
func TestEventSourcesFeedAFunction(t *testing.T) {
	b := newBed(t)
	stream := b.table()
	work := b.queue("work", 2)
	b.queue("seen", 100)
	function := b.probe("probe")
	for source, o := range map[string]*lambda.CreateEventSourceMappingInput{
		work:   {BatchSize: aws.Int32(10)},
		stream: {BatchSize: aws.Int32(100), StartingPosition: lambdatypes.EventSourcePositionTrimHorizon, BisectBatchOnFunctionError: aws.Bool(true), MaximumRetryAttempts: aws.Int32(5)},
	} {
		o.EventSourceArn, o.FunctionName = aws.String(source), &function
		o.FunctionResponseTypes = []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures}
		made, err := b.lambda.CreateEventSourceMapping(t.Context(), o)
		b.must(err)
		t.Cleanup(func() {
			_, _ = b.lambda.DeleteEventSourceMapping(context.Background(), &lambda.DeleteEventSourceMappingInput{UUID: made.UUID})
		})
	}
	q, err := queue.New(b.cfg)
	b.must(err)
	tb, err := table.Open(t.Context(), b.cfg)
	b.must(err)
	for _, body := range []string{"one", "bad", "two"} {
		b.must(q.Send(t.Context(), "work", cloud.Message{Body: []byte(body)}))
	}
	key := cloud.Key{Part: "t|C#1", Sort: "META"}
	for range 3 {
		_, err := tb.Write(t.Context(), cloud.Write{Key: key, Add: map[string]int64{"v": 1}})
		b.must(err)
	}
	var seen []string
	want := []string{"message one", "message two", "change t|C#1/META/1", "change t|C#1/META/2", "change t|C#1/META/3"}
	eventually(t, "every good event reported", func() bool {
		got, err := q.Receive(t.Context(), "seen", 10, time.Second, time.Minute)
		b.must(err)
		for _, m := range got {
			seen = append(seen, string(m.Body))
			b.must(q.Delete(t.Context(), "seen", m.Receipt))
		}
		return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(seen, s) })
	})
	eventually(t, "the bad message in the dead-letter queue", func() bool {
		got, err := q.Receive(t.Context(), "work-dlq", 1, time.Second, time.Minute)
		b.must(err)
		return len(got) == 1 && string(got[0].Body) == "bad"
	})
}

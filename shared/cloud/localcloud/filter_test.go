package localcloud_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

func TestAFunctionIsCalledOnlyForWhatItsFilterTakes(t *testing.T) {
	tests := []struct {
		name, pattern string
		want          []string
	}{
		{"no filter", "", []string{"t|C#1/META", "_|R#1/META", "t|C#1/REC#0", "t|C#1/META"}},
		{"texts and prefixes, one of which must fit", `{"dynamodb":{"Keys":{"SK":{"S":["META",{"prefix":"REC"}]}}}}`, []string{"t|C#1/META", "_|R#1/META", "t|C#1/REC#0", "t|C#1/META"}},
		{"two names, which both must fit", `{"dynamodb":{"Keys":{"PK":{"S":[{"anything-but":{"prefix":"_|"}}]},"SK":{"S":["META"]}}}}`, []string{"t|C#1/META", "t|C#1/META"}},
		{"anything but some texts", `{"dynamodb":{"Keys":{"SK":{"S":[{"anything-but":["META"]}]}}}}`, []string{"t|C#1/REC#0"}},
		{"kinds of change", `{"eventName":["MODIFY"]}`, []string{"t|C#1/META"}},
		{"nothing", `{"eventName":["REMOVE"]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := localcloud.Open(localcloud.Options{Manual: true})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var got []string
			err = c.Subscribe(localcloud.Consumer{Name: "f", Filter: tt.pattern, Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
				if len(e.Records) == 0 {
					err = errors.New("called for nothing")
				}
				for _, r := range e.Records {
					got = append(got, r.Change.Keys["PK"].String()+"/"+r.Change.Keys["SK"].String())
				}
				return r, err
			}})
			if err != nil {
				t.Fatal(err)
			}
			for n, k := range []cloud.Key{{Part: "t|C#1", Sort: "META"}, {Part: "_|R#1", Sort: "META"}, {Part: "t|C#1", Sort: "REC#0"}, {Part: "t|C#1", Sort: "META"}} {
				if _, err := c.Table().Write(t.Context(), cloud.Write{Key: k, Set: cloud.Item{"n": n}}); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Drain(t.Context(), 100); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("called for %q, want %q", got, tt.want)
			}
			if calls := c.Counters().Invokes["f"]; calls != int64(len(tt.want)) {
				t.Errorf("%d calls, want %d", calls, len(tt.want))
			}
		})
	}
}

func TestAFilterThatIsNotKnownHereIsRefused(t *testing.T) {
	for _, pattern := range []string{
		`{`, `[]`, `{"awsRegion":["x"]}`, `{"eventName":"INSERT"}`, `{"eventName":{"S":["x"]}}`, `{"eventName":[{"suffix":"T"}]}`,
		`{"eventName":[{"prefix":"I","x":1}]}`, `{"dynamodb":["x"]}`, `{"dynamodb":{"Keys":{"PK":{"S":[{"anything-but":[1]}]}}}}`, `{"eventName":[null]}`,
	} {
		c, err := localcloud.Open(localcloud.Options{Manual: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Subscribe(localcloud.Consumer{Name: "f", Filter: pattern}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", pattern, err)
		}
		c.Close()
	}
}

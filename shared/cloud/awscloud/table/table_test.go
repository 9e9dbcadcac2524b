package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// answer is what a DynamoDB that we play says to one request.
type answer struct {
	status int
	body   string
}

const none = `{}`

func failure(code, more string) answer {
	return answer{400, `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"m"` + more + `}`}
}

func cancelled(codes ...string) answer {
	var each []string
	for _, c := range codes {
		item := ""
		if c == "ConditionalCheckFailed" {
			item = `,"Item":{"PK":{"S":"t|A"},"SK":{"S":"META"},"n":{"N":"7"}}`
		}
		each = append(each, `{"Code":"`+c+`"`+item+`}`)
	}
	return failure("TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(each, ",")+`]`)
}

// play answers the requests in turn, the last answer again and again, and
// counts them.
func play(t *testing.T, answers ...answer) (*Table, *atomic.Int64, *[]string) {
	var count atomic.Int64
	var bodies []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body)) // requests of these tests come one by one
		a := answers[min(int(count.Add(1)), len(answers))-1]
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	t.Cleanup(s.Close)
	cfg := awscloud.Config{Region: "eu-west-1", Endpoint: s.URL, Table: "huawu", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}}
	return New(cfg), &count, &bodies
}

var (
	key   = cloud.Key{Part: "t|A", Sort: "META"}
	add   = cloud.Write{Key: key, Add: map[string]int64{"v": 1}}
	put   = cloud.Write{Key: key, Put: cloud.Item{"n": 1}}
	other = cloud.Write{Key: cloud.Key{Part: "t|B", Sort: "META"}, Delete: true}
)

func TestWhatBecomesOfAFailedWrite(t *testing.T) {
	broken := answer{500, `{"__type":"InternalServerError"}`}
	tests := []struct {
		name     string
		writes   []cloud.Write // one: Write, more: Transact
		answers  []answer
		kind     fault.Kind
		why      []cloud.Why
		requests int64
	}{
		{"a lost race is not repeated", []cloud.Write{put}, []answer{failure("ConditionalCheckFailedException", "")},
			fault.Conflict, []cloud.Why{cloud.WhyCondition}, 1},
		{"another's transaction on the item is waited for", []cloud.Write{put}, []answer{failure("TransactionConflictException", ""), {200, none}}, "", nil, 2},
		{"but not for ever", []cloud.Write{put}, []answer{failure("TransactionConflictException", "")},
			fault.Conflict, []cloud.Why{cloud.WhyConflict}, attempts},
		{"a put is repeated after a server error", []cloud.Write{put}, []answer{broken, {200, none}}, "", nil, 2},
		{"an addition is not: it may have been done", []cloud.Write{add}, []answer{broken}, fault.Unavailable, nil, 1},
		{"a throttled addition was not done", []cloud.Write{add}, []answer{failure("ProvisionedThroughputExceededException", ""), {200, none}}, "", nil, 2},
		{"throttling that lasts is told as such", []cloud.Write{put}, []answer{failure("ThrottlingException", "")},
			fault.Throttled, []cloud.Why{cloud.WhyThrottled}, int64(patience.Attempts)},
		{"an expression that is wrong is not repeated", []cloud.Write{put}, []answer{failure("ValidationException", "")}, fault.Invalid, nil, 1},
		{"a table that is not there", []cloud.Write{put}, []answer{failure("ResourceNotFoundException", "")}, fault.NotFound, nil, 1},
		{"no right", []cloud.Write{put}, []answer{failure("AccessDeniedException", "")}, fault.Forbidden, nil, 1},

		{"a transaction tells each reason", []cloud.Write{put, other}, []answer{cancelled("None", "ConditionalCheckFailed")},
			fault.Conflict, []cloud.Why{cloud.WhyNone, cloud.WhyCondition}, 1},
		{"a transaction in the way of another is repeated", []cloud.Write{put, other}, []answer{cancelled("TransactionConflict", "None"), {200, none}}, "", nil, 2},
		{"a lost race beside a conflict is lost", []cloud.Write{put, other}, []answer{cancelled("TransactionConflict", "ConditionalCheckFailed")},
			fault.Conflict, []cloud.Why{cloud.WhyConflict, cloud.WhyCondition}, 1},
		{"a throttled part is left to the caller", []cloud.Write{put, other}, []answer{cancelled("None", "ThrottlingError")},
			fault.Throttled, []cloud.Why{cloud.WhyNone, cloud.WhyThrottled}, 1},
		{"a part that is wrong is not repeated", []cloud.Write{put, other}, []answer{cancelled("ValidationError", "TransactionConflict")},
			fault.Invalid, []cloud.Why{cloud.WhyInvalid, cloud.WhyConflict}, 1},
		{"a token of other writes", []cloud.Write{put, other}, []answer{failure("IdempotentParameterMismatchException", "")}, fault.Invalid, nil, 1},
		{"a transaction is repeated after a server error: its token guards it", []cloud.Write{add, other}, []answer{broken, {200, none}}, "", nil, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tb, count, _ := play(t, tt.answers...)
			var err error
			if len(tt.writes) == 1 {
				_, err = tb.Write(t.Context(), tt.writes[0])
			} else {
				err = tb.Transact(t.Context(), "token", tt.writes...)
			}
			if fault.KindOf(err) != tt.kind {
				t.Errorf("kind %q, want %q: %v", fault.KindOf(err), tt.kind, err)
			}
			var r *cloud.Refused
			if errors.As(err, &r) != (tt.why != nil) {
				t.Errorf("refusal: %v", err)
			} else if tt.why != nil {
				var why []cloud.Why
				for _, e := range r.Each {
					why = append(why, e.Why)
					if e.Why == cloud.WhyCondition && len(tt.writes) > 1 && e.Old.Int("n") != 7 {
						t.Errorf("stored item %v", e.Old)
					}
				}
				if fmt.Sprint(why) != fmt.Sprint(tt.why) {
					t.Errorf("reasons %q, want %q", why, tt.why)
				}
			}
			if count.Load() != tt.requests {
				t.Errorf("%d requests, want %d", count.Load(), tt.requests)
			}
		})
	}
}

// A transaction whose answer was lost must be the same when it comes again, to
// every name and value: DynamoDB compares what came with a token.
func TestARepeatedTransactionIsTheSame(t *testing.T) {
	tb, _, bodies := play(t, answer{500, none}, cancelled("TransactionConflict"), answer{200, none})
	w := cloud.Write{Key: key, If: []cloud.Cond{{Attr: "state", Op: "=", Value: "A"}}, Set: cloud.Item{"c": 1, "a": 2, "b": 3}, Add: map[string]int64{"z": 1, "y": 1}, Remove: []string{"q", "p"}}
	if err := tb.Transact(t.Context(), "", w); err != nil {
		t.Fatal(err)
	}
	each := make([]any, len(*bodies))
	for i, body := range *bodies {
		if err := json.Unmarshal([]byte(body), &each[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(each) != 3 || !reflect.DeepEqual(each[0], each[1]) || !reflect.DeepEqual(each[1], each[2]) {
		t.Fatalf("requests %q", *bodies)
	}
	var sent struct {
		ClientRequestToken string
		TransactItems      []struct {
			Update struct{ UpdateExpression, ConditionExpression string }
		}
	}
	if err := json.Unmarshal([]byte((*bodies)[0]), &sent); err != nil || len(sent.ClientRequestToken) != 36 {
		t.Fatalf("%v, token %q", err, sent.ClientRequestToken)
	}
	u := sent.TransactItems[0].Update
	if u.ConditionExpression != "#0 = :0" || u.UpdateExpression != "SET #1 = :1, #2 = :2, #3 = :3 ADD #4 :4, #5 :5 REMOVE #6, #7" {
		t.Errorf("expressions %q and %q", u.ConditionExpression, u.UpdateExpression)
	}
}

func TestAStoredValueOfNoKnownTypeIsABug(t *testing.T) {
	for _, v := range []string{`{"NULL":true}`, `{"N":"1.5"}`, `{"N":"99999999999999999999"}`, `{"NS":["1"]}`} {
		tb, _, _ := play(t, answer{200, `{"Item":{"PK":{"S":"t|A"},"SK":{"S":"META"},"x":` + v + `}}`})
		if _, err := tb.Get(t.Context(), key, true); fault.KindOf(err) != fault.Internal {
			t.Errorf("%s gives %v", v, err)
		}
	}
}

func TestOpenMindsAWrongTableButNoOutage(t *testing.T) {
	for want, a := range map[fault.Kind]answer{
		"": {200, none}, fault.NotFound: failure("ResourceNotFoundException", ""), fault.Forbidden: failure("AccessDeniedException", "")} {
		tb, _, _ := play(t, a)
		cfg := awscloud.Config{Region: "eu-west-1", Endpoint: *tb.db.Options().BaseEndpoint, Table: "huawu", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}}
		if _, err := Open(t.Context(), cfg); fault.KindOf(err) != want {
			t.Errorf("%v, want kind %q", err, want)
		}
	}
	gone := awscloud.Config{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1", Table: "huawu", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}}
	if _, err := Open(t.Context(), gone); err != nil {
		t.Errorf("an outage at start: %v", err)
	}
	if _, err := New(gone).Get(t.Context(), key, true); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an outage later: %v", err)
	}
	gone.Table = ""
	if _, err := Open(t.Context(), gone); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no name: %v", err)
	}
}

func TestACursorOfAnotherQueryIsRefused(t *testing.T) {
	tb, count, _ := play(t, answer{200, none})
	for _, c := range []cloud.Cursor{{}, {"PK": "t|A"}, {"PK": "t|A", "SK": 7}, {"PK": "t|A", "SK": "x", "GSI1PK": "y"}} {
		if _, _, err := tb.Query(t.Context(), cloud.Query{Part: "t|A", After: c}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v gives %v", c, err)
		}
	}
	if count.Load() != 0 {
		t.Errorf("%d requests", count.Load())
	}
}

package sma_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"huawu/shared/sma"
)

// sameJSON reports whether two texts mean the same.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return reflect.DeepEqual(x, y)
}

// roundTrip decodes a file into v and encodes it again.
func roundTrip(t *testing.T, file string, v any) {
	t.Helper()
	in, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("no example: %v", err)
	}
	if err := json.Unmarshal(in, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !sameJSON(t, in, out) {
		t.Errorf("%s changed:\n%s", file, out)
	}
}

func TestEveryEventHasAnExampleThatRoundTrips(t *testing.T) {
	for _, kind := range sma.EventTypes() {
		var e sma.Event
		roundTrip(t, filepath.Join("testdata", "events", string(kind)+".json"), &e)
		if e.InvocationEventType != kind || e.Extra != nil || e.CallDetails.Extra != nil || e.ActionData != nil && e.ActionData.Extra != nil {
			t.Errorf("%s: %+v", kind, e)
		}
	}
}

func TestEveryActionHasAnExampleThatRoundTripsAndIsValid(t *testing.T) {
	for _, kind := range sma.ActionTypes() {
		var a sma.Action
		roundTrip(t, filepath.Join("testdata", "actions", string(kind)+".json"), &a)
		if a.Type != kind || a.Parameters.ActionType() != kind {
			t.Errorf("%s is read as %s %s", kind, a.Type, a.Parameters.ActionType())
		}
		if faults := a.Check(0, sma.Capabilities()...); faults != nil {
			t.Errorf("%s: %v", kind, faults)
		}
		if p := sma.New(kind); p == nil || reflect.TypeOf(p) != reflect.TypeOf(a.Parameters) {
			t.Errorf("New(%s) = %T", kind, p)
		}
		if extra := reflect.ValueOf(a.Parameters).Elem().FieldByName("Extra"); !extra.IsNil() {
			t.Errorf("%s: fields without a Go field: %v", kind, extra)
		}
	}
}

func TestReadingIsLenient(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"numbers as strings", `{"Type":"PlayAudio","Parameters":{"Repeat":"3","AudioSource":{"Type":"S3","BucketName":"b","Key":"k"}}}`,
			`{"Type":"PlayAudio","Parameters":{"Repeat":3,"AudioSource":{"Type":"S3","BucketName":"b","Key":"k"}}}`},
		{"numbers with a fraction of nothing", `{"Type":"Pause","Parameters":{"DurationInMilliseconds":3000.0}}`, `{"Type":"Pause","Parameters":{"DurationInMilliseconds":3000}}`},
		{"empty strings are absent", `{"Type":"Pause","Parameters":{"CallId":"","ParticipantTag":"","DurationInMilliseconds":""}}`, `{"Type":"Pause","Parameters":{}}`},
		{"the tag in another case", `{"Type":"Pause","Parameters":{"ParticipantTag":"Leg-A","DurationInMilliseconds":1}}`, `{"Type":"Pause","Parameters":{"ParticipantTag":"LEG-A","DurationInMilliseconds":1}}`},
		{"the older name of the token", `{"Type":"JoinChimeMeeting","Parameters":{"AttendeeJoinToken":"t","MeetingId":"m"}}`, `{"Type":"JoinChimeMeeting","Parameters":{"JoinToken":"t","MeetingId":"m"}}`},
		{"terminators as one string", `{"Type":"PlayAudioAndGetDigits","Parameters":{"TerminatorDigits":"#*","AudioSource":{"Type":"S3","BucketName":"b","Key":"k"}}}`,
			`{"Type":"PlayAudioAndGetDigits","Parameters":{"TerminatorDigits":["#","*"],"AudioSource":{"Type":"S3","BucketName":"b","Key":"k"}}}`},
		{"terminators as numbers", `{"Type":"PlayAudio","Parameters":{"PlaybackTerminators":[1,"2"],"AudioSource":{}}}`, `{"Type":"PlayAudio","Parameters":{"PlaybackTerminators":["1","2"]}}`},
		{"digits as a number", `{"Type":"SendDigits","Parameters":{"CallId":"a","Digits":123}}`, `{"Type":"SendDigits","Parameters":{"CallId":"a","Digits":"123"}}`},
		{"a boolean as a string", `{"Type":"VoiceFocus","Parameters":{"CallId":"a","Enable":"True"}}`, `{"Type":"VoiceFocus","Parameters":{"CallId":"a","Enable":true}}`},
		{"no parameters", `{"Type":"Hangup"}`, `{"Type":"Hangup","Parameters":{"SipResponseCode":0}}`},
		{"null parameters", `{"Type":"Hangup","Parameters":null}`, `{"Type":"Hangup","Parameters":{"SipResponseCode":0}}`},
		{"what is not known stays", `{"Type":"Hangup","Parameters":{"SipResponseCode":0,"New":{"a":[1]}},"Note":"x"}`, `{"Type":"Hangup","Parameters":{"SipResponseCode":0,"New":{"a":[1]}},"Note":"x"}`},
		{"an action that is not known stays", `{"Type":"Dance","Parameters":{"Steps":[1,2]}}`, `{"Type":"Dance","Parameters":{"Steps":[1,2]}}`},
		{"parameters of a wrong type stay", `{"Type":"Pause","Parameters":{"DurationInMilliseconds":"soon"}}`, `{"Type":"Pause","Parameters":{"DurationInMilliseconds":"soon"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var a sma.Action
			if err := json.Unmarshal([]byte(tt.in), &a); err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(a)
			if err != nil || !sameJSON(t, out, []byte(tt.want)) {
				t.Errorf("%v\nhave %s\nwant %s", err, out, tt.want)
			}
		})
	}
}

func TestReadingEventsIsLenient(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"older names", `{"SchemaVersion":"1.0","Sequence":"2","InvocationEvent":"RINGING","CallDetails":{"TransactionId":"t","SipApplicationId":"s","AwsAccountId":123,"Participants":[{"CallId":"a","ParticipantTag":"Leg-A","To":1,"From":"2","Direction":"Inbound","StartTimeInMilliseconds":17,"New":1}]},"Later":true}`,
			`{"SchemaVersion":"1.0","Sequence":2,"InvocationEventType":"RINGING","CallDetails":{"TransactionId":"t","SipMediaApplicationId":"s","AwsAccountId":"123","Participants":[{"CallId":"a","ParticipantTag":"LEG-A","To":"1","From":"2","Direction":"Inbound","StartTimeInMilliseconds":"17","New":1}]},"Later":true}`},
		{"an error as one string", `{"InvocationEventType":"ACTION_FAILED","CallDetails":{"TransactionId":"t","Participants":[]},"ActionData":{"Type":"Pause","Parameters":{},"Error":"InvalidActionParameter: DurationInMilliseconds missing"}}`,
			`{"SchemaVersion":"","Sequence":0,"InvocationEventType":"ACTION_FAILED","CallDetails":{"TransactionId":"t","Participants":[]},"ActionData":{"Type":"Pause","Parameters":{},"ErrorType":"InvalidActionParameter","ErrorMessage":"DurationInMilliseconds missing"}}`},
		{"an error as a list", `{"InvocationEventType":"ACTION_FAILED","CallDetails":{"TransactionId":"t","Participants":[]},"ActionData":{"Type":"Pause","ErrorList":["SystemException"]}}`,
			`{"SchemaVersion":"","Sequence":0,"InvocationEventType":"ACTION_FAILED","CallDetails":{"TransactionId":"t","Participants":[]},"ActionData":{"Type":"Pause","ErrorType":"SystemException"}}`},
		{"call details within the data", `{"InvocationEventType":"ACTION_SUCCESSFUL","ActionData":{"CallDetails":{"TransactionId":"t","Participants":[]},"Type":"StartBotConversation","Parameters":{"BotAliasArn":"b"},"IntentResult":{"SessionId":"s"}}}`,
			`{"SchemaVersion":"","Sequence":0,"InvocationEventType":"ACTION_SUCCESSFUL","CallDetails":{"TransactionId":"t","Participants":[]},"ActionData":{"Type":"StartBotConversation","Parameters":{"BotAliasArn":"b"},"IntentResult":{"SessionId":"s"}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e sma.Event
			if err := json.Unmarshal([]byte(tt.in), &e); err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(e)
			if err != nil || !sameJSON(t, out, []byte(tt.want)) {
				t.Errorf("%v\nhave %s\nwant %s", err, out, tt.want)
			}
		})
	}
}

func TestAResponseMayBeAnything(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a list", `[]`, `{"SchemaVersion":"1.0","Actions":[]}`},
		{"null", `null`, `{"SchemaVersion":"1.0","Actions":[]}`},
		{"text", `"ok"`, `{"SchemaVersion":"1.0","Actions":[]}`},
		{"no actions", `{"SchemaVersion":"1.0"}`, `{"SchemaVersion":"1.0","Actions":[]}`},
		{"null actions", `{"Actions":null,"TransactionAttributes":null}`, `{"SchemaVersion":"1.0","Actions":[]}`},
		{"attributes that clear", `{"Actions":[],"TransactionAttributes":{}}`, `{"SchemaVersion":"1.0","Actions":[],"TransactionAttributes":{}}`},
		{"attributes of other types", `{"Actions":[],"TransactionAttributes":{"a":1,"b":true,"c":null,"d":{"x":[1, 2]}}}`,
			`{"SchemaVersion":"1.0","Actions":[],"TransactionAttributes":{"a":"1","b":"true","d":"{\"x\":[1,2]}"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := sma.ReadResponse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(r)
			if err != nil || !sameJSON(t, out, []byte(tt.want)) {
				t.Errorf("%v\nhave %s\nwant %s", err, out, tt.want)
			}
		})
	}
	if _, err := sma.ReadResponse([]byte(`{"Actions":`)); err == nil {
		t.Error("broken JSON is accepted")
	}
	keep, _ := sma.ReadResponse([]byte(`{"Actions":[],"TransactionAttributes":null}`))
	clear, _ := sma.ReadResponse([]byte(`{"Actions":[],"TransactionAttributes":{}}`))
	if keep.TransactionAttributes != nil || clear.TransactionAttributes == nil {
		t.Errorf("null = %v, {} = %v", keep.TransactionAttributes, clear.TransactionAttributes)
	}
}

func TestCheckNamesActionAndField(t *testing.T) {
	many := strings.Repeat(`{"Type":"Hangup"},`, 11)
	pairs := ""
	for i := range 101 {
		pairs += `"k` + string(rune('a'+i%26)) + strings.Repeat("x", i) + `":"v",`
	}
	tests := []struct{ name, in, want string }{
		{"eleven actions", `{"Actions":[` + strings.TrimSuffix(many, ",") + `]}`, "response: Actions: has 11 actions, at most 10 are allowed"},
		{"too many attributes", `{"TransactionAttributes":{` + strings.TrimSuffix(pairs, ",") + `}}`, "response: TransactionAttributes: has 101 pairs, at most 100 are allowed"},
		{"too large attributes", `{"TransactionAttributes":{"a":"` + strings.Repeat("x", 21000) + `"}}`, "response: TransactionAttributes: has 21008 bytes, at most 20480 are allowed"},
		{"another version", `{"SchemaVersion":"2.0"}`, `response: SchemaVersion: is "2.0", want "1.0"`},
		{"an action that does not exist", `{"Actions":[{"Type":"Speek"}]}`, "action 0 (Speek): Type: no such action; did you mean Speak?"},
		{"nothing like an action", `{"Actions":[{"Type":"Xyzzy"}]}`, "action 0 (Xyzzy): Type: no such action"},
		{"an extension that was not offered", `{"Actions":[{"Type":"Huawu.Answer"}]}`, "action 0 (Huawu.Answer): Type: extension Huawu.Answer was not offered on this route"},
		{"a wrong type", `{"Actions":[{"Type":"Hangup"},{"Type":"Pause","Parameters":{"DurationInMilliseconds":"x"}}]}`, `action 1 (Pause): Type: Parameters: want a whole number, have "x"`},
		{"no text", `{"Actions":[{"Type":"Speak","Parameters":{"CallId":"a"}}]}`, "action 0 (Speak): Parameters.Text: missing"},
		{"no leg", `{"Actions":[{"Type":"Speak","Parameters":{"Text":"a"}}]}`, "action 0 (Speak): Parameters.CallId: missing"},
		{"a long text", `{"Actions":[{"Type":"Speak","Parameters":{"CallId":"a","Text":"` + strings.Repeat("好", 1001) + `"}}]}`, "action 0 (Speak): Parameters.Text: has 1001 characters, at most 1000 are allowed"},
		{"no sound", `{"Actions":[{"Type":"PlayAudio","Parameters":{"AudioSource":{"Type":"S3"}}}]}`, "action 0 (PlayAudio): Parameters.AudioSource.BucketName: missing; action 0 (PlayAudio): Parameters.AudioSource.Key: missing"},
		{"no wait for digits", `{"Actions":[{"Type":"SpeakAndGetDigits","Parameters":{"CallId":"a","SpeechParameters":{"Text":"x"},"InputDigitsRegex":"("}}]}`,
			"action 0 (SpeakAndGetDigits): Parameters.InputDigitsRegex: is no regular expression; action 0 (SpeakAndGetDigits): Parameters.RepeatDurationInMilliseconds: missing"},
		{"more digits than allowed", `{"Actions":[{"Type":"SendDigits","Parameters":{"CallId":"a","Digits":"12x"}}]}`, "action 0 (SendDigits): Parameters.Digits: want at most 50 of 0-9 * # A-D and comma"},
		{"a status that is not allowed", `{"Actions":[{"Type":"Hangup","Parameters":{"SipResponseCode":404}}]}`, "action 0 (Hangup): Parameters.SipResponseCode: is 404, want 0, 480 or 486"},
		{"nobody to call", `{"Actions":[{"Type":"CallAndBridge","Parameters":{"CallTimeoutSeconds":121}}]}`,
			"action 0 (CallAndBridge): Parameters.CallTimeoutSeconds: is 121, want 1 to 120; action 0 (CallAndBridge): Parameters.CallerIdNumber: missing; action 0 (CallAndBridge): Parameters.Endpoints: missing"},
		{"a header of the network", `{"Actions":[{"Type":"CallAndBridge","Parameters":{"CallerIdNumber":"1","Endpoints":[{"BridgeEndpointType":"PSTN","Uri":"1"}],"SipHeaders":{"P-Asserted-Identity":"x"}}}]}`,
			"action 0 (CallAndBridge): Parameters.SipHeaders: only X-*, User-to-User and Diversion are allowed, X-AMZN is reserved"},
		{"a header with a line break", `{"Actions":[{"Type":"CallAndBridge","Parameters":{"CallerIdNumber":"1","Endpoints":[{"BridgeEndpointType":"PSTN","Uri":"1"}],"SipHeaders":{"X-A":"x\r\nRoute: y"}}}]}`,
			"action 0 (CallAndBridge): Parameters.SipHeaders: holds a line break"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := sma.ReadResponse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Err(); err == nil || err.Error() != tt.want {
				t.Errorf("have %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestCheckOfExtensions(t *testing.T) {
	tests := []struct {
		name string
		p    sma.Parameters
		want string
	}{
		{"an empty loop", &sma.PlayLoop{}, "action 3 (Huawu.PlayLoop): Parameters.Messages: missing"},
		{"a message of two kinds", &sma.PlayLoop{Messages: []sma.Message{{PromptID: "a", Speech: sma.Speech{Text: "b"}}}}, "action 3 (Huawu.PlayLoop): Parameters.Messages: want exactly one of PromptId, Text and AudioSource in each message"},
		{"a whisper to nobody", &sma.ConferenceJoin{ConferenceID: "c", Mode: sma.ModeWhisper}, "action 3 (Huawu.Conference.Join): Parameters.SpeakOnlyTo: missing with mode whisper"},
		{"no mode", &sma.ConferenceUpdate{ConferenceID: "c"}, "action 3 (Huawu.Conference.Update): Parameters.Mode: want one of talk, listen, whisper, barge, hold"},
		{"a status that is no refusal", &sma.Reject{SipResponseCode: 200}, "action 3 (Huawu.Reject): Parameters.SipResponseCode: is 200, want 300 to 699"},
		{"digits without an end", &sma.CollectDigits{MaxLength: 1, FirstDigitMs: 1}, "action 3 (Huawu.CollectDigits): Parameters.InterDigitMs: missing"},
		{"an update as an action", &sma.CallUpdateRequest{}, "action 3 (CallUpdateRequest): Type: CallUpdateRequest is the data of an event, not an action"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := sma.Do(tt.p)[0].Check(3, sma.Capabilities()...)
			if len(faults) != 1 || faults[0].Error() != tt.want {
				t.Errorf("have %v\nwant %s", faults, tt.want)
			}
		})
	}
}

func TestEventAnswersQuestionsAboutItself(t *testing.T) {
	e := sma.Event{CallDetails: sma.CallDetails{Participants: []sma.Participant{{CallID: "a", ParticipantTag: sma.LegA}, {CallID: "b", ParticipantTag: sma.LegB, Status: sma.Disconnected}}}}
	if e.Has(sma.CanPlayLoop) {
		t.Error("a core route has a capability")
	}
	e.CallDetails.Huawu = &sma.Offer{Capabilities: []sma.Capability{sma.CanPlayLoop}}
	if !e.Has(sma.CanPlayLoop) || e.Has(sma.CanAnswer) {
		t.Error("Has is wrong")
	}
	if p, ok := e.Leg(sma.LegB); !ok || p.CallID != "b" {
		t.Errorf("Leg = %v %v", p, ok)
	}
	if p, ok := e.LegByID("a"); !ok || p.ParticipantTag != sma.LegA {
		t.Errorf("LegByID = %v %v", p, ok)
	}
	if live := e.Live(); len(live) != 1 || live[0].CallID != "a" {
		t.Errorf("Live = %v", live)
	}
	if e.Arguments() != nil {
		t.Error("arguments of nothing")
	}
	e.ActionData = &sma.ActionData{Parameters: &sma.CallUpdateRequest{Arguments: sma.Attributes{"huawu": "ring"}}}
	if e.Arguments()["huawu"] != "ring" {
		t.Error("arguments are lost")
	}
}

// FuzzEvent checks that what is read is written the same way twice.
func FuzzEvent(f *testing.F) {
	for _, file := range examples(f, "events") {
		f.Add(file)
	}
	f.Add([]byte(`{"ActionData":{"Type":"Speak","Parameters":{"Extra":1,"callid":"x","CallId":"y"}},"actiondata":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e, again sma.Event
		if json.Unmarshal(data, &e) != nil {
			return
		}
		once, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := json.Marshal(again); err != nil || !sameJSON(t, once, twice) {
			t.Fatalf("%v\n%s\n%s", err, once, twice)
		}
	})
}

// FuzzResponse checks that reading and checking never fail otherwise than by an error.
func FuzzResponse(f *testing.F) {
	for _, file := range examples(f, "actions") {
		f.Add([]byte(`{"Actions":[` + string(file) + `]}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := sma.ReadResponse(data)
		if err != nil {
			return
		}
		_ = r.Err()
		_ = r.Err(sma.Capabilities()...)
		once, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := sma.ReadResponse(once)
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := json.Marshal(again); err != nil || !sameJSON(t, once, twice) {
			t.Fatalf("%v\n%s\n%s", err, once, twice)
		}
	})
}

func examples(f *testing.F, folder string) [][]byte {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	var list [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}

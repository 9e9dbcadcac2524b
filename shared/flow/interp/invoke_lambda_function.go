package interp

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"huawu/shared/flow"
)

// invokeLambdaFunction is InvokeLambdaFunction: it calls a function with the
// parameters; the reply is $.External until the next call. A reply that is too
// large or of another form than ResponseType says is an error like any other
// failure: NoMatchingError with $.External empty. What was said before is heard
// first.
// Source: Amazon Connect flow language, "InvokeLambdaFunction".
type invokeLambdaFunction struct {
	LambdaFunctionARN          flow.Template
	InvocationTimeLimitSeconds flow.Template
	InvocationType             flow.Template
	LambdaInvocationAttributes pairs
	ResponseValidation         struct {
		ResponseType flow.Template
	}
}

const (
	maxReplyBytes    = 32 << 10
	maxAsyncSeconds  = 60
	jsonReply        = "JSON"
	asynchronousCall = "ASYNCHRONOUS"
)

func (a *invokeLambdaFunction) execute(r *run) result {
	if branch, no := r.refused(); no {
		r.setExternal(nil)
		return r.failed(branch)
	}
	async := r.expand(a.InvocationType) == asynchronousCall
	if reply, ok := r.answer.(FunctionReply); ok {
		return a.replied(r, reply, async)
	}
	arn := r.expand(a.LambdaFunctionARN)
	limit, ok := r.number(a.InvocationTimeLimitSeconds, 3)
	most := flow.MaxFunctionWait
	if async {
		most = maxAsyncSeconds
	}
	if arn == "" || !ok || limit < 1 || limit > most {
		return r.failed(flow.NoMatchingError)
	}
	return r.effect(InvokeFunction{ARN: arn, Parameters: maps.Collect(a.LambdaInvocationAttributes.all(r)),
		JSON: a.json(), TimeLimit: time.Duration(limit) * time.Second, Async: async})
}

func (a *invokeLambdaFunction) json() bool {
	return a.ResponseValidation.ResponseType.String() == jsonReply
}

func (a *invokeLambdaFunction) replied(r *run, reply FunctionReply, async bool) result {
	if async {
		r.s.InvocationID = reply.InvocationID
		return r.next()
	}
	external, ok := checkReply(reply.Payload, a.json())
	r.setExternal(external)
	if !ok {
		return r.failed(flow.NoMatchingError)
	}
	return r.next()
}

func (r *run) setExternal(raw json.RawMessage) {
	r.s.External, r.external, r.decoded = raw, nil, false
}

// checkReply returns the reply of a function if it has the form that was asked
// for. In a flat map numbers and booleans count as their text; null is empty.
func checkReply(raw json.RawMessage, anyJSON bool) (json.RawMessage, bool) {
	if len(raw) > maxReplyBytes {
		return nil, false
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	if anyJSON {
		return raw, json.Valid(raw)
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil, false
	}
	flat := make(map[string]string, len(m))
	for name, value := range m {
		switch value[0] {
		case '{', '[':
			return nil, false
		case '"':
			var s string
			if json.Unmarshal(value, &s) != nil {
				return nil, false
			}
			flat[name] = s
		case 'n':
			flat[name] = ""
		default:
			flat[name] = string(value)
		}
	}
	out, err := json.Marshal(flat)
	return out, err == nil
}

func (a *invokeLambdaFunction) check(*flow.Transitions) (field, wrong string) {
	if t := a.InvocationTimeLimitSeconds; t.Static() && !t.Absent() {
		most := flow.MaxFunctionWait
		if a.InvocationType.String() == asynchronousCall {
			most = maxAsyncSeconds
		}
		if n, err := strconv.Atoi(t.String()); err != nil || n < 1 || n > most {
			return "Parameters.InvocationTimeLimitSeconds", "want 1 to " + strconv.Itoa(most)
		}
	}
	if t := a.ResponseValidation.ResponseType; !t.Absent() && t.String() != jsonReply && t.String() != "STRING_MAP" {
		return "Parameters.ResponseValidation.ResponseType", "want STRING_MAP or JSON"
	}
	return "", ""
}

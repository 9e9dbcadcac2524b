package interp

import (
	"encoding/json"
	"strconv"
	"strings"

	"huawu/shared/flow"
)

// text resolves a reference to text; what does not exist is empty.
// Source: spec, contracts/attribute-paths.csv.
func (r *run) text(p flow.Path) string {
	name := p[0]
	if len(p) == 1 {
		return r.single(name)
	}
	switch name {
	case "Attributes":
		return r.s.Attributes[p[1]]
	case "FlowAttributes":
		return r.s.FlowAttributes[p[1]]
	case "External":
		if !r.decoded {
			r.external, r.decoded = decodeAny(r.s.External), true
		}
		return pick(r.external, p[1:])
	case "Lex":
		return pick(decodeAny(r.s.Lex), p[1:])
	case "Metrics":
		return r.s.Metrics[strings.Join(p[1:], ".")]
	case "Queue":
		return r.queueText(p[1:])
	case "Customer", "Case", "Task", "Wisdom":
		return pick(decodeAny(r.s.Data[name]), p[1:])
	}
	return r.contactText(p)
}

// single resolves the references of one name.
func (r *run) single(name string) string {
	c := &r.env.Contact
	switch name {
	case "Channel":
		return orElse(c.Channel, "VOICE")
	case "ContactId":
		return c.ID
	case "InitialContactId":
		return orElse(c.InitialID, c.ID)
	case "PreviousContactId":
		return orElse(c.PreviousID, c.ID)
	case "RelatedContactId":
		return c.RelatedID
	case "InitiationMethod":
		return orElse(c.InitiationMethod, "INBOUND")
	case "InstanceARN":
		return c.InstanceARN
	case "AwsRegion":
		return c.Region
	case "StoredCustomerInput":
		return r.s.Stored
	case "CustomerCallbackNumber", "CustomerCallBackPhoneNumber":
		return r.s.Callback
	case "TextToSpeechVoiceId":
		return r.voice().id
	case "LanguageCode":
		return r.language()
	case "Name":
		return r.s.Name
	case "Description":
		return r.s.Description
	case "CustomerId":
		return r.s.CustomerID
	}
	return ""
}

// contactText resolves what the environment knows of the contact.
func (r *run) contactText(p flow.Path) string {
	c := &r.env.Contact
	switch p[0] {
	case "CustomerEndpoint":
		return c.Customer.field(p[1])
	case "SystemEndpoint":
		return c.System.field(p[1])
	case "Agent":
		switch p[1] {
		case "ARN":
			return c.Agent.ARN
		case "UserName":
			return c.Agent.UserName
		case "FirstName":
			return c.Agent.FirstName
		case "LastName":
			return c.Agent.LastName
		}
	case "LambdaInvocation":
		if p[1] == "InvocationId" {
			return r.s.InvocationID
		}
	case "Media":
		if len(p) == 4 && p[1] == "Sip" && p[2] == "Headers" {
			return c.SIPHeaders[p[3]]
		}
	case "References":
		if ref, ok := r.s.References[p[1]]; ok && len(p) == 3 {
			if p[2] == "Type" {
				return ref.Type
			}
			return ref.Value
		}
	case "Tags":
		return c.Tags[p[1]]
	case "SegmentAttributes":
		return c.Segment[p[1]]
	}
	return ""
}

func (r *run) queueText(p flow.Path) string {
	switch q := &r.s.Queue; p[0] {
	case "Name":
		return q.Name
	case "ARN":
		return orElse(q.ARN, q.ID)
	case "OutboundCallerId":
		if len(p) == 2 && p[1] == "Address" {
			return q.Caller
		}
		if len(p) == 2 && p[1] == "Type" && q.Caller != "" {
			return telephoneNumber
		}
	case "PositionInQueue", "Position": // ours: Connect has none
		if r.env.Contact.Position > 0 {
			return strconv.Itoa(r.env.Contact.Position)
		}
	}
	return ""
}

const telephoneNumber = "TELEPHONE_NUMBER"

func (e Endpoint) field(name string) string {
	switch name {
	case "Address":
		return e.Address
	case "Type":
		return orElse(e.Type, telephoneNumber)
	}
	return ""
}

// expand resolves a parameter.
func (r *run) expand(t flow.Template) string { return t.Expand(r.text) }

// Expand resolves a value against a state between two steps, as an action
// that comes next would see it.
func Expand(t flow.Template, s State, env Env) string {
	r := &run{env: &env, s: s}
	return r.expand(t)
}

// number resolves a parameter to a whole number; without a value it is fallback.
func (r *run) number(t flow.Template, fallback int) (int, bool) {
	text := strings.TrimSpace(r.expand(t))
	if text == "" {
		return fallback, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// isTrue reads "True", "true" and true.
func isTrue(text string) bool { return strings.EqualFold(text, "true") }

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// decodeAny decodes JSON that was checked before; numbers keep their form.
func decodeAny(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// pick returns the value at a path as text; objects and lists as JSON.
func pick(v any, p flow.Path) string {
	for _, name := range p {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			v = at[i]
		default:
			return ""
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

package interp

// LambdaEvent is the event of a function that a flow calls, in full: existing
// functions written for Amazon Connect read it unchanged. Stored input and the
// callback number are not in it: a flow passes them as parameters.
// Source: Amazon Connect administrator guide, "Invoke Lambda functions", and the
// newer fields seen in public code (spec, contracts/connect-contracts.json).
type LambdaEvent struct {
	Name    string // ContactFlowEvent
	Details LambdaDetails
}

// LambdaDetails are the parameters of the call and the contact.
type LambdaDetails struct {
	ContactData LambdaContact
	Parameters  map[string]string
}

// LambdaContact is the contact as functions see it.
type LambdaContact struct {
	Attributes        map[string]string
	AwsRegion         string
	Channel           string
	ContactID         string `json:"ContactId"`
	CustomerEndpoint  *LambdaEndpoint
	CustomerID        *string `json:"CustomerId"`
	Description       *string
	InitialContactID  string `json:"InitialContactId"`
	InitiationMethod  string
	InstanceARN       string
	LanguageCode      string
	MediaStreams      LambdaStreams
	Name              *string
	PreviousContactID string `json:"PreviousContactId"`
	Queue             *LambdaQueue
	References        map[string]LambdaReference
	RelatedContactID  *string `json:"RelatedContactId"`
	SegmentAttributes map[string]LambdaSegment
	SystemEndpoint    *LambdaEndpoint
	Tags              map[string]string
}

// LambdaEndpoint is an address of a party.
type LambdaEndpoint struct {
	Address string
	Type    string
}

// LambdaStreams are the contact's media streams; there are none here.
type LambdaStreams struct {
	Customer struct{ Audio *struct{} }
}

// LambdaQueue is the contact's target queue.
type LambdaQueue struct {
	ARN              string
	Name             string
	OutboundCallerID *LambdaEndpoint `json:"OutboundCallerId"`
}

// LambdaReference is a reference of the contact.
type LambdaReference struct {
	Type  string
	Value string
}

// LambdaSegment is the value of a segment attribute.
type LambdaSegment struct {
	ValueString string
}

// NewLambdaEvent makes the event of a call that a flow asks for.
func NewLambdaEvent(s State, env Env, call InvokeFunction) LambdaEvent {
	r := &run{env: &env, s: s}
	c := &env.Contact
	d := LambdaContact{
		Attributes: orEmpty(s.Attributes), AwsRegion: c.Region, Channel: r.single("Channel"), ContactID: c.ID,
		CustomerEndpoint: c.Customer.lambda(), CustomerID: orNil(s.CustomerID), Description: orNil(s.Description),
		InitialContactID: r.single("InitialContactId"), InitiationMethod: r.single("InitiationMethod"), InstanceARN: c.InstanceARN,
		LanguageCode: r.language(), Name: orNil(s.Name), PreviousContactID: r.single("PreviousContactId"),
		References: map[string]LambdaReference{}, RelatedContactID: orNil(c.RelatedID),
		SegmentAttributes: map[string]LambdaSegment{}, SystemEndpoint: c.System.lambda(), Tags: orEmpty(c.Tags),
	}
	if s.Queue.ID != "" {
		d.Queue = &LambdaQueue{ARN: orElse(s.Queue.ARN, s.Queue.ID), Name: s.Queue.Name}
		if s.Queue.Caller != "" {
			d.Queue.OutboundCallerID = Endpoint{Address: s.Queue.Caller}.lambda()
		}
	}
	for name, ref := range s.References {
		d.References[name] = LambdaReference(ref)
	}
	for name, value := range c.Segment {
		d.SegmentAttributes[name] = LambdaSegment{value}
	}
	return LambdaEvent{Name: "ContactFlowEvent", Details: LambdaDetails{ContactData: d, Parameters: orEmpty(call.Parameters)}}
}

func (e Endpoint) lambda() *LambdaEndpoint {
	if e.Address == "" {
		return nil
	}
	return &LambdaEndpoint{Address: e.Address, Type: orElse(e.Type, telephoneNumber)}
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

package contact

import (
	"cmp"
	"time"
)

// Instance is what Connect shapes say of where they come from.
type Instance struct {
	Account string
	Region  string
}

// Endpoint is a party's address in Connect shapes.
type Endpoint struct {
	Address string
	Type    string // TELEPHONE_NUMBER
}

// TraceQueue is the Queue of a contact record.
type TraceQueue struct {
	ARN              string
	Name             string
	EnqueueTimestamp Stamp
	DequeueTimestamp Stamp
	Duration         int // seconds
}

// TraceAgent is the Agent of a contact record.
type TraceAgent struct {
	ARN                            string
	AfterContactWorkDuration       int // seconds, as are the next ones
	AfterContactWorkEndTimestamp   Stamp
	AfterContactWorkStartTimestamp Stamp
	AgentInteractionDuration       int
	ConnectedToAgentTimestamp      Stamp
	CustomerHoldDuration           int
	HierarchyGroups                *struct{}
	LongestHoldDuration            int
	NumberOfHolds                  int
	RoutingProfile                 TraceNamed
	Username                       string
}

// TraceNamed is a thing with an ARN and a name.
type TraceNamed struct {
	ARN  string
	Name string
}

// TraceRecording is one recording of a contact record.
type TraceRecording struct {
	DeletionReason  *string
	Location        string
	MediaStreamType string // AUDIO
	ParticipantType string // ALL
	StartTimestamp  Stamp
	Status          string // AVAILABLE
	StopTimestamp   Stamp
	StorageType     string
}

// Trace is a contact record in the shape of Amazon Connect ("contact records
// data model"): Pascal case, whole seconds, null for what did not happen.
type Trace struct {
	AWSAccountId                       string
	AWSContactTraceRecordFormatVersion string
	Agent                              *TraceAgent
	AgentConnectionAttempts            int
	Attributes                         map[string]string
	Channel                            string
	ConnectedToSystemTimestamp         Stamp
	ContactId                          string
	CustomerEndpoint                   *Endpoint
	DisconnectReason                   string
	DisconnectTimestamp                Stamp
	InitialContactId                   *string
	InitiationMethod                   string
	InitiationTimestamp                Stamp
	InstanceARN                        string
	LastUpdateTimestamp                Stamp
	MediaStreams                       []TraceStream
	NextContactId                      *string
	PreviousContactId                  *string
	Queue                              *TraceQueue
	Recording                          *TraceRecording
	Recordings                         []TraceRecording
	References                         []struct{}
	RelatedContactId                   *string
	ScheduledTimestamp                 Stamp
	SystemEndpoint                     *Endpoint
	TransferCompletedTimestamp         Stamp
	TransferredToEndpoint              *Endpoint
	Huawu                              TraceExtension
}

// TraceStream names a media stream of a contact record.
type TraceStream struct{ Type string }

// TraceExtension is what we know beyond Connect's shape.
type TraceExtension struct {
	Disposition string `json:",omitempty"`
	Reason      string `json:",omitempty"` // the exact one where Connect has no word for it
	Language    string `json:",omitempty"`
}

// Stamp is a time in whole seconds, null if it did not happen.
type Stamp struct{ time.Time }

// MarshalJSON encodes yyyy-mm-ddThh:mm:ssZ or null.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return []byte(s.UTC().Format(`"2006-01-02T15:04:05Z"`)), nil
}

// Trace returns the record in Connect's shape. It holds the customer's whole
// number: whoever passes it on decides who may see it. queueName "" takes the id.
func (r *Record) Trace(in Instance, queueName string) Trace {
	t := Trace{
		AWSAccountId: in.Account, AWSContactTraceRecordFormatVersion: "2017-03-10",
		AgentConnectionAttempts: r.Attempts, Attributes: r.Attributes, Channel: string(r.Channel),
		ConnectedToSystemTimestamp: Stamp{r.ToSystem}, ContactId: SegmentID(r.ID, r.Segment),
		CustomerEndpoint: endpoint(r.Customer.Full()), SystemEndpoint: endpoint(r.System.Full()),
		DisconnectReason: r.disconnectReason(), DisconnectTimestamp: Stamp{r.Disconnected},
		InitiationMethod: string(r.Method), InitiationTimestamp: Stamp{r.Contact.Initiated},
		InstanceARN: ARN("instance", r.Tenant, r.Tenant), LastUpdateTimestamp: Stamp{r.Since},
		MediaStreams: []TraceStream{{Type: "AUDIO"}}, References: []struct{}{}, Recordings: []TraceRecording{},
		Huawu: TraceExtension{Disposition: r.Disposition, Language: r.Language},
	}
	if t.DisconnectReason != string(r.Reason) {
		t.Huawu.Reason = string(r.Reason)
	}
	if r.Segment > 0 {
		first, before := string(r.ID), SegmentID(r.ID, r.Previous)
		t.InitialContactId, t.PreviousContactId = &first, &before
	}
	if r.Next > 0 {
		after := SegmentID(r.ID, r.Next)
		t.NextContactId = &after
		if t.TransferredToEndpoint = endpoint(r.Dial.Full()); t.TransferredToEndpoint != nil {
			t.TransferCompletedTimestamp = Stamp{r.Disconnected}
		}
	}
	if !r.Enqueued.IsZero() {
		left := cmp.Or(Micros(r.Dequeued), Micros(r.Disconnected))
		t.Queue = &TraceQueue{ARN: ARN("queue", r.Tenant, r.Queue), Name: cmp.Or(queueName, r.Queue),
			EnqueueTimestamp: Stamp{r.Enqueued}, DequeueTimestamp: Stamp{FromMicros(left)}, Duration: between(r.Enqueued, FromMicros(left))}
	}
	if r.Handled() {
		t.Agent = r.agent()
	}
	if r.Related != "" {
		about := string(r.Related)
		t.RelatedContactId, t.MediaStreams = &about, []TraceStream{}
	}
	if r.Recording != "" {
		rec := TraceRecording{Location: r.Recording, MediaStreamType: "AUDIO", ParticipantType: "ALL", Status: "AVAILABLE",
			StorageType: "Amazon S3", StartTimestamp: Stamp{r.AgentJoined}, StopTimestamp: Stamp{r.Disconnected}}
		if r.Channel == Task { // the caller alone speaks, before it waits
			rec.ParticipantType, rec.StartTimestamp, rec.StopTimestamp = "CUSTOMER", Stamp{r.Contact.Initiated}, Stamp{r.Enqueued}
		}
		t.Recording, t.Recordings = &rec, []TraceRecording{rec}
	}
	return t
}

func (r *Record) agent() *TraceAgent {
	return &TraceAgent{
		ARN: ARN("agent", r.Tenant, r.OfferAgent), Username: r.Username,
		RoutingProfile:            TraceNamed{ARN: ARN("routing-profile", r.Tenant, r.Profile), Name: r.Profile},
		ConnectedToAgentTimestamp: Stamp{r.AgentJoined},
		AgentInteractionDuration:  max(0, between(r.AgentJoined, r.Disconnected)-whole(r.Hold.Total)),
		CustomerHoldDuration:      whole(r.Hold.Total), LongestHoldDuration: whole(r.Hold.Longest), NumberOfHolds: r.Hold.Count,
		AfterContactWorkStartTimestamp: Stamp{r.Disconnected}, AfterContactWorkEndTimestamp: Stamp{r.Since},
		AfterContactWorkDuration: between(r.Disconnected, r.Since),
	}
}

// disconnectReason returns the reason in Connect's words.
func (r *Record) disconnectReason() string {
	switch r.Reason {
	case CustomerLeft, AgentLeft, FlowEnded, TelecomFailed, ThirdParty, Barged, Expired, BadDestination, AttemptFailed:
		return string(r.Reason)
	case CustomerBusy, NoAnswer, CustomerRefused:
		return string(AttemptFailed)
	case RelayLost:
		return string(TelecomFailed)
	}
	return string(Other)
}

func endpoint(address string) *Endpoint {
	if address == "" {
		return nil
	}
	return &Endpoint{Address: address, Type: "TELEPHONE_NUMBER"}
}

// between returns the whole seconds from one printed second to another, so that
// durations and timestamps of one record add up.
func between(from, to time.Time) int {
	if from.IsZero() || !to.After(from) {
		return 0
	}
	return int(to.Unix() - from.Unix())
}

func whole(d time.Duration) int { return int(d / time.Second) }

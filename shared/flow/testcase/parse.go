package testcase

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/flow"
)

// Looks reports whether a document is probably a test case, broken ones too.
func Looks(data []byte) bool {
	named := bytes.Contains(data, []byte(`"Observations"`)) || bytes.Contains(data, []byte(`\"Observations\"`)) // Content may be text
	return named &&
		(bytes.Contains(data, []byte(TestInitiated)) || bytes.Contains(data, []byte(MessageReceived)) || bytes.Contains(data, []byte(FlowActionStarted)))
}

// wire is a document: the content of a test case, or what the API of test cases
// sends and returns around it. Exports of the designer keep the entry point in
// Metadata.
type wire struct {
	Version            string
	Observations       *[]json.RawMessage
	Name               string
	Content            json.RawMessage // text or object
	TestCase           json.RawMessage // what DescribeTestCase returns
	EntryPoint         *entryPoint
	InitializationData json.RawMessage // text or object
	Metadata           struct {
		Name               string
		EntryPoint         *entryPoint
		InitializationData json.RawMessage
	}
}

type entryPoint struct {
	Type                          string
	VoiceCallEntryPointParameters *struct{ SourcePhoneNumber, DestinationPhoneNumber, FlowID string }
	ChatEntryPointParameters      *struct{ FlowID string }
}

// Parse reads a test case. Errors name the observation, the action and the
// field.
func Parse(data []byte) (*Case, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, "test case: document of %d bytes, at most %d are allowed", len(data), MaxBytes)
	}
	c := &Case{Channel: "VOICE"}
	if err := c.read(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), 0); err != nil {
		return nil, err
	}
	return c, nil
}

// read takes what a document says, and what it wraps.
func (c *Case) read(data []byte, depth int) error {
	var w wire
	if err := decode(data, &w); err != nil {
		return err
	}
	if w.TestCase != nil && depth == 0 {
		return c.read(w.TestCase, 1)
	}
	c.Name = firstText(c.Name, w.Name, w.Metadata.Name)
	for _, e := range []*entryPoint{w.EntryPoint, w.Metadata.EntryPoint} {
		if err := c.enter(e); err != nil {
			return err
		}
	}
	for _, raw := range []json.RawMessage{w.InitializationData, w.Metadata.InitializationData} {
		if err := c.initialise(raw); err != nil {
			return err
		}
	}
	if w.Observations == nil && w.Content != nil && depth < 2 {
		content, err := unquote(w.Content)
		if err != nil {
			return err
		}
		return c.read(content, 2)
	}
	c.Version = w.Version
	if !slices.Contains(Versions(), c.Version) {
		return fault.New(fault.Invalid, "test case: Version: %q, want %s", short(c.Version), strings.Join(Versions(), " or "))
	}
	if w.Observations == nil {
		return fault.New(fault.Invalid, "test case: Observations: missing")
	}
	return c.observe(*w.Observations)
}

// enter takes an entry point; what an outer document has said stays.
func (c *Case) enter(e *entryPoint) error {
	if e == nil {
		return nil
	}
	switch e.Type {
	case "VOICE_CALL", "":
		if p := e.VoiceCallEntryPointParameters; p != nil {
			c.From, c.To, c.FlowID = firstText(c.From, p.SourcePhoneNumber), firstText(c.To, p.DestinationPhoneNumber), firstText(c.FlowID, p.FlowID)
		}
	case "CHAT":
		c.Channel = "CHAT"
		if p := e.ChatEntryPointParameters; p != nil {
			c.FlowID = firstText(c.FlowID, p.FlowID)
		}
	default:
		return fault.New(fault.Invalid, "test case: EntryPoint.Type: %q, want VOICE_CALL or CHAT", short(e.Type))
	}
	return nil
}

// initialise takes the attributes a contact begins with.
func (c *Case) initialise(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return nil
	}
	raw, err := unquote(raw)
	if err != nil {
		return err
	}
	var data struct{ Attributes map[string]flow.Template }
	if err := decode(raw, &data); err != nil {
		return fault.Wrap(fault.Invalid, err, "InitializationData")
	}
	for name, value := range data.Attributes {
		if c.Attributes == nil {
			c.Attributes = map[string]string{}
		}
		if _, said := c.Attributes[name]; !said {
			c.Attributes[name] = value.String()
		}
	}
	return nil
}

// observe reads the observations and holds their transitions against them.
func (c *Case) observe(list []json.RawMessage) error {
	if n := len(list); n == 0 || n > MaxObservations {
		return fault.New(fault.Invalid, "test case: Observations: %d, want 1 to %d", n, MaxObservations)
	}
	known := map[string]bool{}
	var wrong []string
	for i, raw := range list {
		o, err := parseObservation(raw)
		where := fmt.Sprintf("Observations[%d]", i)
		if o.ID != "" {
			where = fmt.Sprintf("observation %q", short(o.ID))
		}
		switch {
		case err != nil:
			wrong = append(wrong, where+", "+err.Error())
		case known[o.ID]:
			wrong = append(wrong, where+", Identifier: used before")
		}
		known[o.ID] = true
		c.Observations = append(c.Observations, o)
	}
	led := map[string]bool{}
	for _, o := range c.Observations {
		for _, next := range o.Next {
			if !known[next] {
				wrong = append(wrong, fmt.Sprintf("observation %q, Transitions.NextObservations: there is no observation %q%s", short(o.ID), short(next), nearest(next, slices.Collect(maps.Keys(known)))))
			}
			led[next] = led[next] || next != o.ID
		}
	}
	if len(wrong) > 0 {
		return fault.New(fault.Invalid, "test case: %s", strings.Join(wrong[:min(len(wrong), 10)], "; "))
	}
	begins := false
	for i := range c.Observations {
		o := &c.Observations[i]
		o.first = !led[o.ID] || o.Event.Type == TestInitiated
		begins = begins || o.first
	}
	c.Observations[0].first = c.Observations[0].first || !begins // a circle begins where it is written first
	return nil
}

type wireObservation struct {
	Identifier string
	Event      json.RawMessage
	Usage      struct {
		Type  string
		Times *float64
	}
	Actions     []json.RawMessage
	Transitions struct {
		NextObservations []string
		NextActions      []string // as a list of the first reference calls it
	}
}

func parseObservation(raw json.RawMessage) (o Observation, err error) {
	var w wireObservation
	if err := plainDecode(raw, &w); err != nil {
		return o, err
	}
	o.ID, o.Next = w.Identifier, append(w.Transitions.NextObservations, w.Transitions.NextActions...)
	if o.ID == "" {
		return o, bad("Identifier", "missing")
	}
	if w.Event == nil {
		return o, bad("Event", "missing")
	}
	if o.Event, err = parseEvent(w.Event); err != nil {
		return o, within("Event", err)
	}
	if o.Usage, err = parseUsage(w.Usage.Type, w.Usage.Times); err != nil {
		return o, within("Usage", err)
	}
	if len(w.Actions) > MaxActions {
		return o, bad("Actions", "%d, at most %d are allowed", len(w.Actions), MaxActions)
	}
	o.Actions, err = parseActions(w.Actions)
	return o, err
}

func parseUsage(kind string, times *float64) (Usage, error) {
	u := Usage{Times: 1}
	if times != nil {
		if u.Times = int(*times); float64(u.Times) != *times || u.Times < 0 || u.Times > MaxTimes {
			return u, bad("Times", "want a whole number up to %d", MaxTimes)
		}
	}
	switch strings.ToLower(kind) {
	case "", "exactly":
		u.Type = Exactly
	case "atleast":
		u.Type = AtLeast
	case "atmost":
		u.Type = AtMost
	case "always", "any":
		u.Type = Always
	default:
		return u, bad("Type", "%q, want Exactly, AtLeast, AtMost or Always", short(kind))
	}
	if u.Type == Exactly && u.Times == 0 { // none at all
		u.Type = AtMost
	}
	return u, nil
}

// bad says what is wrong with a field.
func bad(field, format string, args ...any) error {
	return fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...))
}

// within puts the name of an object before that of its field.
func within(object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s.%w", object, err)
}

// unquote takes JSON out of text.
func unquote(raw json.RawMessage) (json.RawMessage, error) {
	if raw[0] != '"' {
		return raw, nil
	}
	var text string
	if err := plainDecode(raw, &text); err != nil {
		return nil, fault.New(fault.Invalid, "test case: %s", err)
	}
	return json.RawMessage(text), nil
}

// decode reads JSON; an error names line and column.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if at, ok := err.(*json.SyntaxError); ok {
		before := data[:min(int(at.Offset), len(data))]
		return fault.New(fault.Invalid, "test case: line %d, column %d: %s", 1+bytes.Count(before, []byte{'\n'}), len(before)-bytes.LastIndexByte(before, '\n')-1, at)
	}
	if err != nil {
		return fault.New(fault.Invalid, "test case: %s", plain(err))
	}
	return nil
}

// plainDecode reads JSON that is a part of a document that was read before.
func plainDecode(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return plain(err)
	}
	return nil
}

// plain says what a decoder wanted without the names of Go types.
func plain(err error) error {
	if e, ok := err.(*json.UnmarshalTypeError); ok {
		want := map[string]string{"string": "text", "slice": "a list", "map": "an object", "struct": "an object", "float64": "a number"}[e.Type.Kind().String()]
		return fmt.Errorf("%s: want %s, have %s", firstText(e.Field, "document"), firstText(want, "another type"), e.Value)
	}
	return err
}

func firstText(list ...string) string {
	for _, text := range list {
		if text != "" {
			return text
		}
	}
	return ""
}

// short keeps what a document says from filling a message.
func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}

// nearest suggests a name.
func nearest(name string, list []string) string {
	slices.Sort(list)
	if meant := flow.Nearest(name, list); meant != "" {
		return fmt.Sprintf("; did you mean %q?", short(meant))
	}
	return ""
}

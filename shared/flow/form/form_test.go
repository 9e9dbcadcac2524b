package form

import (
	"bytes"
	"testing"

	"huawu/shared/flow"
	"huawu/shared/flow/diff"
)

// again writes what was written: nothing may change, neither the text nor
// what the flow means.
func again(t *testing.T, data []byte) {
	t.Helper()
	f, err := flow.Parse(data)
	if err != nil {
		return
	}
	once, err := Write(f)
	if err != nil {
		t.Fatal(err)
	}
	g, err := flow.Parse(once)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, once)
	}
	twice, err := Write(g)
	if err != nil || !bytes.Equal(once, twice) {
		t.Errorf("written twice it is another: %v\n%s\n%s", err, once, twice)
	}
	if changes := diff.Flows(f, g); len(changes) > 0 {
		t.Errorf("writing changed the flow: %v", changes)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add([]byte(`{"Version":"2019-10-30","StartAction":"a","Metadata":{"x":[1,{"y":"a:b,c"}]},"Actions":[{"Identifier":"a","Type":"Loop","Parameters":{"LoopCount":3}}]}`))
	f.Add([]byte(`{"Name":"n","Content":{"Actions":[]},"Tags":{"a":"b"}}`))
	f.Add([]byte(`{"Content":"{\"Actions\":[]}"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if f, err := flow.Parse(data); err == nil {
			ids := map[string]bool{}
			for _, a := range f.Actions {
				if ids[a.Identifier] {
					return // two of one name cannot be told apart
				}
				ids[a.Identifier] = true
			}
			again(t, data)
		}
	})
}

func TestActionsAreLines(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a bare flow", `{"Actions":[{"Type":"Loop","Identifier":"a, \"b\": c","Parameters":{ "LoopCount" :3}},{"Identifier":"z"}],"StartAction":"z","Version":"2019-10-30"}`,
			"{\n  \"Version\": \"2019-10-30\",\n  \"StartAction\": \"z\",\n  \"Actions\": [\n" +
				"    {\"Identifier\": \"a, \\\"b\\\": c\", \"Type\": \"Loop\", \"Parameters\": {\"LoopCount\": 3}, \"Transitions\": {}},\n" +
				"    {\"Identifier\": \"z\", \"Type\": \"\", \"Parameters\": {}, \"Transitions\": {}}\n  ]\n}\n"},
		{"a wrapped one", `{"Content":{"Actions":[]},"Tags":{"b":1,"a":2},"Name":"n"}`,
			"{\n  \"Name\": \"n\",\n  \"Tags\": {\"b\": 1, \"a\": 2},\n  \"Content\": {\n    \"Version\": \"\",\n    \"StartAction\": \"\",\n    \"Actions\": []\n  }\n}\n"},
		{"one in a string", `{"Content":"{\"Actions\": []}"}`, "{\n  \"Content\": \"{\\\"Version\\\":\\\"\\\",\\\"StartAction\\\":\\\"\\\",\\\"Actions\\\":[]}\"\n}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := flow.Parse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			have, err := Write(f)
			if err != nil || string(have) != tt.want {
				t.Errorf("%v, have\n%s\nwant\n%s", err, have, tt.want)
			}
			again(t, []byte(tt.in))
		})
	}
}

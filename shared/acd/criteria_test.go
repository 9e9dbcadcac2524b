package acd

import (
	"errors"
	"fmt"
	"testing"

	"huawu/shared/contact"
)

func TestParseCriteria(t *testing.T) {
	condition := `{"AttributeCondition":{"Name":"Language","Value":"english","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}`
	tests := []struct {
		name, document, want string
	}{
		{"none", ``, "[]"},
		{"one that never ends", `{"Steps":[{"Expression":` + condition + `}]}`, "[{0s map[english:3] []}]"},
		{"two skills for a while", `{"Steps":[{"Expiry":{"DurationInSeconds":30},"Expression":{"AndExpression":[` + condition + `,{"AttributeCondition":{"Name":"Product","Value":"loan"}}]}}]}`,
			"[{30s map[english:3 loan:1] []}]"},
		{"certain agents first", `{"Steps":[{"Expiry":{"DurationInSeconds":20},"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":["lin","wu"]}}}}}]}`,
			"[{20s map[] [lin wu]}]"},
		{"no JSON", `{`, "error"},
		{"nothing asked for", `{"Steps":[{"Expression":{}}]}`, "error"},
		{"one or the other", `{"Steps":[{"Expression":{"OrExpression":[` + condition + `]}}]}`, "error"},
		{"a range", `{"Steps":[{"Expression":{"AttributeCondition":{"Value":"x","ComparisonOperator":"Range"}}}]}`, "error"},
		{"a time that is none", `{"Steps":[{"Expiry":{"DurationInSeconds":-1},"Expression":` + condition + `}]}`, "error"},
		{"too many steps", `{"Steps":[{"Expression":` + condition + `},{"Expression":` + condition + `},{"Expression":` + condition + `},{"Expression":` + condition + `},{"Expression":` + condition + `},{"Expression":` + condition + `}]}`, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps, err := ParseCriteria([]byte(tt.document))
			got := fmt.Sprint(steps)
			if err != nil {
				if got = "error"; !errors.Is(err, ErrCriteria) {
					t.Error(err)
				}
			}
			if got != tt.want {
				t.Errorf("ParseCriteria = %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzParseCriteria(f *testing.F) {
	f.Add([]byte(`{"Steps":[{"Expiry":{"DurationInSeconds":30},"Expression":{"AndExpression":[{"AttributeCondition":{"Value":"x","ProficiencyLevel":2.5}}]}}]}`))
	f.Add([]byte(`{"Steps":[{"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":["a"]}}}}}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		steps, err := ParseCriteria(document)
		if err != nil {
			return
		}
		item := any(contact.StepsItem(steps))
		if again := contact.StepsFrom(item); fmt.Sprint(again) != fmt.Sprint(steps) {
			t.Errorf("%s is %v, and from the table %v", document, steps, again)
		}
	})
}

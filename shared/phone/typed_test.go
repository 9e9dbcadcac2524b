package phone_test

import (
	"testing"

	"huawu/shared/phone"
)

func TestTyped(t *testing.T) {
	for _, tt := range []struct {
		name, digits, format, country, want string
	}{
		{"international", "8613800135678", "E164", "", "+8613800135678"},
		{"with 00 before it", "008613800135678", "E164", "", "+8613800135678"},
		{"a country's code does not begin with 0", "013800135678", "E164", "", ""},
		{"a mobile in China", "13800135678", "Local", "CN", "+8613800135678"},
		{"a landline in China", "01088886666", "Local", "CN", "+861088886666"},
		{"no trunk prefix in Hong Kong", "23456789", "Local", "HK", "+85223456789"},
		{"too short", "12", "Local", "CN", ""},
		{"too long", "1234567890123456", "E164", "", ""},
		{"a star", "1380013*678", "Local", "CN", ""},
		{"a country nobody knows", "13800135678", "Local", "XX", ""},
		{"no country", "13800135678", "Local", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := phone.Typed(tt.digits, tt.format, tt.country)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("Typed = %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

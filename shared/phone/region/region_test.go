package region

import (
	"testing"

	"huawu/shared/phone"
)

func TestOf(t *testing.T) {
	tests := []struct{ name, number, place, carrier string }{
		{"a mobile in international form", "+8613800135678", "北京市", "中国移动"},
		{"a mobile as it is dialled at home", "13800135678", "北京市", "中国移动"},
		{"a mobile with the prefix of international calls", "008613800135678", "北京市", "中国移动"},
		{"a landline in international form", "+862161234567", "上海市", ""},
		{"a landline as it is dialled at home", "02161234567", "上海市", ""},
		{"Beijing", "01088886666", "北京市", ""},
		{"a city with three digits", "+86531 8888 6666", "山东省济南市", ""},
		{"a service number", "95000", "", ""},
		{"a freephone number", "4008008888", "", ""},
		{"another country's number", "+4930123456", "", ""},
		{"another country's number that looks like a mobile", "+13800135678", "", ""},
		{"a SIP user", "lin", "", ""},
		{"a withheld number", "", "", ""},
		{"a mobile of no known carrier", "+8619400001234", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Of(phone.MustParse(tt.number)); got.Name != tt.place || got.Carrier != tt.carrier {
				t.Errorf("Of = %+v, want %q %q", got, tt.place, tt.carrier)
			}
		})
	}
}

func FuzzOf(f *testing.F) {
	for _, s := range []string{"+8613800135678", "02161234567", "1999999", "0", "+86", "0086", "+861"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := phone.Parse(s); err == nil {
			Of(n)
		}
	})
}

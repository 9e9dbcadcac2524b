// Package region says where a number of mainland China was given out, and by
// whom. It decides only by the public numbering plan; it does not know where the
// customer is, nor whether the number was ported. Numbers of elsewhere and short
// numbers have no place. Source: see data/README.md.
package region

import (
	_ "embed"
	"encoding/binary"
	"sort"
	"strconv"
	"strings"

	"huawu/shared/phone"
)

//go:embed data/areas.txt
var areas string

//go:embed data/places.txt
var places string

//go:embed data/mobile.bin
var mobile string

//go:embed data/carriers.txt
var carriers string

// firstMobile is the least first seven digits of a mobile number.
const firstMobile = 1300000

// Place is where a number was given out. Either may be "": not known.
type Place struct {
	Name    string // province and city, in Chinese
	Carrier string // of a mobile number, in Chinese
}

// Of returns the place of a number.
func Of(n phone.Number) Place {
	d := national(n.Full())
	switch {
	case len(d) == 11 && d[0] == '1' && d[1] >= '3':
		seven, err := strconv.Atoi(d[:7])
		if err != nil {
			return Place{}
		}
		return Place{mobilePlace(seven - firstMobile), carrier(seven / 10)}
	case len(d) >= 9 && len(d) <= 12 && d[0] == '0':
		return Place{Name: area(d[1:])}
	}
	return Place{}
}

// national returns a number of mainland China as it is dialled there: a landline
// with its 0, a mobile without. Of any other number it returns "".
func national(s string) string {
	for _, c := range s {
		if (c < '0' || c > '9') && c != '+' {
			return ""
		}
	}
	rest, ok := strings.CutPrefix(s, "+86")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "0086"); !ok {
			if strings.HasPrefix(s, "+") {
				return "" // of another country
			}
			return s
		}
	}
	if len(rest) == 11 && rest[0] == '1' && rest[1] >= '3' || strings.HasPrefix(rest, "0") {
		return rest
	}
	return "0" + rest
}

func mobilePlace(n int) string {
	at := func(i int) uint32 { return binary.BigEndian.Uint32([]byte(mobile[4*i : 4*i+4])) }
	i := sort.Search(len(mobile)/4, func(i int) bool { return at(i)>>10 > uint32(n) }) - 1
	if i < 0 {
		return ""
	}
	return line(places, int(at(i)&0x3ff))
}

// line returns line n of a text, from 1; line 0 is "".
func line(text string, n int) string {
	for l := range strings.Lines(text) {
		if n--; n == 0 {
			return strings.TrimSuffix(l, "\n")
		}
	}
	return ""
}

func carrier(six int) string {
	found := ""
	for l := range strings.Lines(carriers) {
		from, name, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		if n, err := strconv.Atoi(from); err != nil || n > six {
			break
		}
		found = name
	}
	return found
}

func area(d string) string {
	for l := range strings.Lines(areas) {
		if code, name, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " "); strings.HasPrefix(d, code) {
			return name
		}
	}
	return ""
}

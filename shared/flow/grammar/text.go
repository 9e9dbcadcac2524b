package grammar

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// normal is a text as it is compared: small letters, half width, one space
// between words, no punctuation.
func normal(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range text {
		if r >= 0xff01 && r <= 0xff5e { // full width
			r -= 0xfee0
		}
		r = unicode.ToLower(r)
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

func words(phrase string) []string { return strings.Fields(normal(phrase)) }

// spaced reports whether a character is of a script that puts spaces between words.
func spaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// digits returns the longest row of digits in a text. Digits that are spoken in
// Chinese count; spaces and hyphens between digits do not.
func digits(text string) string {
	best, row := "", ""
	for _, r := range text {
		switch d := digit(r); {
		case d != "":
			if row += d; len(row) > len(best) {
				best = row
			}
		case r != ' ':
			row = ""
		}
	}
	return best
}

func digit(r rune) string {
	if r >= '0' && r <= '9' {
		return string(r)
	}
	if i := slices.Index([]rune("零一二三四五六七八九"), r); i >= 0 {
		return string(rune('0' + i))
	}
	switch r {
	case '〇', '○':
		return "0"
	case '幺':
		return "1"
	case '两':
		return "2"
	}
	return ""
}

func sortedKeys(m map[string][]string) []string { return slices.Sorted(maps.Keys(m)) }

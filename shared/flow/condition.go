package flow

import (
	"slices"
	"strconv"
	"strings"
)

// Operator compares a result with operands.
type Operator string

// The operators.
const (
	Equals                 Operator = "Equals"
	TextStartsWith         Operator = "TextStartsWith"
	TextEndsWith           Operator = "TextEndsWith"
	TextContains           Operator = "TextContains"
	NumberGreaterThan      Operator = "NumberGreaterThan"
	NumberGreaterOrEqualTo Operator = "NumberGreaterOrEqualTo"
	NumberLessThan         Operator = "NumberLessThan"
	NumberLessOrEqualTo    Operator = "NumberLessOrEqualTo"
	numericLessThan        Operator = "NumericLessThan" // the reference writes it for percentages
)

// Operators returns every operator.
func Operators() []Operator {
	return []Operator{Equals, TextStartsWith, TextEndsWith, TextContains,
		NumberGreaterThan, NumberGreaterOrEqualTo, NumberLessThan, NumberLessOrEqualTo}
}

// Known reports whether the operator can be evaluated.
func (o Operator) Known() bool { return o == numericLessThan || slices.Contains(Operators(), o) }

// Condition is what a result is held against. Any operand that fits is enough.
type Condition struct {
	Operator Operator
	Operands []Template
}

// Holds reports whether a result meets the condition; get resolves operands
// that are paths. Numbers that cannot be read make a number condition false.
func (c Condition) Holds(result string, get func(Path) string) bool {
	for _, operand := range c.Operands {
		if compare(c.Operator, result, operand.Expand(get)) {
			return true
		}
	}
	return false
}

func compare(o Operator, result, operand string) bool {
	switch o {
	case Equals:
		if result == operand {
			return true
		}
		return strings.EqualFold(result, operand) && (strings.EqualFold(result, "true") || strings.EqualFold(result, "false"))
	case TextStartsWith:
		return strings.HasPrefix(result, operand)
	case TextEndsWith:
		return strings.HasSuffix(result, operand)
	case TextContains:
		return strings.Contains(result, operand)
	}
	a, err := strconv.ParseFloat(strings.TrimSpace(result), 64)
	if err != nil {
		return false
	}
	b, err := strconv.ParseFloat(strings.TrimSpace(operand), 64)
	if err != nil {
		return false
	}
	switch o {
	case NumberGreaterThan:
		return a > b
	case NumberGreaterOrEqualTo:
		return a >= b
	case NumberLessThan, numericLessThan:
		return a < b
	case NumberLessOrEqualTo:
		return a <= b
	}
	return false
}

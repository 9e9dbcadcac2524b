package cloud

import "testing"

func TestSameTellsTypesApart(t *testing.T) {
	values := []any{"1", int64(1), true, []byte("1"), []string{"1"}, []any{int64(1)}, map[string]any{"1": int64(1)}, "", false}
	for i, a := range values {
		for j, b := range values {
			if got := same(a, b); got != (i == j) {
				t.Errorf("same(%#v, %#v) = %v", a, b, got)
			}
		}
	}
}

func TestAnEmptyValueIsTheSameHoweverItWasMade(t *testing.T) {
	if !same([]byte{}, []byte(nil)) || !same([]string{}, []string(nil)) || same([]byte{}, []string{}) {
		t.Error("empty bytes and empty lists are told apart by type alone")
	}
}

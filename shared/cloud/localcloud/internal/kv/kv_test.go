package kv

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func stores(t *testing.T) map[string]Store {
	t.Helper()
	out := map[string]Store{"memory": NewMemory()}
	for name, sync := range map[string]bool{"synced": true, "process": false} {
		d, err := OpenDisk(filepath.Join(t.TempDir(), "x.db"), sync)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		out[name] = d
	}
	return out
}

// Both stores are compared with a plain map over many random changes.
func TestStoresDoWhatAMapDoes(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1))
			model := map[string]string{}
			key := func() string { return fmt.Sprintf("%03d", r.IntN(300)) }
			for range 60 {
				err := s.Update(func(tx Tx) error {
					for range 20 {
						k, v := key(), fmt.Sprint(r.IntN(1000))
						if r.IntN(3) == 0 {
							tx.Delete(1, []byte(k))
							delete(model, k)
						} else {
							tx.Put(1, []byte(k), []byte(v))
							model[k] = v
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.View(func(tx Tx) error { compare(t, tx, model, key()); return nil }); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// compare checks a get and both directions from one key on.
func compare(t *testing.T, tx Tx, model map[string]string, from string) {
	t.Helper()
	if got, want := string(tx.Get(1, []byte(from))), model[from]; got != want {
		t.Fatalf("get %s = %q, want %q", from, got, want)
	}
	keys := slices.Sorted(maps.Keys(model))
	at, there := slices.BinarySearch(keys, from)
	var up, down []string
	tx.Ascend(1, []byte(from), func(k, v []byte) bool {
		up = append(up, string(k))
		if model[string(k)] != string(v) {
			t.Fatalf("%s holds %q, want %q", k, v, model[string(k)])
		}
		return true
	})
	tx.Descend(1, []byte(from), func(k, _ []byte) bool { down = append(down, string(k)); return true })
	if !slices.Equal(up, keys[at:]) {
		t.Fatalf("from %s up %v, want %v", from, up, keys[at:])
	}
	below := slices.Clone(keys[:at])
	if there {
		below = append(below, from)
	}
	slices.Reverse(below)
	if !slices.Equal(down, below) {
		t.Fatalf("from %s down %v, want %v", from, down, below)
	}
}

func TestSpacesAreApartAndEmptyValuesAreThere(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			err := s.Update(func(tx Tx) error {
				tx.Put(1, []byte("k"), []byte("one"))
				tx.Put(2, []byte("k"), []byte{})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.View(func(tx Tx) error {
				if got := tx.Get(1, []byte("k")); string(got) != "one" {
					t.Errorf("space 1 holds %q", got)
				}
				if got := tx.Get(2, []byte("k")); got == nil {
					t.Error("an empty value reads as absent")
				}
				if got := tx.Get(3, []byte("k")); got != nil {
					t.Errorf("space 3 holds %q", got)
				}
				tx.Ascend(3, nil, func(k, _ []byte) bool { t.Errorf("space 3 has %q", k); return true })
				tx.Descend(3, []byte("z"), func(k, _ []byte) bool { t.Errorf("space 3 has %q", k); return true })
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAnErrorOfAChangeIsGivenBack(t *testing.T) {
	refused := errors.New("refused")
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			if err := s.Update(func(Tx) error { return refused }); !errors.Is(err, refused) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNumbersNeverRepeatThoughManyWriteAtOnce(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var all sync.WaitGroup
			for w := range 8 {
				all.Go(func() {
					for i := range 10 {
						err := s.Update(func(tx Tx) error {
							k := fmt.Sprintf("%d", tx.Next())
							if tx.Get(1, []byte(k)) != nil {
								return errors.New("number " + k + " came twice")
							}
							tx.Put(1, []byte(k), fmt.Appendf(nil, "%d/%d", w, i))
							return nil
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func TestDiskKeepsWhatWasCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	for round := range 3 {
		d, err := OpenDisk(path, round%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Update(func(tx Tx) error {
			if n := tx.Next(); n != uint64(round+1) {
				t.Errorf("number %d in round %d", n, round)
			}
			tx.Put(1, []byte{byte(round)}, bytes.Repeat([]byte{1}, 1000))
			n := 0
			tx.Ascend(1, nil, func(_, _ []byte) bool { n++; return true })
			if n != round+1 {
				t.Errorf("%d keys in round %d", n, round)
			}
			return nil
		})
		if err := errors.Join(err, d.Close(), d.Close()); err != nil {
			t.Fatal(err)
		}
		if err := d.Update(func(Tx) error { return nil }); !errors.Is(err, ErrClosed) {
			t.Errorf("update after close: %v", err)
		}
	}
}

// A write that the store cannot take (here a key that is too long) fails its
// commit and leaves nothing of the whole group.
func TestAFailedCommitLeavesNothing(t *testing.T) {
	d, err := OpenDisk(filepath.Join(t.TempDir(), "x.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(func(tx Tx) error {
		tx.Put(1, []byte("good"), []byte("x"))
		tx.Put(1, make([]byte, 1<<16), []byte("x"))
		return nil
	})
	if err == nil {
		t.Error("no error")
	}
	err = d.View(func(tx Tx) error {
		if tx.Get(1, []byte("good")) != nil {
			t.Error("half of the change is there")
		}
		return nil
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Error(err)
	}
}

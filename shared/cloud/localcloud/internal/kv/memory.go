package kv

import (
	"bytes"
	"math/rand/v2"
	"sync"
)

// Memory is a store that lives as long as the process. It takes no goroutine,
// so a simulation over it is single-threaded and repeats exactly.
type Memory struct {
	mu     sync.RWMutex
	spaces map[Space]*skiplist
	last   uint64
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{spaces: map[Space]*skiplist{}} }

// View implements Store.
func (m *Memory) View(fn func(Tx) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fn((*memoryTx)(m))
}

// Update implements Store.
func (m *Memory) Update(fn func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn((*memoryTx)(m))
}

// Close does nothing: what is stored stays for the next to open it.
func (m *Memory) Close() error { return nil }

type memoryTx Memory

func (t *memoryTx) Get(s Space, k []byte) []byte {
	l := t.spaces[s]
	if l == nil {
		return nil
	}
	if n := l.byKey[string(k)]; n != nil {
		return n.val
	}
	return nil
}

func (t *memoryTx) Ascend(s Space, from []byte, fn func(k, v []byte) bool) {
	l := t.spaces[s]
	if l == nil {
		return
	}
	for n := l.seek(from, nil); n != nil && fn(n.key, n.val); n = n.next[0] {
	}
}

func (t *memoryTx) Descend(s Space, from []byte, fn func(k, v []byte) bool) {
	l := t.spaces[s]
	if l == nil {
		return
	}
	n := l.seek(from, nil)
	if n == nil {
		n = l.tail
	} else if !bytes.Equal(n.key, from) {
		n = n.prev
	}
	for ; n != nil && fn(n.key, n.val); n = n.prev {
	}
}

func (t *memoryTx) Put(s Space, k, v []byte) {
	l := t.spaces[s]
	if l == nil {
		l = newSkiplist()
		t.spaces[s] = l
	}
	l.put(k, v)
}

func (t *memoryTx) Delete(s Space, k []byte) {
	if l := t.spaces[s]; l != nil {
		l.remove(k)
	}
}

func (t *memoryTx) Next() uint64 {
	t.last++
	return t.last
}

const maxLevel = 20 // enough for a million keys at one half per level

type node struct {
	key, val []byte
	prev     *node // on level 0; nil at the first
	next     []*node
}

// skiplist is an ordered map: to add, remove and find a place is O(log n), to find
// a key O(1). Its levels come from a fixed seed: order and cost are the same in
// each run.
type skiplist struct {
	head  *node
	tail  *node
	byKey map[string]*node
	top   int // levels in use
	rand  *rand.Rand
}

func newSkiplist() *skiplist {
	return &skiplist{head: &node{next: make([]*node, maxLevel)}, byKey: map[string]*node{}, top: 1, rand: rand.New(rand.NewPCG(1, 2))}
}

// seek returns the first node with a key ≥ k. If path is given it receives the
// last node before it on each level.
func (l *skiplist) seek(k []byte, path []*node) *node {
	n := l.head
	for level := l.top - 1; level >= 0; level-- {
		for n.next[level] != nil && bytes.Compare(n.next[level].key, k) < 0 {
			n = n.next[level]
		}
		if path != nil {
			path[level] = n
		}
		for level > 0 && n.next[level-1] == n.next[level] && path == nil {
			level-- // the same next node need not be compared again
		}
	}
	return n.next[0]
}

func (l *skiplist) put(k, v []byte) {
	if n := l.byKey[string(k)]; n != nil {
		n.val = v
		return
	}
	height := 1
	for height < maxLevel && l.rand.Uint32()&1 == 0 {
		height++
	}
	l.top = max(l.top, height)
	var path [maxLevel]*node
	l.seek(k, path[:])
	n := &node{key: bytes.Clone(k), val: v, next: make([]*node, height)}
	for level := range height {
		n.next[level], path[level].next[level] = path[level].next[level], n
	}
	l.byKey[string(k)] = n
	if path[0] != l.head {
		n.prev = path[0]
	}
	if n.next[0] != nil {
		n.next[0].prev = n
	} else {
		l.tail = n
	}
}

func (l *skiplist) remove(k []byte) {
	n := l.byKey[string(k)]
	if n == nil {
		return
	}
	delete(l.byKey, string(k))
	var path [maxLevel]*node
	l.seek(k, path[:])
	for level := range n.next {
		path[level].next[level] = n.next[level]
	}
	if n.next[0] != nil {
		n.next[0].prev = n.prev
	} else {
		l.tail = n.prev
	}
}

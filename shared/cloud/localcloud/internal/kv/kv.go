// Package kv is an ordered store of bytes under bytes, in memory or on disk, on
// which localcloud keeps everything but the bodies of blobs. It decides how
// commits are grouped and when they are durable; what is stored is its caller's
// business.
package kv

import "errors"

// Space separates keys of different use.
type Space byte

// ErrClosed is returned once a store is closed.
var ErrClosed = errors.New("store closed")

// Tx is a view of the store, or one change of it.
//
// Slices that it returns are valid until its end and must not be changed. Put
// takes over neither key nor value on disk, but keeps value in memory: the
// caller leaves both alone afterwards.
type Tx interface {
	Get(s Space, k []byte) []byte
	// Ascend calls fn for each key ≥ from in order until it returns false;
	// Descend for each key ≤ from in falling order. fn must not write.
	Ascend(s Space, from []byte, fn func(k, v []byte) bool)
	Descend(s Space, from []byte, fn func(k, v []byte) bool)
	Put(s Space, k, v []byte)
	Delete(s Space, k []byte)
	// Next returns 1, 2, 3 …, never the same number twice.
	Next() uint64
}

// Store runs views beside each other and changes one after the other.
type Store interface {
	// View runs fn over what is committed.
	View(fn func(Tx) error) error
	// Update runs fn, and returns once what it wrote is committed. An error of
	// fn is returned as it is; fn returns one only before it has written
	// anything, since what it wrote would stay.
	Update(fn func(Tx) error) error
	Close() error
}

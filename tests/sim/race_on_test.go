//go:build race

package sim

// seedsByDefault is smaller where every memory access is watched.
const seedsByDefault = 8

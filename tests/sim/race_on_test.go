//go:build race

package sim

// seedsByDefault is smaller where every memory access is watched.
const seedsByDefault = 8

// historySeeds is smaller too.
const historySeeds = 2

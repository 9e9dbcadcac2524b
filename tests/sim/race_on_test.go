//go:build race

package sim

// seedsByDefault is smaller where every memory access is watched.
const seedsByDefault = 8

// historySeeds is smaller too.
const historySeeds = 2

// racingAgents, and racingOps by default, are the size of TestClientsRace.
const (
	racingAgents = 20
	racingOps    = 100
)

// crashStep leaves out most crash points.
const crashStep = 9

// ordersByDefault is how many orders of requests TestOperationsInTurn tries.
const ordersByDefault = 200

//go:build !race

package sim

// seedsByDefault is how many seeds of each weather a test run takes.
const seedsByDefault = 30

// historySeeds is how many seeds of each weather have their histories checked.
const historySeeds = 6

// racingAgents, and racingOps by default, are the size of TestClientsRace.
const (
	racingAgents = 200
	racingOps    = 2000
)

// crashStep is the step from one crash point to the next.
const crashStep = 1

// ordersByDefault is how many orders of requests TestOperationsInTurn tries.
const ordersByDefault = 2000

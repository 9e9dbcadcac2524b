//go:build !race

package sim

// seedsByDefault is how many seeds of each weather a test run takes.
const seedsByDefault = 30

// Package call owns the calls of a relay. One goroutine owns a call: it asks the
// function of the call what to do about each event, runs the lists of actions
// it answers with exactly by the contract of a SIP media application, and lets
// legs and their audio follow.
//
// It decides the order of things within a call: which action runs, what cuts it
// short, which event is asked next, and what the caller hears while a function
// is slow or gone. It leaves routing and the course of a flow to the function,
// dialogs to sipleg, packets to media, and sealing to the recorder. Others send
// it messages and never touch its state.
package call

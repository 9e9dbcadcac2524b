package sma

import "time"

// DeviceQueue is where a relay sends DeviceLost: the queue of routing's timers.
const DeviceQueue = "acd"

// DeviceLostKind is the kind that tells a DeviceLost from the timers of the same
// queue.
const DeviceLostKind = "device"

// DeviceLost is the message by which a relay says that an agent's softphone is
// gone: its last socket closed some seconds ago, or gave no sign of life for 15,
// and no call waits for it to come back. A message may come late or twice; what
// the agent has done since At is newer.
type DeviceLost struct {
	Kind   string    `json:"kind"` // DeviceLostKind
	Tenant string    `json:"tenant"`
	Agent  string    `json:"agent"` // agent id
	User   string    `json:"user"`  // SIP user of the device
	At     time.Time `json:"at"`    // when the socket closed, or was found dead
}

package auth

import (
	"slices"

	"huawu/shared/fault"
)

// Role is what someone is in a tenant.
type Role string

// The roles.
const (
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
	Admin      Role = "admin"
)

// Roles lists every role.
func Roles() []Role { return []Role{Agent, Supervisor, Admin} }

// Known reports whether r is one of Roles.
func (r Role) Known() bool { return slices.Contains(Roles(), r) }

// Permission is one thing that a role may or may not do.
type Permission string

// The permissions.
const (
	ActAsAgent      Permission = "agent:act"            // be available, accept, hold, finish
	ReadOwn         Permission = "contact:read:own"     // contacts that one has or had oneself
	ReadAny         Permission = "contact:read:any"     // all contacts of the tenant
	ViewNumbers     Permission = "pii:view"             // customers' numbers in full
	ListenOwn       Permission = "recording:listen:own" // recordings of one's own talks
	ListenRecording Permission = "recording:listen"     // all recordings of the tenant
	EditFlows       Permission = "flow:edit"            // save, publish and bind flows
	EditRouting     Permission = "routing:edit"         // queues, routing profiles, hours of operation
	WatchFloor      Permission = "floor:watch"          // how all agents and queues stand
	Supervise       Permission = "contact:supervise"    // listen, whisper, join, take over, move a contact, set another's status
)

// Permissions lists every permission.
func Permissions() []Permission {
	return []Permission{ActAsAgent, EditFlows, EditRouting, ReadOwn, ReadAny, ViewNumbers, ListenOwn, ListenRecording, WatchFloor, Supervise}
}

// grants is the table of permissions: what is not here is denied. It is a switch
// because a package has no mutable variables.
func grants(r Role) []Permission {
	switch r {
	case Agent:
		return []Permission{ActAsAgent, ReadOwn, ListenOwn}
	case Supervisor:
		return []Permission{ActAsAgent, ReadOwn, ReadAny, ViewNumbers, ListenOwn, ListenRecording, WatchFloor, Supervise}
	case Admin:
		return []Permission{EditFlows, EditRouting, ReadOwn, ReadAny, ViewNumbers, ListenOwn, ListenRecording, WatchFloor}
	}
	return nil
}

// May reports whether the identity's role has a permission.
func (id Identity) May(p Permission) bool { return slices.Contains(grants(id.Role), p) }

// Require returns nil if the identity may do p, else fault.Forbidden.
func (id Identity) Require(p Permission) error {
	if !id.May(p) {
		return fault.New(fault.Forbidden, "role %s has no permission %s", id.Role, p)
	}
	return nil
}

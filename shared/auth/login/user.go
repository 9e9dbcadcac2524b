package login

import (
	"strings"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// sortUser begins the sort keys of users in a tenant's configuration.
const sortUser = "AGENT#"

// User is one who may log in: the item `<tenant>|CFG` / `AGENT#<username>`.
type User struct {
	Tenant   string
	Username string // lower case; letters, digits and . _ @ + -
	Agent    string // agent id, which a token names
	Role     auth.Role
	Hash     string    // of the password, in the PHC string format
	Since    time.Time // when the password was set: older sessions are over
	Disabled bool      // may not log in, and live sessions end at their next refresh
}

// UserKey returns the key of a user.
func UserKey(tenant, username string) cloud.Key {
	return cloud.Key{Part: tenant + "|CFG", Sort: sortUser + username}
}

// Put returns the write of a user, whole.
func (u User) Put() (cloud.Write, error) {
	if !validTenant(u.Tenant) || !validUsername(u.Username) || u.Agent == "" || strings.ContainsAny(u.Agent, "|#") || !u.Role.Known() {
		return cloud.Write{}, fault.New(fault.Invalid, "login: tenant, name, agent or role of a user is not valid")
	}
	if _, err := parsePHC(u.Hash); err != nil {
		return cloud.Write{}, err
	}
	i := cloud.Item{"v": int64(1), "agent": u.Agent, "role": string(u.Role), "hash": u.Hash, "since": u.Since.UnixMicro()}
	if u.Disabled {
		i["disabled"] = true
	}
	return cloud.Write{Key: UserKey(u.Tenant, u.Username), Put: i}, nil
}

// UserFrom reads a user back; false for an absent item, and one of something else.
func UserFrom(i cloud.Item) (User, bool) {
	username, ok := strings.CutPrefix(i.Key().Sort, sortUser)
	if !ok {
		return User{}, false
	}
	return User{Tenant: i.Key().Tenant(), Username: username, Agent: i.Str("agent"), Role: auth.Role(i.Str("role")), Hash: i.Str("hash"),
		Since: time.UnixMicro(i.Int("since")).UTC(), Disabled: i.Bool("disabled")}, true
}

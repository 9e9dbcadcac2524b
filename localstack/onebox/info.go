package onebox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"huawu/shared/fault"
)

// InfoFile is the file in the data folder through which the commands of the same
// user find a running centre. It holds tokens: nobody else may read it.
const InfoFile = "centre.json"

// Info says where a running centre is and how to enter it.
type Info struct {
	PID      int     `json:"pid"`
	URL      string  `json:"url"`              // of the centre: pages, API, sockets
	Desk     string  `json:"desk"`             // the agents' page
	Caller   string  `json:"caller,omitempty"` // the page by which customers call
	SIP      string  `json:"sip"`              // host:port for carriers and phones, UDP and TCP
	Health   string  `json:"health"`           // of the relay's own health and metrics
	Tenant   string  `json:"tenant,omitempty"`
	Number   string  `json:"number,omitempty"`   // that a first call may dial
	Messages string  `json:"messages,omitempty"` // number that takes messages
	Agents   []Login `json:"agents,omitempty"`
	Admin    string  `json:"adminToken,omitempty"` // may read all contacts and hear recordings
	CRM      string  `json:"crm,omitempty"`        // where the demo tenant's webhooks are shown
}

// Login is how one agent enters: a password for the desk, another for the phone,
// and a token for programs.
type Login struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	DeskPassword string `json:"password"` // with tenant and username: POST /v1/auth/login
	Device       string `json:"device"`   // phone: a SIP phone that rings; softphone: the desk's page, answers by itself once the offer is accepted
	SIPUser      string `json:"sipUser"`
	Password     string `json:"sipPassword"`
	Token        string `json:"token"`
}

// ErrNotRunning is returned by ReadInfo for a data folder no centre runs in.
var ErrNotRunning = fault.New(fault.NotFound, "no centre runs with this data folder; start one with huawu up (make run), or name its folder with --data")

// ReadInfo returns where the centre of a data folder is.
func ReadInfo(dir string) (Info, error) {
	raw, err := os.ReadFile(filepath.Join(dir, InfoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, ErrNotRunning
	}
	if err != nil {
		return Info{}, fault.Wrap(fault.Unavailable, err, "read %s", InfoFile)
	}
	var in Info
	if err := json.Unmarshal(raw, &in); err != nil {
		return Info{}, fault.Wrap(fault.Invalid, err, "read %s", InfoFile)
	}
	return in, nil
}

// write stores the info by way of another name, so that no reader sees half of it.
func (in Info) write(dir string) error {
	raw, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write %s", InfoFile)
	}
	part := filepath.Join(dir, InfoFile+".part")
	if err := os.WriteFile(part, append(raw, '\n'), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "write %s", InfoFile)
	}
	return fault.Wrap(fault.Unavailable, os.Rename(part, filepath.Join(dir, InfoFile)), "write %s", InfoFile)
}

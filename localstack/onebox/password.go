package onebox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"huawu/localstack/seed"
	"huawu/shared/auth/login"
	"huawu/shared/fault"
)

// keep returns a password for each of the demo tenant's people, by user name:
// those of an earlier start from a file that only its owner reads, and new ones
// for who has none.
func keep(file string, fresh func() (string, error)) (map[string]string, error) {
	kept := map[string]string{}
	raw, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, err, "read demo passwords")
	}
	if err == nil {
		if err := json.Unmarshal(raw, &kept); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "read %s (delete it to get new passwords)", file)
		}
	}
	missing := false
	for _, p := range seed.People() {
		if kept[p.Username] != "" {
			continue
		}
		if kept[p.Username], err = fresh(); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "make a password")
		}
		missing = true
	}
	if !missing {
		return kept, nil
	}
	if raw, err = json.MarshalIndent(kept, "", "  "); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "keep demo passwords")
	}
	return kept, fault.Wrap(fault.Unavailable, os.WriteFile(file, raw, 0o600), "keep demo passwords")
}

// phonePassword is short: it is typed at a phone.
func phonePassword() (string, error) {
	secret := make([]byte, 6)
	_, err := rand.Read(secret)
	return hex.EncodeToString(secret), err
}

func loginPassword() (string, error) { return login.NewPassword(rand.Reader) }

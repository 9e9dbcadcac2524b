package registrar

import (
	"errors"
	"strings"
	"sync/atomic"

	"huawu/shared/fault"
)

// Book holds the accounts of all tenants in memory. It is safe for concurrent use.
type Book struct {
	p atomic.Pointer[map[string][]Account] // by user
}

// NewBook returns a book of these accounts, or every fault in them.
func NewBook(accounts ...Account) (*Book, error) {
	b := &Book{}
	b.p.Store(&map[string][]Account{})
	return b, b.Replace(accounts...)
}

// Replace puts these accounts in place of all others. With a fault in any of
// them nothing changes and every fault is returned.
func (b *Book) Replace(accounts ...Account) error {
	all := map[string][]Account{}
	var faults []error
	for i, a := range accounts {
		switch {
		case a.User == "" || a.Tenant == "" || strings.ContainsFunc(a.User, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"\<>@:;|`, r) }):
			faults = append(faults, fault.New(fault.Invalid, "registrar: account %d has no tenant or a user name that SIP cannot carry", i))
			continue
		case a.Password == "" && len(a.HA1) == 0:
			faults = append(faults, fault.New(fault.Invalid, "registrar: account %d has no password", i))
		}
		for _, o := range all[a.User] {
			if strings.EqualFold(o.Domain, a.Domain) {
				faults = append(faults, fault.New(fault.Invalid, "registrar: account %d has the user and domain of another one", i))
			}
		}
		all[a.User] = append(all[a.User], a)
	}
	if len(faults) > 0 {
		return fault.Wrap(fault.Invalid, errors.Join(faults...), "registrar: accounts")
	}
	b.p.Store(&all)
	return nil
}

// Account finds the user of a domain; if no account names that domain, the only
// user of that name.
func (b *Book) Account(user, domain string) (Account, bool) {
	all := (*b.p.Load())[user]
	for _, a := range all {
		if a.Domain != "" && strings.EqualFold(a.Domain, domain) {
			return a, true
		}
	}
	if len(all) == 1 {
		return all[0], true
	}
	return Account{}, false
}

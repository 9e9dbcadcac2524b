package event

import (
	"context"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

// secretKey is where the tenant's secret for hashes in keys stands.
func secretKey(tenant string) cloud.Key { return cloud.Key{Part: tenant + "|CFG", Sort: "SECRET#hash"} }

// customerPart is the partition of the contacts of a customer.
func customerPart(tenant string, n phone.Number, secret []byte) string {
	return tenant + "|L#customer#" + n.Hash(secret)
}

// Customers reads the lists of customers. It keeps the secrets of tenants, which
// never change.
type Customers struct {
	lists   Lists
	mu      sync.Mutex
	secrets map[string][]byte
}

// NewCustomers returns the lists of customers in a table.
func NewCustomers(t cloud.Table) *Customers {
	return &Customers{lists: Lists{Table: t}, secrets: map[string][]byte{}}
}

// Last returns the last contacts of a customer, the latest first, at most limit.
// A tenant without a secret has no lists yet.
func (c *Customers) Last(ctx context.Context, tenant string, n phone.Number, limit int) ([]Row, error) {
	secret, err := c.secret(ctx, tenant)
	if err != nil || secret == nil {
		return nil, err
	}
	page, err := c.lists.page(ctx, customerPart(tenant, n, secret), "", limit)
	return page.Rows, err
}

func (c *Customers) secret(ctx context.Context, tenant string) ([]byte, error) {
	c.mu.Lock()
	s := c.secrets[tenant]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	item, err := c.lists.Table.Get(ctx, secretKey(tenant), false)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "event: tenant's secret")
	}
	if s, _ = item["secret"].([]byte); len(s) == 0 {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[tenant] = s
	return s, nil
}

// Since returns all contacts of a tenant that began from a time on, up to now,
// in no order.
func (l Lists) Since(ctx context.Context, tenant string, from, now time.Time) ([]Row, error) {
	var all []Row
	for at := from.UTC(); ; at = at.AddDate(0, 0, 1) {
		for shard := range DayShards {
			q := cloud.Query{Part: DayPart(tenant, at, shard), From: sortTime(from)}
			for {
				page, next, err := l.Table.Query(ctx, q)
				if err != nil {
					return nil, fault.Wrap(fault.KindOf(err), err, "event: read list")
				}
				for _, i := range page {
					all = append(all, rowFrom(i))
				}
				if q.After = next; next == nil {
					break
				}
			}
		}
		if at.UTC().Format(day) >= now.UTC().Format(day) {
			return all, nil
		}
	}
}

package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/recording"
)

const (
	keyAge     = time.Hour        // a data key is replaced after it …
	keyRefresh = time.Minute      // … at the first of these that succeeds
	keyTimeout = 10 * time.Second // of one request
)

// dataKey is a tenant's data key for recordings.
type dataKey struct {
	plain   []byte
	wrapped []byte
	made    time.Time
}

// keyring holds one data key per tenant, fetched ahead. While the key service
// is gone the last one serves on, for as long as it takes: recordings started
// meanwhile are as safe as those before.
type keyring struct {
	keys cloud.Keys
	now  func() time.Time
	log  *slog.Logger
	wake chan struct{}

	mu   sync.Mutex
	held map[string]dataKey // by tenant; plain is nil until the first fetch
}

func newKeyring(keys cloud.Keys, tenants []string, now func() time.Time, log *slog.Logger) *keyring {
	k := &keyring{keys: keys, now: now, log: log, wake: make(chan struct{}, 1), held: map[string]dataKey{}}
	for _, t := range tenants {
		k.held[t] = dataKey{}
	}
	return k
}

// wrap seals a recording's key under its tenant's data key. It reports false
// while there is none; the tenant is then fetched for at once.
func (k *keyring) wrap(key recording.Key, s recording.Subject, o *options) (wrapped, data []byte, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, known := k.held[s.Tenant]
	if d.plain == nil {
		if !known {
			k.held[s.Tenant] = dataKey{}
		}
		select {
		case k.wake <- struct{}{}:
		default:
		}
		return nil, nil, false
	}
	wrapped, err := recording.WrapKey(d.plain, key, s, o.Rand)
	if err != nil {
		k.log.Error("recording: key not wrapped", "recording", s.String(), "error", err)
		return nil, nil, false
	}
	return wrapped, d.wrapped, true
}

// run fetches keys until ctx ends, then wipes them.
func (k *keyring) run(ctx context.Context) {
	tick := time.NewTicker(keyRefresh)
	defer tick.Stop()
	for {
		k.refresh(ctx)
		select {
		case <-ctx.Done():
			k.wipe()
			return
		case <-tick.C:
		case <-k.wake:
			// A tenant without a key asks at every step of its recordings.
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// refresh fetches what is missing or old.
func (k *keyring) refresh(ctx context.Context) {
	for _, tenant := range k.due() {
		ctx, cancel := context.WithTimeout(ctx, keyTimeout)
		plain, wrapped, err := k.keys.DataKey(ctx, recording.KeyContext(tenant))
		cancel()
		if err != nil {
			k.log.Warn("recording: no new data key, the last one serves on", "tenant", tenant, "error", err)
			continue
		}
		k.mu.Lock()
		clear(k.held[tenant].plain)
		k.held[tenant] = dataKey{plain: plain, wrapped: wrapped, made: k.now()}
		k.mu.Unlock()
	}
}

func (k *keyring) due() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var due []string
	for tenant, d := range k.held {
		if d.plain == nil || k.now().Sub(d.made) >= keyAge {
			due = append(due, tenant)
		}
	}
	return due
}

func (k *keyring) wipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for tenant, d := range k.held {
		clear(d.plain)
		delete(k.held, tenant)
	}
}

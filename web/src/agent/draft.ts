// What an agent writes during and after a call, kept in this browser until it is
// sent, so that a reload loses nothing. It is removed when it is sent, when the
// agent logs out, and after a day.

export type Draft = { disposition: string; note: string }

const prefix = 'huawu.draft.'
const day = 24 * 3600_000
export const empty: Draft = { disposition: '', note: '' }

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

export function readDraft(contact: string, store: Store = localStorage): Draft {
  try {
    const d = JSON.parse(store.getItem(prefix + contact) ?? '{}') as Partial<Draft>
    return { disposition: typeof d.disposition === 'string' ? d.disposition : '', note: typeof d.note === 'string' ? d.note : '' }
  } catch {
    return empty
  }
}

/** keepDraft says whether it could be kept. */
export function keepDraft(contact: string, d: Draft, now: number, store: Store = localStorage): boolean {
  try {
    store.setItem(prefix + contact, JSON.stringify({ ...d, at: now }))
    return true
  } catch {
    return false
  }
}

export function dropDraft(contact: string, store: Store = localStorage): void {
  store.removeItem(prefix + contact)
}

/** dropDrafts removes those older than a day, or all of them. */
export function dropDrafts(now: number, all = false, store: Store = localStorage): void {
  const keys = Array.from({ length: store.length }, (_, n) => store.key(n)).filter((k): k is string => k?.startsWith(prefix) ?? false)
  for (const k of keys) {
    let at = 0
    try {
      at = (JSON.parse(store.getItem(k) ?? '{}') as { at?: number }).at ?? 0
    } catch {
      // not ours: away with it
    }
    if (all || now - at > day) store.removeItem(k)
  }
}

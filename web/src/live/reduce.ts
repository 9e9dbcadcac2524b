// How snapshots and deltas become state. Pure. A delta names the version of the
// item before and after: what is not newer is ignored, and where one is missing
// in between the whole topic is asked for again.
import type { Current, Delta, Floor, FloorAgent, FloorContact, FloorQueue, Me, Notice, Offer, Snapshot, Talk, TopicName } from './types'

export type Topic = {
  state: unknown // null until its first snapshot
  versions: ReadonlyMap<string, number>
  ts: string // of the snapshot
  asked: boolean // a snapshot is under way: deltas wait in kept
  kept: readonly Delta[]
  parts: readonly Snapshot[] // of a large snapshot
}

export const fresh: Topic = { state: null, versions: new Map(), ts: '', asked: true, kept: [], parts: [] }

/** sync says that it was asked for again. */
export function asked(t: Topic): Topic {
  return { ...t, asked: true, kept: [], parts: [] }
}

/** snapshot takes one, or a part of one, and then the deltas that came meanwhile. */
export function snapshot(name: TopicName, t: Topic, s: Snapshot): { topic: Topic; gap: boolean } {
  if (s.more) return { topic: { ...t, parts: [...t.parts, s] }, gap: false }
  const parts = [...t.parts, s]
  const state = parts.length === 1 ? s.state : join(parts.map((p) => p.state as Partial<Floor>))
  const versions = new Map(parts.flatMap((p) => Object.entries(p.versions ?? {})))
  let topic: Topic = { state, versions, ts: s.ts, asked: false, kept: [], parts: [] }
  for (const d of t.kept) {
    const out = delta(name, topic, d)
    if (out.gap) return out
    topic = out.topic
  }
  return { topic, gap: false }
}

/** join makes one floor of its parts: agents are in all, the rest is in the first. */
function join(parts: Partial<Floor>[]): Floor {
  return { ...(parts[0] as Floor), agents: parts.flatMap((p) => p.agents ?? []) }
}

/** delta merges one, or says that one is missing: then the topic is to be asked for. */
export function delta(name: TopicName, t: Topic, d: Delta): { topic: Topic; gap: boolean } {
  if (t.asked) return { topic: { ...t, kept: [...t.kept, d] }, gap: false }
  const key = `${d.entity === 'offer' ? 'contact' : d.entity}/${d.id}`
  const known = t.versions.get(key)
  if (known !== undefined && d.v <= known) return { topic: t, gap: false }
  if (known !== undefined && d.from > known) return { topic: t, gap: true }
  if (known === undefined && d.state !== null && d.from > 0 && Date.parse(d.ts) <= Date.parse(t.ts)) return { topic: t, gap: true }
  const versions = new Map(t.versions).set(key, d.v) // kept when it is gone, so that a late delta does not bring it back
  const state = known === undefined && d.state === null ? t.state : name === 'me' ? mergeMe(t.state as Me, d) : mergeFloor(t.state as Floor, d)
  return { topic: { ...t, state, versions }, gap: false }
}

/** mergeMe: id is the contact's for offers too; a contact is in one list at most. */
export function mergeMe(me: Me, d: Delta): Me {
  if (d.entity === 'agent') {
    const { next: _, ...rest } = me // absent in the delta: nothing follows
    return d.state ? { ...rest, ...(d.state as Partial<Me>) } : me
  }
  if (d.entity === 'left') return { ...me, contacts: replace(me.contacts, (c) => c.leftOffer === d.id, d.state as Current | null) }
  if (d.entity === 'notice') return { ...me, notices: put(me.notices ?? [], 'id', d.id, d.state as Notice | null) }
  if (d.entity === 'talk') return mergeTalk(me, d.id, d.state as Talk | null)
  if (d.entity !== 'offer' && d.entity !== 'contact') return me // of a later server
  const was = me.offers.find((o) => o.contactId === d.id) ?? me.contacts.find(has(d.id))
  const offer = d.entity === 'offer' ? (d.state as Offer | null) : null
  const current = d.entity === 'contact' ? (d.state as Current | null) : null
  return {
    ...me,
    offers: put(me.offers, 'contactId', d.id, offer),
    contacts: replace(me.contacts, has(d.id), current && { ...(was?.pop ? { pop: was.pop } : {}), ...(was && 'transfer' in was && was.transfer ? { transfer: was.transfer } : {}), ...current }),
  }
}

/** mergeTalk takes who takes part in a contact: to who has it that is a matter of the
 *  contact; another takes part by an offer or a contact of its own. */
function mergeTalk(me: Me, id: string, talk: Talk | null): Me {
  const mine = has(id)
  const asParty = (x: { contactId: string; leftOffer?: string; party?: string }) => mine(x) && !!x.party
  const was = me.offers.find(asParty) ?? me.contacts.find(asParty)
  const contacts = replace(me.contacts, asParty, talk?.contact ? { ...(was?.pop ? { pop: was.pop } : {}), ...talk.contact } : null)
  return {
    ...me,
    offers: replace(me.offers, asParty, talk?.offer ?? null),
    contacts: contacts.map((c) => {
      if (!talk || !mine(c) || c.party) return c
      const { consult: _, ...rest } = c // absent: none is under way
      return { ...rest, parties: talk.parties, ...(talk.consult ? { consult: talk.consult } : {}) }
    }),
  }
}

export function mergeFloor(floor: Floor, d: Delta): Floor {
  switch (d.entity) {
    case 'agent': {
      const contacts = floor.agents.find((a) => a.id === d.id)?.contacts ?? []
      return { ...floor, agents: put(floor.agents, 'id', d.id, d.state ? { contacts, ...(d.state as Omit<FloorAgent, 'contacts'>) } : null) }
    }
    case 'contact':
    case 'left': {
      const c = d.state as FloorContact | null
      const same = d.entity === 'left' ? (x: FloorContact) => x.leftOffer === d.id : has(d.id)
      const agents = floor.agents.map((a) => {
        if (c?.agentId === a.id) return { ...a, contacts: replace(a.contacts, same, c) }
        return a.contacts.some(same) ? { ...a, contacts: replace(a.contacts, same, null) } : a
      })
      return { ...floor, agents }
    }
    case 'queue':
      return { ...floor, queues: put(floor.queues, 'id', d.id, d.state as FloorQueue | null) }
  }
  return floor
}

/** has knows a contact by its id, but not what is left of one that was handed over. */
function has(id: string): (c: { contactId: string; leftOffer?: string }) => boolean {
  return (c) => c.contactId === id && !c.leftOffer
}

/** put replaces, adds or takes away the one entry with an id; the order stays. */
export function put<T, K extends keyof T>(list: readonly T[], key: K, id: string, entry: T | null): T[] {
  return replace(list, (x) => x[key] === id, entry)
}

function replace<T>(list: readonly T[], same: (x: T) => boolean, entry: T | null): T[] {
  const at = list.findIndex(same)
  if (!entry) return at < 0 ? [...list] : list.toSpliced(at, 1)
  return at < 0 ? [...list, entry] : list.with(at, entry)
}

// What the floor's state amounts to. Pure: the state and the server's time in,
// figures and judgements out.
import { oldAfter } from '../../live/client'
import type { Floor, FloorAgent, FloorContact, FloorQueue } from '../../live/types'

/** Good, worth a look, urgent, or nothing to judge. */
export type Grade = 'good' | 'warn' | 'bad' | 'none'

/** The bands of the product's own promises: a wait of 15 s, a level of 80 %. */
const wait = { good: 15, warn: 90 } // seconds
const level = { good: 80, warn: 60 } // percent

/** Doing is what an agent does now, which is more than the status. */
export type Doing = 'available' | 'offered' | 'connecting' | 'connected' | 'held' | 'ended' | 'away' | 'missed' | 'offline'

/** doing puts the contact before the status: who talks talks, whatever comes next. */
export function doing(a: FloorAgent): Doing {
  const c = current(a)
  if (c) {
    if (c.state === 'CONNECTED') return c.onHold ? 'held' : 'connected'
    return c.state === 'OFFERED' ? 'offered' : c.state === 'CONNECTING' ? 'connecting' : 'ended'
  }
  return a.status.status === 'custom' ? 'away' : a.status.status
}

const order: Record<FloorContact['state'], number> = { CONNECTED: 0, CONNECTING: 1, OFFERED: 2, ENDED: 3 }

/** current is the contact that an agent has most to do with; null if none. */
export function current(a: FloorAgent): FloorContact | null {
  return [...a.contacts].sort((x, y) => order[x.state] - order[y.state] || Date.parse(x.since) - Date.parse(y.since))[0] ?? null
}

/** since is when what the agent does began; null for one who was never here. */
export function since(a: FloorAgent): string | null {
  const at = current(a)?.since ?? a.status.since
  return Date.parse(at) > 0 ? at : null
}

const began = (a: FloorAgent): number => Date.parse(since(a) ?? '') || 0

/** How long an agent does the same before a supervisor should look, in minutes. */
const patience: Partial<Record<Doing, number>> = { connected: 15, held: 3, ended: 5, away: 30, missed: 1 }

/** tooLong is the bound in minutes that an agent is over, or 0. */
export function tooLong(a: FloorAgent, now: number): number {
  const bound = patience[doing(a)] ?? 0
  return bound > 0 && now - began(a) > bound * 60_000 ? bound : 0
}

/** expected is the range in which one who came now would get an agent, in seconds;
 *  null where it is not known. */
export function expected(q: FloorQueue): [number, number] | null {
  return q.wait ? [q.wait.lowSeconds, q.wait.highSeconds] : null
}

/** isOld says whether figures are too old to be believed: nothing was heard for so many ms. */
export const isOld = (silence: number): boolean => silence > oldAfter

export type Totals = {
  waiting: number
  oldest: string | null // since when the one that waits longest does
  by: Record<Doing, number>
  online: number
  level: { percent: number; within: number; of: number; seconds: number } | null
}

/** totals adds up the floor. The level is of all contacts, not a mean of queues. */
export function totals(f: Floor): Totals {
  const by: Totals['by'] = { available: 0, offered: 0, connecting: 0, connected: 0, held: 0, ended: 0, away: 0, missed: 0, offline: 0 }
  for (const a of f.agents) by[doing(a)]++
  let oldest: string | null = null
  let within = 0
  let of = 0
  let seconds = 0
  for (const q of f.queues) {
    if (q.oldestSince && (!oldest || Date.parse(q.oldestSince) < Date.parse(oldest))) oldest = q.oldestSince
    const s = q.serviceLevel
    if (!s || s.percent === null) continue
    within += s.within
    of += s.answered + (s.abandonedLate ?? s.abandoned)
    seconds = Math.max(seconds, s.seconds)
  }
  return {
    waiting: f.queues.reduce((n, q) => n + q.waiting, 0),
    oldest,
    by,
    online: f.agents.length - by.offline,
    level: of > 0 ? { percent: (100 * within) / of, within, of, seconds } : null,
  }
}

/** gradeWait judges how long somebody has waited. */
export function gradeWait(oldest: string | null | undefined, now: number): Grade {
  if (!oldest) return 'none'
  const s = (now - Date.parse(oldest)) / 1000
  return s <= wait.good ? 'good' : s <= wait.warn ? 'warn' : 'bad'
}

export function gradeLevel(percent: number | null | undefined): Grade {
  if (percent === null || percent === undefined) return 'none'
  return percent >= level.good ? 'good' : percent >= level.warn ? 'warn' : 'bad'
}

/** gradeQueue is the worst of a queue: a wait, and nobody who could end it. */
export function gradeQueue(q: FloorQueue, now: number): Grade {
  if (q.waiting === 0) return 'good'
  return worst(gradeWait(q.oldestSince, now), q.free === 0 ? 'warn' : 'good')
}

const rank: Record<Grade, number> = { none: 0, good: 1, warn: 2, bad: 3 }

export function worst(...all: Grade[]): Grade {
  return all.reduce((a, b) => (rank[b] > rank[a] ? b : a), 'none')
}

export type Order = { by: 'name' | 'doing' | 'since'; descending: boolean }

const urgency: Doing[] = ['missed', 'held', 'connected', 'connecting', 'offered', 'ended', 'available', 'away', 'offline']

/** sorted puts agents into an order; those alike stay by name, so that rows do not jump. */
export function sorted(all: FloorAgent[], o: Order, language: string): FloorAgent[] {
  const name = new Intl.Collator(language, { numeric: true })
  const compare = (a: FloorAgent, b: FloorAgent): number => {
    switch (o.by) {
      case 'name':
        return name.compare(a.name, b.name)
      case 'doing':
        return urgency.indexOf(doing(a)) - urgency.indexOf(doing(b))
      case 'since':
        return began(a) - began(b)
    }
  }
  const sign = o.descending ? -1 : 1
  return [...all].sort((a, b) => sign * compare(a, b) || name.compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
}

/** found keeps those in whom a text is found: name, user name, or what they do. */
export function found(all: FloorAgent[], text: string, says: (a: FloorAgent) => string): FloorAgent[] {
  const wanted = text.trim().toLocaleLowerCase()
  return wanted ? all.filter((a) => `${a.name}\n${a.username}\n${says(a)}`.toLocaleLowerCase().includes(wanted)) : all
}

/** longest is how many characters a notice has at most. */
export const longest = 1000

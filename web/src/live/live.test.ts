import { describe, expect, it } from 'vitest'
import { backOff, Live, oldAfter, pingEvery, pongWithin, type SocketLike } from './client'
import { delta, fresh, snapshot, type Topic } from './reduce'
import { callState, doing, firstOffer, shownContact, talk } from './desk'
import type { Delta, Floor, Me, Snapshot } from './types'

const ts = '2026-11-21T15:00:00Z'
const later = '2026-11-21T15:00:05Z'
const me: Me = {
  id: 'lin', username: 'lin', name: '林晓', role: 'agent', device: 'softphone', profile: 'service',
  status: { status: 'available', since: ts }, next: { status: 'offline' }, offers: [], contacts: [],
}
const offer = (id: string) => ({ offerId: `o-${id}`, contactId: id, queue: 'service', waitedSeconds: 3, until: later, pop: { name: '王芳' } })
const contact = (id: string, more: object = {}) => ({ contactId: id, state: 'CONNECTED' as const, since: ts, queue: 'service', onHold: false, ...more })
const snap = (state: unknown, versions: Record<string, number> = {}, more: object = {}): Snapshot => ({ type: 'snapshot', topic: 'me', ts, state, versions, ...more })
const change = (entity: string, id: string, from: number, v: number, state: unknown, at = later): Delta => ({ type: 'delta', topic: 'me', ts: at, entity, id, from, v, state })
const start = (state: unknown = me, versions: Record<string, number> = { 'agent/lin': 11 }): Topic => snapshot('me', fresh, snap(state, versions)).topic

describe('deltas of an agent’s topic', () => {
  it('puts an offer in, makes it a contact with its screen pop, and takes it out', () => {
    let t = delta('me', start(), change('offer', 'c1', 0, 5, offer('c1'))).topic
    expect((t.state as Me).offers).toHaveLength(1)
    t = delta('me', t, change('contact', 'c1', 5, 6, contact('c1'))).topic
    expect((t.state as Me).offers).toEqual([])
    expect((t.state as Me).contacts[0]?.pop?.name).toBe('王芳')
    t = delta('me', t, change('contact', 'c1', 6, 7, null)).topic
    expect((t.state as Me).contacts).toEqual([])
  })

  it('ignores what is not newer', () => {
    const t = start(me, { 'agent/lin': 11 })
    expect(delta('me', t, change('agent', 'lin', 10, 11, { status: { status: 'offline', since: later } })).topic).toBe(t)
  })

  it('sees a gap when the version before is newer than what is known', () => {
    expect(delta('me', start(), change('agent', 'lin', 12, 13, {})).gap).toBe(true)
  })

  it('keeps a contact that is gone gone when an old delta comes late', () => {
    let t = delta('me', start(), change('contact', 'c1', 0, 8, null)).topic
    t = delta('me', t, change('contact', 'c1', 6, 7, contact('c1'))).topic
    expect((t.state as Me).contacts).toEqual([])
  })

  it('asks again for an unknown contact that changed before the snapshot', () => {
    expect(delta('me', start(), change('contact', 'c1', 4, 5, contact('c1'), ts)).gap).toBe(true)
  })

  it('forgets what follows when an agent’s delta does not have it', () => {
    const t = delta('me', start(), change('agent', 'lin', 11, 12, { status: { status: 'available', since: later }, device: 'softphone' })).topic
    expect((t.state as Me).next).toBeUndefined()
    expect((t.state as Me).name).toBe('林晓')
  })

  it('keeps what is left of a contact that was handed over apart from the contact, which may come back', () => {
    const left = contact('c1', { state: 'ENDED', transferred: true, leftOffer: 'o1' })
    let t = delta('me', start(), change('contact', 'c1', 0, 5, contact('c1'))).topic
    t = delta('me', t, change('left', 'o1', 0, 1, left)).topic
    t = delta('me', t, change('contact', 'c1', 5, 6, null)).topic
    expect((t.state as Me).contacts).toEqual([left])
    t = delta('me', t, change('offer', 'c1', 6, 7, offer('c1'))).topic
    expect([(t.state as Me).offers.length, (t.state as Me).contacts.length]).toEqual([1, 1])
    t = delta('me', t, change('left', 'o1', 1, 2, null)).topic
    expect([(t.state as Me).offers.length, (t.state as Me).contacts.length]).toEqual([1, 0])
  })

  it('shows who has a contact whom it consults, and the consulted an offer and then a contact of its own', () => {
    const parties = [{ id: 'customer', kind: 'customer', mode: 'hold' }, { id: 'p1', kind: 'agent', mode: 'ringing' }]
    const talk = (v: number, state: object | null) => change('talk', 'c1', v - 1, v, state)
    let owner = delta('me', start(), change('contact', 'c1', 0, 5, contact('c1', { role: 'agent' }))).topic
    owner = delta('me', owner, talk(1, { parties, consult: { party: 'p1', state: 'ringing' } })).topic
    expect((owner.state as Me).contacts[0]).toMatchObject({ parties, consult: { state: 'ringing' } })
    owner = delta('me', owner, talk(2, { parties: parties.slice(0, 1) })).topic
    expect((owner.state as Me).contacts[0]?.consult).toBeUndefined()

    let asked = delta('me', start(), talk(1, { parties, offer: { ...offer('c1'), party: 'p1', invitation: { from: 'Wu' } } })).topic
    expect((asked.state as Me).offers).toHaveLength(1)
    asked = delta('me', asked, talk(2, { parties, contact: contact('c1', { role: 'consulted', party: 'p1' }) })).topic
    expect([(asked.state as Me).offers.length, (asked.state as Me).contacts[0]?.pop?.name]).toEqual([0, '王芳'])
    const handed = delta('me', asked, change('contact', 'c1', 6, 7, contact('c1', { role: 'agent' }))).topic
    expect((handed.state as Me).contacts.map((c) => c.party)).toEqual([undefined])
    asked = delta('me', asked, talk(3, null)).topic
    expect((asked.state as Me).contacts).toEqual([])
  })

  it('leaves alone what it does not know', () => {
    const t = delta('me', start(), change('planet', 'x', 0, 1, {})).topic
    expect(t.state).toEqual(me)
  })

  it('keeps deltas that come before the snapshot, and then applies them', () => {
    const early = delta('me', fresh, change('agent', 'lin', 11, 12, { status: { status: 'missed', since: later } })).topic
    const t = snapshot('me', early, snap(me, { 'agent/lin': 11 })).topic
    expect((t.state as Me).status.status).toBe('missed')
  })
})

describe('the floor', () => {
  const agent = (id: string) => ({ id, name: id, username: id, status: { status: 'available', since: ts }, device: 'softphone', contacts: [], profile: 'p' })
  it('joins a large snapshot and moves a contact from one agent to another', () => {
    let t = snapshot('floor', fresh, snap({ agents: [agent('a')], queues: [{ id: 'q', name: 'q', waiting: 1, free: 0 }] }, { 'agent/a': 1 }, { more: true })).topic
    expect(t.state).toBeNull()
    t = snapshot('floor', t, snap({ agents: [agent('b')] }, { 'agent/b': 1 })).topic
    const on = (who: string) => ({ contactId: 'c', agentId: who, state: 'CONNECTED', since: ts, queue: 'q', onHold: false })
    t = delta('floor', t, change('contact', 'c', 0, 1, on('a'))).topic
    t = delta('floor', t, change('contact', 'c', 1, 2, on('b'))).topic
    expect((t.state as Floor).agents.map((a) => a.contacts.length)).toEqual([0, 1])
    t = delta('floor', t, change('agent', 'b', 1, 2, { ...agent('b'), contacts: undefined, name: 'B' })).topic
    expect((t.state as Floor).queues[0]?.id).toBe('q')
  })
})

describe('what an agent is at', () => {
  it('is told by offers first, then the call, then wrap-up, then the status', () => {
    expect(doing({ ...me, offers: [offer('a')], contacts: [contact('b')] })).toBe('offered')
    expect(doing({ ...me, contacts: [contact('b')] })).toBe('onContact')
    expect(doing({ ...me, contacts: [contact('b', { state: 'ENDED' })] })).toBe('acw')
    expect(doing(me)).toBe('available')
  })
  it('shows the call before the one to be wrapped up, and the offer that ends first', () => {
    expect(shownContact({ ...me, contacts: [contact('a', { state: 'ENDED' }), contact('b')] })?.contactId).toBe('b')
    const message = contact('m', { channel: 'TASK' })
    expect(talk({ ...me, contacts: [message] })).toBeUndefined() // it has no call
    expect(callState(message)).toBe('message')
    expect(shownContact({ ...me, contacts: [message] })?.contactId).toBe('m')
    expect(shownContact({ ...me, contacts: [message, contact('b')] })?.contactId).toBe('b') // the caller is called back
    expect(shownContact({ ...me, contacts: [message, contact('b', { state: 'ENDED' })] })?.contactId).toBe('b')
    expect(firstOffer({ ...me, offers: [offer('a'), { ...offer('b'), until: ts }] })?.contactId).toBe('b')
  })
  it('calls a call with three a conference, but not for a supervisor who listens', () => {
    const customer = { id: 'customer', kind: 'customer' as const, mode: 'talk' as const }
    const mine = { id: 'o', kind: 'agent' as const, mode: 'talk' as const, me: true }
    expect(callState(contact('a', { parties: [customer, mine, { id: 'x', kind: 'agent', mode: 'talk' }] }))).toBe('conference')
    expect(callState(contact('a', { parties: [customer, mine, { id: 'x', kind: 'supervisor', mode: 'listen' }] }))).toBe('connected')
    expect(callState(contact('a', { consult: { party: 'x', state: 'ringing' } }))).toBe('consulting')
    expect(callState(contact('a', { onHold: true }))).toBe('held')
  })
})

/** A bed has a clock and sockets that do as they are told. */
class Bed {
  time = Date.parse(ts)
  timers: { at: number; f: () => void }[] = []
  sockets: (SocketLike & { sent: unknown[]; closed: boolean })[] = []
  tickets = 0
  refuse = false
  live = new Live({
    ticket: async () => {
      this.tickets++
      if (this.refuse) throw new Error('no')
      return `wss://x/live?ticket=${this.tickets}`
    },
    open: () => {
      const s = { sent: [] as unknown[], closed: false, onopen: null, onclose: null, onmessage: null, send: (d: string) => void s.sent.push(JSON.parse(d)), close: () => void (s.closed = true) } as never as SocketLike & { sent: unknown[]; closed: boolean }
      this.sockets.push(s)
      return s
    },
    now: () => this.time,
    random: () => 1,
    after: (ms, f) => {
      const timer = { at: this.time + ms, f }
      this.timers.push(timer)
      return () => {
        this.timers = this.timers.filter((x) => x !== timer)
      }
    },
  })
  get last() {
    return this.sockets.at(-1)!
  }
  async pass(ms: number) {
    const end = this.time + ms
    for (;;) {
      const next = this.timers.filter((x) => x.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.time = next.at
      this.timers = this.timers.filter((x) => x !== next)
      next.f()
      await settle()
    }
    this.time = end
  }
  hear(frame: unknown) {
    this.last.onmessage?.({ data: JSON.stringify(frame) })
  }
  async open() {
    this.live.want('me')
    this.live.start()
    await settle()
    this.last.onopen?.()
  }
}
const settle = async () => {
  for (let n = 0; n < 5; n++) await Promise.resolve()
}

describe('the live connection', () => {
  it('subscribes when it opens and shows the snapshot', async () => {
    const b = new Bed()
    await b.open()
    expect(b.last.sent).toEqual([{ type: 'subscribe', topic: 'me' }])
    b.hear(snap(me))
    expect(b.live.state('me')?.name).toBe('林晓')
  })

  it('asks for a sync once at a gap, and shows what was known meanwhile', async () => {
    const b = new Bed()
    await b.open()
    b.hear(snap(me, { 'agent/lin': 11 }))
    b.hear(change('agent', 'lin', 13, 14, {}))
    b.hear(change('agent', 'lin', 14, 15, {}))
    expect(b.last.sent.slice(1)).toEqual([{ type: 'sync', topic: 'me' }])
    expect(b.live.state('me')).toEqual(me)
    b.hear(snap({ ...me, name: 'again' }, { 'agent/lin': 15 }))
    expect(b.live.state('me')?.name).toBe('again')
  })

  it('applies changes that came together in their order, and keeps those behind a gap for the snapshot', async () => {
    const b = new Bed()
    await b.open()
    b.hear(snap(me, { 'agent/lin': 11 }))
    const together = (...deltas: Delta[]) => b.hear({ type: 'deltas', topic: 'me', deltas })
    together(change('offer', 'c1', 4, 5, offer('c1')), change('contact', 'c1', 5, 6, contact('c1')))
    expect([b.live.state('me')?.offers.length, b.live.state('me')?.contacts[0]?.pop?.name]).toEqual([0, '王芳'])
    together(change('contact', 'c1', 8, 9, contact('c1', { onHold: true })), change('contact', 'c1', 9, 10, null))
    expect(b.last.sent.slice(1)).toEqual([{ type: 'sync', topic: 'me' }])
    b.hear(snap({ ...me, contacts: [contact('c1', { onHold: true })] }, { 'agent/lin': 11, 'contact/c1': 9 }))
    expect(b.live.state('me')?.contacts).toEqual([])
  })

  it('says that it is lost at once, comes back with a new ticket and subscribes again', async () => {
    const b = new Bed()
    await b.open()
    b.hear(snap(me))
    b.last.onclose?.({ code: 1006 })
    expect(b.live.get().link).toBe('lost')
    expect(b.live.state('me')).not.toBeNull()
    await b.pass(500)
    expect(b.tickets).toBe(2)
    b.last.onopen?.()
    expect(b.live.get().link).toBe('open')
    expect(b.last.sent).toEqual([{ type: 'subscribe', topic: 'me' }])
  })

  it('waits longer each time, up to ten seconds, and less by chance', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((n) => backOff(n, 1))).toEqual([500, 1000, 2000, 4000, 8000, 10000, 10000])
    expect(backOff(5, 0)).toBe(5000)
  })

  it('tries at once when the page is looked at again', async () => {
    const b = new Bed()
    b.refuse = true
    b.live.want('me')
    b.live.start()
    await settle()
    await b.pass(3600)
    const before = b.tickets
    b.refuse = false
    b.live.retry()
    await settle()
    expect(b.tickets).toBe(before + 1)
    expect(b.sockets).toHaveLength(1)
  })

  it('takes a silent connection for dead when a ping is not answered', async () => {
    const b = new Bed()
    await b.open()
    await b.pass(pingEvery)
    expect(b.last.sent.at(-1)).toEqual({ type: 'ping' })
    b.hear({ type: 'pong' })
    await b.pass(pingEvery)
    const silent = b.last
    await b.pass(pongWithin)
    expect(silent.closed).toBe(true)
    expect(b.live.get().link).toBe('lost')
  })

  it('shows within two seconds that a floor’s figures are old', async () => {
    const b = new Bed()
    await b.open()
    b.hear(snap(me))
    await b.pass(pingEvery - 1)
    expect(b.last.sent.filter((m) => (m as { type: string }).type === 'ping')).toHaveLength(0) // who has no floor asks seldom
    const end = b.live.want('floor')
    for (let n = 0; n < 5; n++) {
      b.hear({ type: 'pong' })
      await b.pass(1000)
      expect(b.last.sent.at(-1)).toEqual({ type: 'ping' })
      expect(b.live.silence()).toBeLessThanOrEqual(oldAfter)
    }
    await b.pass(oldAfter) // no answer any more
    expect(b.live.get().link).toBe('open')
    expect(b.live.silence()).toBeGreaterThan(oldAfter)
    b.hear({ type: 'pong' })
    expect(b.live.silence()).toBe(0)
    end()
    await b.pass(1000)
    b.hear({ type: 'pong' })
    const sent = b.last.sent.length
    await b.pass(10_000)
    expect(b.last.sent).toHaveLength(sent)
  })

  it('does not believe a network that is gone', async () => {
    const b = new Bed()
    await b.open()
    b.live.suspect()
    expect(b.live.get().link).toBe('lost')
  })

  it('shows a notice once, however often it is told', async () => {
    const b = new Bed()
    await b.open()
    b.hear(snap(me))
    const notice = { type: 'delta', topic: 'me', ts, entity: 'notice', id: 'n1', from: 0, v: 1, state: { id: 'n1', at: ts, from: 'Chen', text: '<b>&' } }
    b.hear(notice)
    b.hear(notice)
    expect(b.live.state('me')?.notices).toEqual([notice.state])
  })

  it('shows what a request answered while it never connected', async () => {
    const b = new Bed()
    b.refuse = true
    b.live.want('me')
    b.live.start()
    await settle()
    b.live.put('me', me)
    expect(b.live.state('me')?.name).toBe('林晓')
  })

  it('subscribes once for many, and leaves with the last', async () => {
    const b = new Bed()
    await b.open()
    const one = b.live.want('floor')
    const two = b.live.want('floor')
    one()
    one()
    expect(b.last.sent.filter((f) => (f as { topic: string }).topic === 'floor')).toEqual([{ type: 'subscribe', topic: 'floor' }])
    two()
    expect(b.last.sent.at(-1)).toEqual({ type: 'unsubscribe', topic: 'floor' })
  })

  it('survives frames that are not ours', async () => {
    const b = new Bed()
    await b.open()
    b.last.onmessage?.({ data: 'not json' })
    b.last.onmessage?.({ data: new ArrayBuffer(4) })
    b.hear({ type: 'error', code: 'forbidden' })
    expect(b.live.get().link).toBe('open')
  })

  it('knows the server’s clock', async () => {
    const b = new Bed()
    await b.open()
    b.time -= 60_000
    b.hear(snap(me))
    expect(b.live.serverNow()).toBe(Date.parse(ts))
  })
})

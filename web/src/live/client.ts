// The live connection: one WebSocket, opened again whenever it breaks. It decides
// when to try again and what to ask for anew; what deltas mean is reduce's.
import { asked, delta, fresh, snapshot, type Topic } from './reduce'
import type { Delta, Frame, Snapshot, TopicName, TopicState } from './types'

export type Link = 'off' | 'connecting' | 'open' | 'lost'

/** A socket as much as is needed of WebSocket. */
export type SocketLike = {
  send(data: string): void
  close(code?: number, reason?: string): void
  onopen: (() => void) | null
  onclose: ((e: { code: number }) => void) | null
  onmessage: ((e: { data: unknown }) => void) | null
}

export type LivePorts = {
  ticket: () => Promise<string> // URL to open, good once
  open: (url: string) => SocketLike
  now: () => number
  random: () => number
  after: (ms: number, f: () => void) => () => void // returns what stops it
}

export const pingEvery = 25_000
export const pongWithin = 5_000
/** A floor's figures have to show within 2 s that they are old: there somebody is
 *  asked each second whether the connection still lives. */
export const watchEvery = 1_000
export const oldAfter = 2_000
const openWithin = 8_000

/** backOff is how long to wait before try n (0 is the first again): 0.5 s doubled up
 *  to 10 s, and by chance half of that to all of it, so that all pages of a centre do
 *  not come back in the same instant. */
export function backOff(n: number, random: number): number {
  return Math.min(10_000, 500 * 2 ** Math.min(n, 10)) * (0.5 + random / 2)
}

export class Live {
  private link: Link = 'off'
  private lostAt = 0
  private socket: SocketLike | null = null
  private topics = new Map<TopicName, Topic>() // the wanted ones
  private wanted = new Map<TopicName, number>() // by how many
  private failures = 0
  private offset = 0 // of the server's clock, ms
  private heardAt = 0 // when the server was last heard; 0 never
  private generation = 0
  private stopTimers: (() => void)[] = []
  private listeners = new Set<() => void>()
  private view: LiveView = { link: 'off', lostAt: 0 }

  constructor(private readonly ports: LivePorts) {}

  subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  /** view is stable between changes, as useSyncExternalStore wants it. */
  get = (): LiveView => this.view

  state<N extends TopicName>(name: N): TopicState[N] | null {
    return (this.topics.get(name)?.state as TopicState[N] | undefined) ?? null
  }

  /** serverNow is the server's clock as far as we know it. */
  serverNow = (): number => this.ports.now() + this.offset

  /** silence is for how many ms nothing was heard of the server: so old is what is shown. */
  silence = (): number => (this.heardAt ? this.ports.now() - this.heardAt : 0)

  /** want subscribes until the returned function is called. */
  want(name: TopicName): () => void {
    this.wanted.set(name, (this.wanted.get(name) ?? 0) + 1)
    if (!this.topics.has(name)) {
      this.topics.set(name, fresh)
      if (this.link === 'open') {
        this.send({ type: 'subscribe', topic: name })
        if (name === 'floor') {
          this.clearTimers()
          this.ping(this.generation)
        }
      }
    }
    let on = true
    return () => {
      if (on) this.drop(name)
      on = false
    }
  }

  private drop(name: TopicName): void {
    const n = (this.wanted.get(name) ?? 1) - 1
    this.wanted.set(name, n)
    if (n > 0 || !this.topics.delete(name)) return
    if (this.link === 'open') this.send({ type: 'unsubscribe', topic: name })
    this.changed()
  }

  /** put overwrites a topic's state by what a request answered; versions stay, so
   *  that the deltas that follow still count. */
  put<N extends TopicName>(name: N, state: TopicState[N]): void {
    const t = this.topics.get(name)
    if (!t) return
    this.topics.set(name, { ...t, state })
    this.changed()
  }

  start(): void {
    if (this.link !== 'off') return
    this.link = 'connecting'
    this.changed()
    void this.connect()
  }

  stop(): void {
    this.generation++
    this.clearTimers()
    this.link = 'off'
    this.socket?.close(1000)
    this.socket = null
    for (const name of this.topics.keys()) this.topics.set(name, fresh)
    this.changed()
  }

  /** retry tries at once: the page is looked at again, or the network is back. */
  retry = (): void => {
    if (this.link === 'lost' && !this.socket) {
      this.failures = 0
      this.clearTimers()
      void this.connect()
    }
  }

  /** suspect is called when the network is said to be gone: no close may come. */
  suspect = (): void => {
    if (this.link === 'open') this.broken(this.generation)
  }

  private async connect(): Promise<void> {
    const mine = ++this.generation
    let url: string
    try {
      url = await this.ports.ticket()
    } catch {
      this.broken(mine)
      return
    }
    if (mine !== this.generation) return
    const s = this.ports.open(url)
    this.socket = s
    s.onopen = () => this.opened(mine)
    s.onclose = () => this.broken(mine)
    s.onmessage = (e) => this.receive(mine, e.data)
    this.later(openWithin, () => this.link !== 'open' && this.broken(mine))
  }

  private opened(mine: number): void {
    if (mine !== this.generation) return
    this.clearTimers()
    this.link = 'open'
    this.failures = 0
    this.lostAt = 0
    for (const [name, t] of this.topics) {
      this.topics.set(name, asked(t)) // what was known is shown until the snapshot
      this.send({ type: 'subscribe', topic: name })
    }
    this.beat(mine)
    this.changed()
  }

  /** beat asks again later whether the connection lives. */
  private beat(mine: number): void {
    this.later(this.topics.has('floor') ? watchEvery : pingEvery, () => this.ping(mine))
  }

  private ping(mine: number): void {
    if (mine !== this.generation) return
    this.send({ type: 'ping' })
    this.later(pongWithin, () => this.broken(mine))
  }

  private broken(mine: number): void {
    if (mine !== this.generation || this.link === 'off') return
    this.generation++
    this.clearTimers()
    const s = this.socket
    this.socket = null
    if (s) {
      s.onopen = s.onclose = s.onmessage = null
      s.close()
    }
    if (this.link !== 'lost') this.lostAt = this.ports.now()
    this.link = 'lost'
    this.later(backOff(this.failures++, this.ports.random()), () => void this.connect())
    this.changed()
  }

  private receive(mine: number, data: unknown): void {
    if (mine !== this.generation || typeof data !== 'string') return
    let f: Frame
    try {
      f = JSON.parse(data) as Frame
    } catch {
      return // not ours
    }
    this.heardAt = this.ports.now()
    switch (f.type) {
      case 'snapshot':
      case 'delta':
        if (!this.take(f)) return
        break
      case 'deltas':
        if (!f.deltas.map((d) => this.take(d)).includes(true)) return
        break
      case 'pong':
        this.clearTimers()
        this.beat(mine)
        return
      case 'bye':
        this.broken(mine)
        return
      default:
        return
    }
    this.changed()
  }

  /** take applies what a topic is told, and is false if nobody wants the topic. */
  private take(f: Snapshot | Delta): boolean {
    const t = this.topics.get(f.topic)
    if (!t) return false
    this.clock(f.ts, f.type === 'snapshot')
    const { topic, gap } = f.type === 'snapshot' ? snapshot(f.topic, t, f) : delta(f.topic, t, f)
    if (gap) this.send({ type: 'sync', topic: f.topic })
    this.topics.set(f.topic, gap ? asked(topic) : topic)
    return true
  }

  /** clock learns the server's clock. A frame can only be late, never early: of
   *  deltas the largest offset is nearest; a snapshot begins anew. */
  private clock(ts: string, anew: boolean): void {
    const offset = Date.parse(ts) - this.ports.now()
    if (!Number.isNaN(offset) && (anew || offset > this.offset)) this.offset = offset
  }

  private send(m: unknown): void {
    this.socket?.send(JSON.stringify(m))
  }

  private later(ms: number, f: () => void): void {
    this.stopTimers.push(this.ports.after(ms, f))
  }

  private clearTimers(): void {
    for (const stop of this.stopTimers.splice(0)) stop()
  }

  private changed(): void {
    this.view = { link: this.link, lostAt: this.lostAt }
    for (const f of this.listeners) f()
  }
}

export type LiveView = { link: Link; lostAt: number }

// Which tab has the sound. One per agent, by a Web Lock: the others say where it
// is and may take it over. A tab that is reloaded takes it back.

export type Ownership = 'asking' | 'here' | 'elsewhere'

export type LockPorts = {
  locks: Pick<LockManager, 'request'>
  memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> // of this tab
  onLeave: (f: () => void) => void
}

export class MediaOwner {
  private state: Ownership = 'asking'
  private release: (() => void) | null = null
  private waiting: AbortController | null = null
  private stopped = false
  private listeners = new Set<() => void>()
  private readonly name: string

  constructor(
    agent: string,
    private readonly ports: LockPorts,
  ) {
    this.name = `huawu-media-${agent}`
    ports.onLeave(() => {
      if (this.state === 'here') ports.memory.setItem(this.name, 'had')
    })
  }

  get = (): Ownership => this.state

  subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  start(): void {
    const had = this.ports.memory.getItem(this.name) !== null
    this.ports.memory.removeItem(this.name)
    if (had) this.take()
    else this.ask()
  }

  /** take moves the sound here from whichever tab has it. */
  take = (): void => {
    if (this.state === 'here') return
    this.waiting?.abort()
    this.waiting = null
    this.hold({ steal: true })
  }

  stop(): void {
    this.stopped = true
    this.waiting?.abort()
    this.release?.()
  }

  /** ask takes the lock if it is free, and otherwise waits for it. */
  private ask(): void {
    void this.ports.locks.request(this.name, { ifAvailable: true }, (lock) => {
      if (this.stopped) return
      if (lock) return this.own()
      this.wait()
    }).catch(() => this.lost())
  }

  private wait(): void {
    this.set('elsewhere')
    this.waiting = new AbortController()
    this.hold({ signal: this.waiting.signal })
  }

  private hold(o: LockOptions): void {
    this.ports.locks.request(this.name, o, () => this.own()).catch((err: unknown) => {
      const name = err instanceof DOMException ? err.name : ''
      if (name === 'AbortError' && o.signal?.aborted) return // no longer waiting
      this.lost()
    })
  }

  private own(): Promise<void> {
    this.set('here')
    return new Promise((done) => {
      this.release = done
    })
  }

  /** lost: another tab took the lock. */
  private lost(): void {
    if (this.stopped) return
    this.release?.()
    this.release = null
    this.wait()
  }

  private set(s: Ownership): void {
    if (this.state === s) return
    this.state = s
    for (const f of this.listeners) f()
  }
}

/** browserOwner: a page without a secure context has no locks, and no microphone
 *  either; there each tab is its own owner. */
export function browserOwner(agent: string): MediaOwner {
  const locks = (navigator.locks as LockManager | undefined) ?? { request: (async (_: string, __: LockOptions, work: LockGrantedCallback<unknown>) => work({ mode: 'exclusive', name: '' })) as LockManager['request'] }
  return new MediaOwner(agent, { locks, memory: sessionStorage, onLeave: (f) => addEventListener('pagehide', f) })
}

// Who is logged in. The access token lives in memory only; the refresh token is a
// cookie that scripts cannot read. It decides when to refresh, and that only one
// tab does at a time. That a session is over ends no call: the pages ask to log
// in again and the audio goes on.
import { Problem, problemOf } from './problem'

export type Role = 'agent' | 'supervisor' | 'admin'
export type Who = { tenant: string; agent: string; role: Role }

export type SessionState =
  | { state: 'unknown' } // the cookie is being tried
  | { state: 'unreachable' } // the server did not answer at the start
  | { state: 'out'; why?: 'over' | 'left' | 'other' }
  | { state: 'in'; who: Who }
  | { state: 'expired'; who: Who } // was in; the cookie no longer helps

type LoggedIn = { accessToken: string; expiresIn: number; tenant: string; agentId: string; role: Role }

type News = { type: 'in'; body: LoggedIn; at: number } | { type: 'out'; agent: string }

/** What a session needs of the browser; tests give their own. */
export type SessionPorts = {
  fetch: typeof fetch
  now: () => number
  /** runs one at a time over all tabs */
  alone: <T>(name: string, work: () => Promise<T>) => Promise<T>
  channel: { post: (m: unknown) => void; onmessage: (f: (m: unknown) => void) => void }
}

const early = 60_000 // ms before its end that a token is renewed

export class Session {
  private now: SessionState = { state: 'unknown' }
  private access = ''
  private until = 0
  private flight: Promise<void> | null = null
  private listeners = new Set<() => void>()

  constructor(private readonly ports: SessionPorts) {
    ports.channel.onmessage((m) => this.hear(m as News))
  }

  get = (): SessionState => this.now

  subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  /** start tries the cookie of an earlier visit. */
  async start(): Promise<void> {
    try {
      await this.refresh()
    } catch (err) {
      if (this.now.state === 'unknown' || this.now.state === 'unreachable') {
        this.set(err instanceof Problem && err.status === 401 ? { state: 'out' } : { state: 'unreachable' })
      }
    }
  }

  async login(tenant: string, username: string, password: string): Promise<void> {
    const body = await this.post('login', { tenant, username, password })
    if ('who' in this.now && this.now.who.agent !== body.agentId) this.drop('other') // whoever it was
    this.take(body, true)
  }

  async logout(): Promise<void> {
    const was = this.now
    try {
      await this.post('logout')
    } finally {
      if ('who' in was) this.ports.channel.post({ type: 'out', agent: was.who.agent } satisfies News)
      this.drop('left')
    }
  }

  /** token returns an access token that is good for a while yet. */
  async token(): Promise<string> {
    if (!this.access || this.ports.now() > this.until - early) await this.renew(this.access)
    return this.access
  }

  /** renew gets another token than the one that was refused or is about to end. */
  private async renew(bad: string): Promise<void> {
    if (this.access && this.access !== bad) return
    try {
      await this.refresh()
    } catch (err) {
      if (err instanceof Problem && err.status === 401) {
        if (this.now.state === 'in') this.set({ state: 'expired', who: this.now.who })
        throw err
      }
      if (this.access && this.ports.now() < this.until) return // still good, though not for long
      throw err
    }
  }

  /** fetch is fetch with the token; a token that was refused is renewed once. */
  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const again = request.clone()
    const token = await this.token()
    const res = await this.send(request, token)
    if (res.status !== 401) return res
    await this.renew(token)
    return this.send(again, this.access)
  }

  private async send(request: Request, token: string): Promise<Response> {
    request.headers.set('Authorization', `Bearer ${token}`)
    try {
      return await this.ports.fetch(request)
    } catch (err) {
      if (err instanceof DOMException && err.name === 'AbortError') throw err
      throw new Problem(0, 'no answer')
    }
  }

  private refresh(): Promise<void> {
    const had = this.access
    this.flight ??= this.ports
      .alone('huawu-refresh', async () => {
        if (this.access !== had) return // another tab was first and told us
        this.take(await this.post('refresh'), true)
      })
      .finally(() => {
        this.flight = null
      })
    return this.flight
  }

  private async post(verb: string, body?: unknown): Promise<LoggedIn> {
    let res: Response
    try {
      res = await this.ports.fetch(`/v1/auth/${verb}`, {
        method: 'POST',
        headers: body ? { 'Content-Type': 'application/json' } : {},
        body: body ? JSON.stringify(body) : null,
      })
    } catch {
      throw new Problem(0, 'no answer')
    }
    if (!res.ok) throw await problemOf(res)
    return res.status === 204 ? ({} as LoggedIn) : ((await res.json()) as LoggedIn)
  }

  private take(body: LoggedIn, tell: boolean, at = this.ports.now()): void {
    const who: Who = { tenant: body.tenant, agent: body.agentId, role: body.role }
    const old = 'who' in this.now ? this.now.who : null
    if (old && (old.agent !== who.agent || old.tenant !== who.tenant)) {
      this.drop('other') // the cookie is someone else's now
      return
    }
    this.access = body.accessToken
    this.until = at + body.expiresIn * 1000
    if (tell) this.ports.channel.post({ type: 'in', body, at } satisfies News)
    if (!old || this.now.state !== 'in') this.set({ state: 'in', who: old ?? who })
  }

  private hear(m: News): void {
    if (m.type === 'in') this.take(m.body, false, m.at)
    else if ('who' in this.now && this.now.who.agent === m.agent) this.drop('left')
  }

  private drop(why: 'over' | 'left' | 'other'): void {
    this.access = ''
    this.until = 0
    this.set({ state: 'out', why })
  }

  private set(s: SessionState): void {
    this.now = s
    for (const f of this.listeners) f()
  }
}

/** browserPorts are the real ones. */
export function browserPorts(): SessionPorts {
  const channel = new BroadcastChannel('huawu-session')
  return {
    fetch: (...a) => fetch(...a),
    now: Date.now,
    alone: (name, work) => (navigator.locks as LockManager | undefined)?.request(name, work) ?? work(), // no locks without a secure context
    channel: { post: (m) => channel.postMessage(m), onmessage: (f) => (channel.onmessage = (e) => f(e.data)) },
  }
}

import { describe, expect, it } from 'vitest'
import { Problem } from './problem'
import { Session } from './session'

/** A server with one session, whose access tokens are good for ten minutes. */
class Server {
  time = 0
  refreshes = 0
  agent = 'lin'
  over = false
  down = false
  wrong = new Set<string>()
  seen: string[] = []
  body = () => ({ accessToken: `t${this.refreshes}-${this.agent}`, expiresIn: 600, sessionUntil: '', tenant: 'demo', agentId: this.agent, role: 'agent' })
  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (this.down) throw new TypeError('network')
    const url = input instanceof Request ? new URL(input.url).pathname : String(input)
    if (url === '/v1/auth/refresh') {
      await Promise.resolve()
      if (this.over) return problem(401)
      this.refreshes++
      return Response.json(this.body())
    }
    if (url === '/v1/auth/login') {
      const { password } = JSON.parse(String(init?.body)) as { password: string }
      if (password === 'locked') return problem(429, { 'Retry-After': '90' })
      if (password !== 'right') return problem(401)
      this.over = false
      this.refreshes++
      return Response.json(this.body())
    }
    if (url === '/v1/auth/logout') return new Response(null, { status: 204 })
    const token = (input as Request).headers.get('Authorization')!.slice(7)
    this.seen.push(token)
    return this.wrong.has(token) ? problem(401) : Response.json({ ok: true })
  }
}
const problem = (status: number, headers: Record<string, string> = {}) => new Response(JSON.stringify({ status, detail: 'no' }), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } })

/** tabs are pages of one browser: one lock, one channel. */
function tabs(server: Server, n: number): Session[] {
  let queue: Promise<unknown> = Promise.resolve()
  const ears: ((m: unknown) => void)[] = []
  return Array.from(
    { length: n },
    (_, me) =>
      new Session({
        fetch: server.fetch as typeof fetch,
        now: () => server.time,
        alone: <T>(_: string, work: () => Promise<T>) => {
          const mine = queue.then(work)
          queue = mine.catch(() => {})
          return mine
        },
        channel: { post: (m) => ears.forEach((e, at) => at !== me && e(m)), onmessage: (f) => (ears[me] = f) },
      }),
  )
}
const where = 'https://x.test/v1/agents/me'

describe('a session', () => {
  it('goes on from the cookie of an earlier visit, and is out without one', async () => {
    const server = new Server()
    const [a] = tabs(server, 1)
    await a!.start()
    expect(a!.get()).toEqual({ state: 'in', who: { tenant: 'demo', agent: 'lin', role: 'agent' } })
    server.over = true
    const [b] = tabs(server, 1)
    await b!.start()
    expect(b!.get().state).toBe('out')
  })

  it('is not taken for over when the server cannot be reached', async () => {
    const server = new Server()
    server.down = true
    const [a] = tabs(server, 1)
    await a!.start()
    expect(a!.get().state).toBe('unreachable')
    server.down = false
    await a!.start()
    expect(a!.get().state).toBe('in')
  })

  it('refreshes once for all tabs', async () => {
    const server = new Server()
    const both = tabs(server, 2)
    await Promise.all(both.map((s) => s.start()))
    expect(server.refreshes).toBe(1)
    server.time += 560_000
    await Promise.all(both.flatMap((s) => [s.fetch(where), s.fetch(where)]))
    expect(server.refreshes).toBe(2)
    expect(new Set(server.seen)).toEqual(new Set(['t2-lin']))
  })

  it('renews a token that was refused, and asks again once', async () => {
    const server = new Server()
    const [a] = tabs(server, 1)
    await a!.start()
    server.wrong.add('t1-lin')
    expect((await a!.fetch(where, { method: 'POST', body: '{}' })).ok).toBe(true)
    expect(server.seen).toEqual(['t1-lin', 't2-lin'])
  })

  it('is expired, not out, when it is over while the page is used: a call goes on', async () => {
    const server = new Server()
    const [a] = tabs(server, 1)
    await a!.start()
    server.over = true
    server.time += 700_000
    await expect(a!.fetch(where)).rejects.toBeInstanceOf(Problem)
    expect(a!.get()).toMatchObject({ state: 'expired', who: { agent: 'lin' } })
    await a!.login('demo', 'lin', 'right')
    expect(a!.get().state).toBe('in')
  })

  it('uses what is left of a token while the server is away', async () => {
    const server = new Server()
    const [a] = tabs(server, 1)
    await a!.start()
    server.time += 560_000
    server.down = true
    expect(await a!.token()).toBe('t1-lin')
  })

  it('tells a wrong password and a lock-out from another', async () => {
    const [a] = tabs(new Server(), 1)
    await expect(a!.login('demo', 'lin', 'nope')).rejects.toMatchObject({ status: 401 })
    await expect(a!.login('demo', 'lin', 'locked')).rejects.toMatchObject({ status: 429, retryAfter: 90 })
  })

  it('logs all tabs of the agent out', async () => {
    const both = tabs(new Server(), 2)
    await Promise.all(both.map((s) => s.start()))
    await both[0]!.logout()
    expect(both.map((s) => s.get())).toEqual([
      { state: 'out', why: 'left' },
      { state: 'out', why: 'left' },
    ])
  })

  it('stops when another agent has logged in beside it', async () => {
    const server = new Server()
    const [a, b] = tabs(server, 2)
    await a!.start()
    server.agent = 'wu'
    await b!.login('demo', 'wu', 'right').catch(() => {})
    expect(a!.get()).toEqual({ state: 'out', why: 'other' })
  })
})

import { afterEach, describe, expect, it, vi } from 'vitest'
import { Microphone, reason, type MicPorts } from './microphone'
import { MediaOwner } from './owner'
import { Phone, type SessionLike } from './phone'
import { closeReplaced, TicketSocket } from './socket'
import { grade, judge, mos, read, total, type Reading } from './quality'

const settle = () => new Promise((r) => setTimeout(r, 0))

class Track {
  enabled = true
  readyState = 'live'
  muted = false
  kind = 'audio'
  onended: (() => void) | null = null
  onmute: (() => void) | null = null
  onunmute: (() => void) | null = null
  constructor(readonly name: string) {}
  stop() {
    this.readyState = 'ended'
  }
}

/** A computer with microphones that can be pulled out. */
class Machine {
  mics = ['headset']
  deny = false
  tracks: Track[] = []
  listeners = new Set<() => void>()
  device: string | null = null
  ports: MicPorts = {
    devices: {
      getUserMedia: async (c: MediaStreamConstraints) => {
        const wanted = (c.audio as { deviceId?: { exact: string } }).deviceId?.exact
        if (this.deny) throw new DOMException('', 'NotAllowedError')
        if (wanted && !this.mics.includes(wanted)) throw new DOMException('', 'OverconstrainedError')
        if (this.mics.length === 0) throw new DOMException('', 'NotFoundError')
        const t = new Track(wanted ?? this.mics[0]!)
        this.tracks.push(t)
        return { getAudioTracks: () => [t] } as never
      },
      enumerateDevices: async () => this.mics.map(() => ({ kind: 'audioinput' })) as never,
      addEventListener: (_: string, f: () => void) => void this.listeners.add(f),
      removeEventListener: (_: string, f: () => void) => void this.listeners.delete(f),
    } as never,
    permission: async () => (this.deny ? 'denied' : 'granted'),
    silence: () => new Track('silence') as never,
    device: () => this.device,
  }
  mic = new Microphone(this.ports)
  unplug() {
    this.mics = []
    this.tracks.at(-1)!.onended?.()
  }
  plug(name: string) {
    this.mics = [name]
    for (const f of this.listeners) f()
  }
}
const nameOf = (t: unknown) => (t as Track).name

describe('the microphone', () => {
  it('is known to be refused or missing before it is asked for', async () => {
    const m = new Machine()
    m.deny = true
    await m.mic.look()
    expect(m.mic.state).toBe('denied')
    m.deny = false
    m.mics = []
    await m.mic.look()
    expect(m.mic.state).toBe('missing')
    m.mics = ['headset']
    await m.mic.look()
    expect(m.mic.state).toBe('unknown')
  })

  it('is given back, and asked for anew', async () => {
    const m = new Machine()
    await m.mic.open()
    m.mic.close()
    expect(m.tracks[0]!.readyState).toBe('ended')
    expect(m.listeners.size).toBe(0)
    await m.mic.open()
    expect(m.mic.state).toBe('ready')
  })

  it('is replaced by silence when it is pulled out, and comes back when it is plugged in', async () => {
    const m = new Machine()
    await m.mic.open()
    m.mic.mute(true)
    m.unplug()
    await settle()
    expect(m.mic.state).toBe('lost')
    expect(nameOf(m.mic.track)).toBe('silence')
    m.plug('another')
    await settle()
    expect(m.mic.state).toBe('ready')
    expect(nameOf(m.mic.track)).toBe('another')
    expect(m.mic.track!.enabled).toBe(false) // muted stays muted
  })

  it('is silence when it is refused, and the state says why', async () => {
    const m = new Machine()
    m.deny = true
    expect(nameOf(await m.mic.open())).toBe('silence')
    expect(m.mic.state).toBe('denied')
    m.deny = false
    await m.mic.again()
    expect(m.mic.state).toBe('ready')
  })

  it('takes another one when the chosen one is not plugged in', async () => {
    const m = new Machine()
    m.device = 'gone'
    expect(nameOf(await m.mic.open())).toBe('headset')
  })

  it('needs a secure page', async () => {
    const mic = new Microphone({ ...new Machine().ports, devices: undefined })
    await mic.look()
    expect(mic.state).toBe('insecure')
    expect(reason(new DOMException('', 'NotReadableError'))).toBe('busy')
  })
})

class Emitter {
  private on_: Record<string, ((e: never) => void)[]> = {}
  on(name: string, f: (e: never) => void) {
    ;(this.on_[name] ??= []).push(f)
  }
  emit(name: string, e: unknown = {}) {
    for (const f of this.on_[name] ?? []) f(e as never)
  }
}
class FakeSession extends Emitter implements SessionLike {
  answered = 0
  terminated: unknown[] = []
  digits: unknown[][] = []
  over = false
  senders = [{ track: null as unknown, replaceTrack: async function (this: { track: unknown }, t: unknown) { this.track = t } }]
  connection = Object.assign(new EventTarget(), {
    iceGatheringState: 'new', signalingState: 'stable', getSenders: () => this.senders, getStats: async () => new Map(),
  }) as never as RTCPeerConnection
  answer() { this.answered++ }
  terminate(o?: object) { this.over = true; this.terminated.push(o ?? {}) }
  sendDTMF(...a: unknown[]) { this.digits.push(a) }
  isEnded() { return this.over }
}
class FakeAgent extends Emitter {
  said: string[] = []
  outgoing = new FakeSession()
  start() { this.said.push('start') }
  stop() { this.said.push('stop') }
  abandon() { this.said.push('abandon') }
  call(to: string) { this.said.push(to); return this.outgoing }
}
function bed() {
  const machine = new Machine()
  const agent = new FakeAgent()
  const state = { silenced: 0, blocked: false, refused: false, ticks: [] as (() => void)[], later: [] as (() => void)[] }
  const phone = new Phone({
    agent: async () => {
      if (state.refused) throw new Error('no ticket')
      return agent
    },
    after: (_, f) => void state.later.push(f),
    mic: machine.mic,
    play: async () => { if (state.blocked) throw new Error('NotAllowedError') },
    silence: () => void state.silenced++,
    now: () => 1000,
    every: (_, f) => { state.ticks.push(f); return () => {} },
  })
  const invite = (headers: Record<string, string>) => {
    const session = new FakeSession()
    agent.emit('newRTCSession', { originator: 'remote', session, request: { getHeader: (n: string) => headers[n] } })
    return session
  }
  return { machine, agent, phone, state, invite }
}
const auto = { 'Call-Info': '<sip:x>;answer-after=0' }
vi.stubGlobal('MediaStream', class { constructor(readonly tracks: unknown[]) {} })
afterEach(() => vi.useRealTimers())

describe('the softphone', () => {
  it('registers, is lost and comes back', async () => {
    const b = bed()
    await b.phone.start()
    expect(b.phone.get().line).toBe('connecting')
    b.agent.emit('registered')
    expect(b.phone.get().line).toBe('ready')
    b.agent.emit('disconnected', { code: 1006 })
    expect(b.phone.get().line).toBe('lost')
    b.agent.emit('registered')
    expect(b.phone.get().line).toBe('ready')
  })

  it('asks again when it got no ticket, unless it was stopped', async () => {
    const b = bed()
    b.state.refused = true
    await b.phone.start()
    expect(b.phone.get().line).toBe('failed')
    b.state.refused = false
    b.state.later[0]!()
    await settle()
    expect(b.phone.get().line).toBe('connecting')
    expect(b.agent.said).toEqual(['start'])
    const stopped = bed()
    stopped.state.refused = true
    await stopped.phone.start()
    stopped.phone.stop()
    stopped.state.later[0]!()
    await settle()
    expect(stopped.phone.get().line).toBe('off')
  })

  it('answers what the relay says to answer, by either header', async () => {
    for (const headers of [auto, { 'Alert-Info': 'info=alert-autoanswer' }]) {
      const b = bed()
      await b.phone.start()
      const s = b.invite(headers)
      await settle()
      expect(s.answered).toBe(1)
      s.emit('confirmed')
      expect(b.phone.get().call?.state).toBe('talking')
      s.emit('ended', { cause: 'Terminated' })
      expect(b.phone.get().call).toBeNull()
      expect(b.phone.get().ended?.cause).toBe('Terminated')
      expect(b.machine.tracks[0]!.readyState).toBe('ended')
    }
  })

  it('answers nothing else, and no second call', async () => {
    const b = bed()
    await b.phone.start()
    expect(b.invite({}).terminated).toEqual([{ status_code: 486 }])
    b.invite(auto)
    expect(b.invite(auto).terminated).toEqual([{ status_code: 486 }])
  })

  it('takes a resumed call over and lets the old one go', async () => {
    const b = bed()
    await b.phone.start()
    const old = b.invite(auto)
    await settle()
    const again = b.invite({ ...auto, 'X-Resume': 'leg' })
    await settle()
    expect(again.answered).toBe(1)
    old.emit('ended', {})
    expect(b.phone.get().call).not.toBeNull()
  })

  it('leaves without a word when another page took over', async () => {
    const b = bed()
    await b.phone.start()
    const s = b.invite(auto)
    await settle()
    b.agent.emit('disconnected', { code: closeReplaced })
    expect(b.agent.said).toContain('abandon')
    expect(s.terminated).toEqual([])
    expect(b.phone.get()).toMatchObject({ line: 'replaced', call: null })
  })

  it('puts the new microphone into the running call', async () => {
    const b = bed()
    await b.phone.start()
    const s = b.invite(auto)
    await settle()
    b.machine.unplug()
    await settle()
    expect(nameOf(s.senders[0]!.track)).toBe('silence')
    expect(b.phone.get().mic).toBe('lost')
    b.machine.plug('spare')
    await settle()
    expect(nameOf(s.senders[0]!.track)).toBe('spare')
    expect(b.phone.get().mic).toBe('ready')
  })

  it('says when the browser refuses to play, until it is allowed to', async () => {
    const b = bed()
    b.state.blocked = true
    await b.phone.start()
    const s = b.invite(auto)
    s.emit('peerconnection', { peerconnection: s.connection })
    s.connection.dispatchEvent(Object.assign(new Event('track'), { streams: [{}] }))
    await settle()
    expect(b.phone.get().soundBlocked).toBe(true)
    b.state.blocked = false
    b.phone.allowSound()
    await settle()
    expect(b.phone.get().soundBlocked).toBe(false)
  })

  it('goes on after the first candidate, or 300 ms without any', async () => {
    const b = bed()
    await b.phone.start()
    vi.useFakeTimers()
    const s = b.invite(auto)
    let ready = 0
    s.emit('icecandidate', { ready: () => ready++ })
    expect(ready).toBe(1)
    s.emit('peerconnection', { peerconnection: s.connection })
    let ended = 0
    s.connection.addEventListener('icecandidate', () => ended++)
    Object.assign(s.connection, { iceGatheringState: 'gathering' })
    s.connection.dispatchEvent(new Event('icegatheringstatechange'))
    vi.advanceTimersByTime(299)
    expect(ended).toBe(0)
    vi.advanceTimersByTime(1)
    expect(ended).toBeGreaterThan(0)
  })

  it('calls, sends digits as RTP events, and hangs up', async () => {
    const b = bed()
    await b.phone.start()
    await b.phone.call('sip:95000@huawu')
    expect(b.phone.get().call?.state).toBe('calling')
    b.agent.outgoing.emit('progress')
    expect(b.phone.get().call?.state).toBe('ringing')
    b.agent.outgoing.emit('accepted')
    b.phone.digits('1')
    expect(b.agent.outgoing.digits[0]).toMatchObject(['1', { transportType: 'RFC2833' }])
    b.phone.hangUp()
    expect(b.agent.outgoing.terminated).toHaveLength(1)
  })

  it('ends a call of its own when nothing comes any more, but not one that the relay may resume', async () => {
    const b = bed()
    await b.phone.start()
    const lose = (s: FakeSession) => {
      s.emit('peerconnection', { peerconnection: s.connection })
      Object.assign(s.connection, { connectionState: 'disconnected' })
      s.connection.dispatchEvent(new Event('connectionstatechange'))
    }
    const taken = b.invite(auto)
    await settle()
    taken.emit('confirmed')
    vi.useFakeTimers()
    lose(taken)
    vi.advanceTimersByTime(10_000)
    expect(b.phone.get().call).not.toBeNull()
    vi.useRealTimers()
    taken.over = true
    taken.emit('ended', { cause: 'Terminated' })

    await b.phone.call('sip:95000@huawu')
    const own = b.agent.outgoing
    own.emit('accepted')
    vi.useFakeTimers()
    lose(own)
    vi.advanceTimersByTime(2_000)
    expect(b.phone.get().call).not.toBeNull()
    vi.advanceTimersByTime(2_000)
    vi.useRealTimers()
    expect(b.phone.get()).toMatchObject({ call: null, ended: { cause: 'media lost' } })
  })

  it('mutes the track, and forgets it with the call', async () => {
    const b = bed()
    await b.phone.start()
    const s = b.invite(auto)
    await settle()
    b.phone.mute(true)
    expect(b.phone.get().muted).toBe(true)
    expect(b.machine.tracks[0]!.enabled).toBe(false)
    s.emit('ended', {})
    expect(b.phone.get().muted).toBe(false)
  })
})

describe('the socket', () => {
  const bedOf = (ticket: () => Promise<string>) => {
    const opened: { url: string; ws: { onopen: () => void; onclose: (e: unknown) => void; readyState: number; close: () => void; send: (d: string) => void } }[] = []
    const s = new TicketSocket(ticket, (url) => {
      const ws = { onopen: () => {}, onclose: () => {}, readyState: 1, close: () => {}, send: () => {} }
      opened.push({ url, ws: ws as never })
      return ws as never
    })
    return { s, opened }
  }
  it('opens each connection with a ticket of its own', async () => {
    let n = 0
    const { s, opened } = bedOf(async () => `wss://x/sip?ticket=${++n}`)
    let closed = 0
    s.ondisconnect = () => closed++
    s.connect()
    s.connect() // already on its way
    await settle()
    opened[0]!.ws.onopen()
    opened[0]!.ws.onclose({ code: 1006, reason: '' })
    expect(closed).toBe(1)
    s.connect()
    await settle()
    expect(opened.map((o) => o.url)).toEqual(['wss://x/sip?ticket=1', 'wss://x/sip?ticket=2'])
  })
  it('counts a refused ticket as a broken connection, so that it is tried again', async () => {
    const { s } = bedOf(() => Promise.reject(new Error('409')))
    let error = false
    s.ondisconnect = (e) => void (error = e)
    s.connect()
    await settle()
    expect(error).toBe(true)
    expect(s.isConnecting()).toBe(false)
  })
  it('opens nothing once it was closed meanwhile', async () => {
    const { s, opened } = bedOf(async () => 'wss://x/sip')
    s.connect()
    s.disconnect()
    await settle()
    expect(opened).toEqual([])
  })
})

/** locks as navigator.locks has them, as much as is used. */
class Locks {
  held: { name: string; end: (e: unknown) => void } | null = null
  queue: (() => void)[] = []
  request = (name: string, o: LockOptions, work: (lock: unknown) => unknown): Promise<unknown> =>
    new Promise((ok, fail) => {
      const grant = () => {
        const mine = { name, end: fail }
        this.held = mine
        void Promise.resolve(work({ name })).then((v) => {
          ok(v)
          if (this.held === mine) {
            this.held = null
            this.queue.shift()?.()
          }
        })
      }
      if (o.steal) {
        const old = this.held
        grant()
        old?.end(new DOMException('', 'AbortError'))
      } else if (!this.held) grant()
      else if (o.ifAvailable) void Promise.resolve(work(null)).then(ok)
      else {
        o.signal?.addEventListener('abort', () => {
          this.queue = this.queue.filter((g) => g !== grant)
          fail(new DOMException('', 'AbortError'))
        })
        this.queue.push(grant)
      }
    })
}
describe('who has the sound', () => {
  const tab = (locks: Locks, memory = new Map<string, string>()) => {
    const leave: (() => void)[] = []
    const owner = new MediaOwner('demo-lin', {
      locks: locks as never,
      memory: { getItem: (k) => memory.get(k) ?? null, setItem: (k, v) => void memory.set(k, v), removeItem: (k) => void memory.delete(k) },
      onLeave: (f) => void leave.push(f),
    })
    return { owner, memory, leave: () => leave.forEach((f) => f()) }
  }
  it('is the first tab; the second knows, takes over, and the first knows that', async () => {
    const locks = new Locks()
    const a = tab(locks)
    const b = tab(locks)
    a.owner.start()
    await settle()
    b.owner.start()
    await settle()
    expect([a.owner.get(), b.owner.get()]).toEqual(['here', 'elsewhere'])
    b.owner.take()
    await settle()
    expect([a.owner.get(), b.owner.get()]).toEqual(['elsewhere', 'here'])
    a.owner.take()
    await settle()
    expect([a.owner.get(), b.owner.get()]).toEqual(['here', 'elsewhere'])
  })
  it('is the second tab once the first is closed', async () => {
    const locks = new Locks()
    const a = tab(locks)
    const b = tab(locks)
    a.owner.start()
    b.owner.start()
    await settle()
    a.owner.stop()
    await settle()
    expect(b.owner.get()).toBe('here')
  })
  it('stays with a tab that is reloaded', async () => {
    const locks = new Locks()
    const a = tab(locks)
    const b = tab(locks)
    a.owner.start()
    b.owner.start()
    await settle()
    a.leave()
    a.owner.stop()
    await settle()
    const again = tab(locks, a.memory)
    again.owner.start()
    await settle()
    expect([again.owner.get(), b.owner.get()]).toEqual(['here', 'elsewhere'])
  })
})

describe('how a call sounds', () => {
  const at = (r: Partial<Reading>): Reading => ({ at: 0, received: 0, lost: 0, jitter: 2, rtt: 20, concealed: 0, samples: 0, sent: 0, sentLost: 0, sentJitter: 0, ...r })
  it('is good without loss, fair with some, poor with much', () => {
    expect(mos(20, 2, 0)).toBeGreaterThan(4.3)
    expect(grade(judge(at({}), at({ received: 230, lost: 20 }))!)).toBe('fair')
    expect(grade(judge(at({}), at({ received: 200, lost: 50 }))!)).toBe('poor')
    expect(mos(2000, 200, 0.5)).toBe(1)
  })
  it('is not judged when nothing came', () => {
    expect(judge(at({ received: 5 }), at({ received: 5 }))).toBeNull()
  })
  it('is read from the browser’s report, whatever is missing', () => {
    const report = [
      { type: 'inbound-rtp', kind: 'audio', packetsReceived: 100, packetsLost: 1, jitter: 0.004 },
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.03 },
      { type: 'outbound-rtp', kind: 'audio', packetsSent: 90 },
      { type: 'remote-inbound-rtp', packetsLost: 2, jitter: 0.001 },
    ]
    expect(read(report, 7)).toMatchObject({ at: 7, received: 100, lost: 1, jitter: 4, rtt: 30, sent: 90, sentLost: 2, concealed: 0 })
    expect(read([], 7)).toBeNull()
  })
  it('is told to the server as whole seconds and counts', () => {
    expect(total(at({ at: 1000 }), at({ at: 11_400, received: 500, sent: 520 }))).toMatchObject({ seconds: 10, received: { packets: 500, lost: 0 }, sent: { packets: 520 } })
    expect(total(at({ at: 0 }), at({ at: 100, received: 5 }))).toBeNull()
  })
})

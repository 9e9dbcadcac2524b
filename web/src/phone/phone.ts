// The softphone: registers at the relay, answers by itself what the relay says to
// answer, carries sound both ways and judges how it sounds. It decides nothing of
// the contact: accept, hold, transfer and hang-up are the desk's commands.
import type { Microphone, Mic } from './microphone'
import { closeReplaced } from './socket'
import { judge, read, total, type Quality, type Reading, type Total } from './quality'

export type Line = 'off' | 'connecting' | 'ready' | 'lost' | 'failed' | 'replaced'

export type PhoneCall = { state: 'calling' | 'ringing' | 'connecting' | 'talking'; since: number }

export type PhoneView = {
  line: Line
  call: PhoneCall | null
  ended: { cause: string; at: number } | null // of the last call
  mic: Mic
  muted: boolean
  systemMuted: boolean
  soundBlocked: boolean
  quality: Quality | null // of the last seconds
  total: Total | null // of the call so far
}

/** What is needed of JsSIP's session and user agent; tests give their own. */
export type SessionLike = {
  on(event: string, f: (e: never) => void): unknown
  answer(o: object): void
  terminate(o?: object): void
  sendDTMF(tone: string, o: object): void
  isEnded(): boolean
  connection: RTCPeerConnection | null
}
export type IncomingEvent = { originator: string; session: SessionLike; request: { getHeader(name: string): string | undefined } }
export type UserAgent = {
  on(event: string, f: (e: never) => void): unknown
  start(): void
  stop(): void
  abandon(): void // leaves without a word: no BYE, no un-REGISTER
  call(target: string, o: object): unknown
}

export type PhonePorts = {
  agent: () => Promise<UserAgent>
  mic: Microphone
  play: (stream: MediaStream) => Promise<void> // rejects when the browser refuses
  silence: () => void // stops playing
  now: () => number
  every: (ms: number, f: () => void) => () => void
  after: (ms: number, f: () => void) => void
}

const unheardFor = 3000 // ms; a connection may come back by itself
const candidateWithin = 300 // ms; ICE of the relay needs none of ours
export const qualityEvery = 5_000
export const againAfter = 3_000 // that a phone which got no ticket asks for one again

export class Phone {
  private view: PhoneView
  private ua: UserAgent | null = null
  private session: SessionLike | null = null
  private stopStats: (() => void) | null = null
  private first: Reading | null = null
  private last: Reading | null = null
  private outgoing = false
  private remote: MediaStream | null = null
  private listeners = new Set<() => void>()
  private starting = 0

  constructor(private readonly ports: PhonePorts) {
    this.view = { line: 'off', call: null, ended: null, mic: ports.mic.state, muted: false, systemMuted: false, soundBlocked: false, quality: null, total: null }
    ports.mic.subscribe(() => this.micChanged())
  }

  get = (): PhoneView => this.view

  subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  async start(): Promise<void> {
    if (this.ua || this.view.line === 'connecting') return
    const mine = ++this.starting
    this.set({ line: 'connecting' })
    void this.ports.mic.look()
    let ua: UserAgent
    try {
      ua = await this.ports.agent()
    } catch {
      if (mine !== this.starting) return
      this.set({ line: 'failed' })
      this.ports.after(againAfter, () => mine === this.starting && void this.start())
      return
    }
    if (mine !== this.starting) return
    this.ua = ua
    const mineOnly = (f: () => void) => () => {
      if (this.ua === ua) f()
    }
    ua.on('registered', mineOnly(() => this.set({ line: 'ready' })))
    ua.on('unregistered', mineOnly(() => this.view.line === 'ready' && this.set({ line: 'lost' })))
    ua.on('registrationFailed', mineOnly(() => this.set({ line: 'failed' })))
    ua.on('disconnected', (e: { code?: number }) => {
      if (this.ua !== ua) return
      if (e.code === closeReplaced) this.abandon('replaced')
      else this.set({ line: 'lost' })
    })
    ua.on('newRTCSession', (e: IncomingEvent) => {
      if (this.ua === ua && e.originator === 'remote') this.invited(e)
    })
    ua.start()
  }

  /** stop ends the registration and any call's sound here. */
  stop(): void {
    this.starting++
    const ua = this.ua
    this.ua = null
    this.finish('')
    ua?.stop()
    this.ports.mic.close()
    this.set({ line: 'off' })
  }

  /** abandon leaves the sound to another page, which the relay calls as soon as it
   *  registers. A BYE from here would end the customer's call. */
  abandon(line: 'off' | 'replaced' = 'off'): void {
    this.starting++
    const ua = this.ua
    this.ua = null
    ua?.abandon()
    this.finish('')
    this.set({ line })
  }

  /** warm opens the microphone before it is needed: an offer rings. */
  async warm(): Promise<void> {
    await this.ports.mic.open()
  }

  /** cool gives the microphone back unless a call uses it. */
  cool(): void {
    if (!this.session) this.ports.mic.close()
  }

  /** askAgain asks for the microphone once more. */
  async askAgain(): Promise<void> {
    await this.ports.mic.open()
    if (this.ports.mic.state !== 'ready') await this.ports.mic.again()
    if (!this.session) this.ports.mic.close()
  }

  /** call calls a number, as the customers' page does. */
  async call(target: string): Promise<void> {
    if (!this.ua || this.session) return
    this.set({ call: { state: 'calling', since: this.ports.now() }, ended: null })
    const track = await this.ports.mic.open()
    if (!this.ua) return
    const s = this.ua.call(target, { mediaStream: new MediaStream([track]), ...connection }) as SessionLike
    this.outgoing = true
    this.adopt(s)
  }

  hangUp(): void {
    const s = this.session
    if (s && !s.isEnded()) s.terminate()
  }

  mute(on: boolean): void {
    this.ports.mic.mute(on)
  }

  /** digits sends tones as RTP events (RFC 4733), which the relay knows as digits. */
  digits(keys: string): void {
    this.session?.sendDTMF(keys, { transportType: 'RFC2833', duration: 120, interToneGap: 80 })
  }

  /** allowSound plays after a click what the browser refused to play by itself. */
  allowSound = (): void => {
    if (this.remote) this.listen(this.remote)
  }

  private invited(e: IncomingEvent): void {
    const header = (n: string) => e.request.getHeader(n) ?? ''
    const auto = /answer-after\s*=\s*0/i.test(header('Call-Info')) || /alert-autoanswer/i.test(header('Alert-Info'))
    const old = this.session
    if (!auto || (old && !old.isEnded() && !header('X-Resume'))) {
      e.session.terminate({ status_code: 486 })
      return
    }
    // A call that is resumed has a dialog of its own; the relay ends the old one.
    this.adopt(e.session)
    this.set({ call: { state: 'connecting', since: this.ports.now() }, ended: null })
    void this.ports.mic.open().then((track) => {
      if (this.session !== e.session || e.session.isEnded()) return
      e.session.answer({ mediaStream: new MediaStream([track]), ...connection })
    })
  }

  private adopt(s: SessionLike): void {
    this.session = s
    const mine = (f: (e: never) => void) => (e: never) => {
      if (this.session === s) f(e)
    }
    const attach = mine((e: { peerconnection: RTCPeerConnection }) => this.connected(e.peerconnection))
    s.on('peerconnection', attach)
    if (s.connection) this.connected(s.connection)
    s.on('icecandidate', (e: { ready: () => void }) => e.ready()) // the first will do
    s.on('progress', mine(() => this.view.call?.state === 'calling' && this.set({ call: { state: 'ringing', since: this.ports.now() } })))
    s.on('confirmed', mine(() => this.talking()))
    s.on('accepted', mine(() => this.talking()))
    s.on('ended', mine((e: { cause?: string }) => this.finish(e.cause ?? '')))
    s.on('failed', mine((e: { cause?: string }) => this.finish(e.cause ?? 'failed')))
  }

  private connected(pc: RTCPeerConnection): void {
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState === 'gathering') setTimeout(() => pc.signalingState !== 'closed' && pc.dispatchEvent(new Event('icecandidate')), candidateWithin)
    })
    pc.addEventListener('track', (e) => this.listen(e.streams[0] ?? new MediaStream([e.track])))
    pc.addEventListener('connectionstatechange', () => {
      if (this.unheard(pc)) setTimeout(() => this.unheard(pc) && this.finish('media lost'), unheardFor)
    })
  }

  /** unheard: nothing comes any more in a call that was made from here. Its BYE may
   *  have gone to a socket that was lost. A call that was taken is the relay's to
   *  end: it calls the agent again. */
  private unheard(pc: RTCPeerConnection): boolean {
    return this.outgoing && this.session?.connection === pc && ['disconnected', 'failed', 'closed'].includes(pc.connectionState)
  }

  private listen(stream: MediaStream): void {
    this.remote = stream
    this.ports.play(stream).then(
      () => this.set({ soundBlocked: false }),
      () => this.remote === stream && this.set({ soundBlocked: true }),
    )
  }

  private talking(): void {
    if (this.view.call?.state === 'talking') return
    this.set({ call: { state: 'talking', since: this.ports.now() } })
    this.first = this.last = null
    this.stopStats?.()
    this.stopStats = this.ports.every(qualityEvery, () => void this.measure())
    void this.measure()
  }

  private async measure(): Promise<void> {
    const s = this.session
    const pc = s?.connection
    if (!pc) return
    const report = await pc.getStats()
    if (this.session !== s) return
    const now = read(report.values() as Iterable<Record<string, unknown>>, this.ports.now())
    const q = now && this.last && judge(this.last, now)
    this.first ??= now
    this.last = now
    if (q) this.set({ quality: q, total: total(this.first!, now!) })
  }

  private finish(cause: string): void {
    const had = this.session !== null
    this.session = null
    this.outgoing = false
    this.stopStats?.()
    this.stopStats = null
    this.first = this.last = null
    this.remote = null
    this.ports.silence()
    this.ports.mic.close()
    this.set({ call: null, quality: null, total: null, soundBlocked: false, ...(had ? { ended: { cause, at: this.ports.now() } } : {}) })
  }

  /** micChanged puts another track into a running call. */
  private micChanged(): void {
    const m = this.ports.mic
    if (m.track) {
      const sender = this.session?.connection?.getSenders().find((x) => x.track?.kind === 'audio' || x.track === null)
      if (sender && sender.track !== m.track) void sender.replaceTrack(m.track)
    }
    this.set({ mic: m.state, muted: m.isMuted, systemMuted: m.systemMuted && m.state === 'ready' })
  }

  private set(change: Partial<PhoneView>): void {
    this.view = { ...this.view, ...change }
    for (const f of this.listeners) f()
  }
}

/** No STUN: the relay has a public address, and gathering stays short. */
const connection = { pcConfig: { iceServers: [] }, rtcOfferConstraints: { offerToReceiveAudio: true, offerToReceiveVideo: false } }

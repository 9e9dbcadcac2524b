// The microphone: asked for when it is needed, given back when it is not, and
// watched meanwhile. When it is pulled out during a call the call goes on with
// silence, and a microphone that comes back is put in its place.

export type Mic = 'unknown' | 'ready' | 'denied' | 'missing' | 'busy' | 'insecure' | 'lost'

export type MicPorts = {
  devices: Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices' | 'addEventListener' | 'removeEventListener'> | undefined
  permission: () => Promise<PermissionState | 'unknown'>
  silence: () => MediaStreamTrack // a track that says nothing
  device: () => string | null // the chosen one
}

/** reason says why getUserMedia failed. */
export function reason(err: unknown): Mic {
  const name = err instanceof Error || err instanceof DOMException ? err.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing'
    case 'NotReadableError':
    case 'AbortError':
      return 'busy'
  }
  return 'missing'
}

export class Microphone {
  state: Mic = 'unknown'
  /** the track that is sent; silence while there is no microphone */
  track: MediaStreamTrack | null = null
  systemMuted = false
  private muted = false
  private opening: Promise<void> | null = null
  private listeners = new Set<() => void>()
  private held = false

  constructor(private readonly ports: MicPorts) {}

  subscribe(f: () => void): () => void {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  /** look finds out, without asking the user, whether a microphone could be had. */
  async look(): Promise<void> {
    if (this.held) return
    const d = this.ports.devices
    if (!d) return this.become('insecure')
    if ((await this.ports.permission()) === 'denied') return this.become('denied')
    const found = (await d.enumerateDevices()).some((x) => x.kind === 'audioinput')
    if (this.held) return
    if (!found) return this.become('missing')
    if (this.state !== 'ready') this.become('unknown')
  }

  /** open asks for the microphone. It ends with a track in any case: when there is
   *  no microphone it is silence, and state says why. */
  async open(): Promise<MediaStreamTrack> {
    if (!this.held) {
      this.held = true
      this.ports.devices?.addEventListener('devicechange', this.changed)
    }
    if (this.state !== 'ready' || !this.track || this.track.readyState === 'ended') {
      this.opening ??= this.acquire().finally(() => {
        this.opening = null
      })
      await this.opening
    }
    return this.track ?? this.use(this.ports.silence())
  }

  /** close gives the microphone back; the browser's sign of recording goes out. */
  close(): void {
    this.held = false
    this.ports.devices?.removeEventListener('devicechange', this.changed)
    this.release()
    this.muted = false
    if (this.state === 'lost') this.become('missing')
    else if (this.state === 'ready') this.become('unknown')
  }

  mute(on: boolean): void {
    this.muted = on
    if (this.track) this.track.enabled = !on
    this.tell()
  }

  get isMuted(): boolean {
    return this.muted
  }

  /** again asks once more: after a refusal, or with another device. */
  async again(): Promise<void> {
    await this.acquire()
  }

  private async acquire(): Promise<void> {
    const d = this.ports.devices
    if (!d) return this.become('insecure')
    const chosen = this.ports.device()
    const want = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
    try {
      let stream: MediaStream
      try {
        stream = await d.getUserMedia({ audio: chosen ? { ...want, deviceId: { exact: chosen } } : want })
      } catch (err) {
        if (!chosen || reason(err) !== 'missing') throw err
        stream = await d.getUserMedia({ audio: want }) // the chosen one is not plugged in
      }
      const track = stream.getAudioTracks()[0]
      if (!track) return this.become('missing')
      if (!this.held) {
        track.stop() // given back while the user was being asked
        return
      }
      this.use(track)
      track.onended = () => this.lost(track)
      track.onmute = track.onunmute = () => {
        this.systemMuted = track.muted
        this.tell()
      }
      this.systemMuted = track.muted
      this.become('ready')
    } catch (err) {
      this.become(this.state === 'lost' && reason(err) === 'missing' ? 'lost' : reason(err))
    }
  }

  private use(track: MediaStreamTrack): MediaStreamTrack {
    this.release()
    track.enabled = !this.muted
    this.track = track
    return track
  }

  private release(): void {
    const t = this.track
    this.track = null
    if (t) {
      t.onended = t.onmute = t.onunmute = null
      t.stop()
    }
  }

  /** lost: the microphone went away while it was in use. */
  private lost(track: MediaStreamTrack): void {
    if (track !== this.track) return
    this.use(this.ports.silence())
    this.become('lost')
    void this.acquire() // there may be another one
  }

  private changed = (): void => {
    if (this.held && this.state !== 'ready') void this.acquire()
  }

  private become(s: Mic): void {
    this.state = s
    this.tell()
  }

  private tell(): void {
    for (const f of this.listeners) f()
  }
}

/** browserMic has the browser's ports; device is the chosen microphone's id. */
export function browserMic(device: () => string | null): Microphone {
  return new Microphone({
    devices: navigator.mediaDevices as MediaDevices | undefined,
    permission: async () => {
      try {
        return (await navigator.permissions.query({ name: 'microphone' as PermissionName })).state
      } catch {
        return 'unknown' // not every browser tells
      }
    },
    silence: () => {
      const context = new AudioContext()
      const track = context.createMediaStreamDestination().stream.getAudioTracks()[0]!
      const stop = track.stop.bind(track)
      track.stop = () => {
        stop()
        void context.close()
      }
      return track
    },
    device,
  })
}

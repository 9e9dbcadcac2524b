// The ring and the test tone, made here: no files. The ring has the 450 Hz of
// Chinese telephones, a softer tone above it, and one second in three.

export class Ringer {
  private context: AudioContext | null = null
  private stopNow: (() => void) | null = null

  constructor(
    private readonly volume: () => number, // 0 to 1
    private readonly device: () => string | null,
  ) {}

  /** unlock makes sound possible; call it in a click. */
  async unlock(): Promise<boolean> {
    const c = this.open()
    await this.choose(c)
    if (c.state === 'suspended') await Promise.race([c.resume(), new Promise((r) => setTimeout(r, 500))])
    return c.state === 'running'
  }

  /** ring rings until the returned function is called. */
  ring(): () => void {
    this.stopNow?.()
    let on = true
    let timer: ReturnType<typeof setTimeout>
    const once = () => {
      if (!on) return
      void this.unlock().then(() => on && this.burst([450, 562.5], 1))
      timer = setTimeout(once, 3000)
    }
    once()
    const stop = () => {
      on = false
      clearTimeout(timer)
      if (this.stopNow === stop) this.stopNow = null
      this.quiet()
    }
    this.stopNow = stop
    return stop
  }

  /** chime plays a short rising tone, to test the speaker. */
  async chime(): Promise<boolean> {
    const ok = await this.unlock()
    this.burst([523.25], 0.35)
    this.burst([659.25], 0.5, 0.3)
    return ok
  }

  private playing = new Set<OscillatorNode>()

  private quiet(): void {
    for (const o of this.playing) o.stop()
    this.playing.clear()
  }

  private burst(tones: number[], seconds: number, after = 0): void {
    const c = this.open()
    const from = c.currentTime + after
    const gain = c.createGain()
    const loud = (this.volume() * 0.35) / tones.length
    gain.gain.setValueAtTime(0, from)
    gain.gain.linearRampToValueAtTime(loud, from + 0.03)
    gain.gain.setValueAtTime(loud, from + seconds - 0.08)
    gain.gain.linearRampToValueAtTime(0, from + seconds)
    gain.connect(c.destination)
    for (const f of tones) {
      const o = c.createOscillator()
      o.frequency.value = f
      o.connect(gain)
      o.start(from)
      o.stop(from + seconds)
      this.playing.add(o)
      o.onended = () => this.playing.delete(o)
    }
  }

  private open(): AudioContext {
    this.context ??= new AudioContext()
    return this.context
  }

  private async choose(c: AudioContext): Promise<void> {
    const id = this.device()
    const can = c as AudioContext & { setSinkId?: (id: string) => Promise<void>; sinkId?: string }
    if (can.setSinkId && (id ?? '') !== (can.sinkId ?? '')) await can.setSinkId(id ?? '').catch(() => {})
  }
}

// A person with a browser of their own: a microphone that says one tone, and an
// ear that knows what comes out of the loudspeaker.
import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bed, check, eventually, later, need, onTrouble, say } from './bed.mjs'
import { words } from './words.mjs'

const { chromium } = need('playwright-core')

/** Writes a WAV of one tone that a browser takes for a microphone. */
export function tone(hz) {
  const rate = 48_000, seconds = 5 // a whole number of periods: it loops without a click
  const data = Buffer.alloc(44 + rate * seconds * 2)
  data.write('RIFF', 0); data.writeUInt32LE(data.length - 8, 4); data.write('WAVEfmt ', 8)
  data.writeUInt32LE(16, 16); data.writeUInt16LE(1, 20); data.writeUInt16LE(1, 22)
  data.writeUInt32LE(rate, 24); data.writeUInt32LE(rate * 2, 28); data.writeUInt16LE(2, 32); data.writeUInt16LE(16, 34)
  data.write('data', 36); data.writeUInt32LE(rate * seconds * 2, 40)
  for (let i = 0; i < rate * seconds; i++) data.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + i * 2)
  const path = join(bed.dir, `tone-${hz}.wav`)
  writeFileSync(path, data)
  return path
}

let people = 0

/**
 * Opens a browser. tone: Hz of the microphone; 0 says nothing. allow: what the
 * page may use; a person who denies the microphone leaves it out. before: what runs
 * in each page before its own code.
 */
export async function person(name, { hz = 440, language = 'zh-CN', theme = 'light', allow = ['microphone', 'notifications'], before, size = { width: 1366, height: 860 } } = {}) {
  const profile = join(bed.dir, `profile-${++people}`)
  mkdirSync(profile, { recursive: true })
  const fake = allow.includes('microphone') ? ['--use-fake-ui-for-media-stream'] : ['--deny-permission-prompts']
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: bed.chromium, headless: true, viewport: size, locale: language, colorScheme: theme, timezoneId: 'Asia/Shanghai',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-fake-device-for-media-stream', ...fake, `--use-file-for-fake-audio-capture=${tone(hz)}`, '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
  })
  later(() => context.close())
  await context.grantPermissions(allow.filter((p) => p !== 'microphone' || allow.includes('microphone')), { origin: bed.url })
  await context.addInitScript(listen)
  if (before) await context.addInitScript(before)
  const page = context.pages()[0] ?? (await context.newPage())
  return new Person(name, context, page, language)
}

export class Person {
  constructor(name, context, page, language) {
    Object.assign(this, { name, context, page, language, broken: [] })
    this.watch(page)
    onTrouble(async () => {
      const path = join(bed.artifacts, `${name}-trouble.png`)
      await page.screenshot({ path })
      console.error(`${name} saw ${path}:\n${(await page.locator('body').innerText()).slice(0, 2500)}`)
    })
  }

  /** A page must not break: what it throws, or its policy refuses, fails the story. */
  watch(page) {
    page.on('pageerror', (e) => this.broken.push(`${e}`))
    page.on('console', (m) => {
      if (m.type() === 'error' && /Content Security Policy|Uncaught|React/.test(m.text())) this.broken.push(m.text())
    })
  }

  whole() {
    check(this.broken.length === 0, `${this.name}'s page broke: ${this.broken.join('\n')}`)
  }

  /** A message of the pages in this person's language. */
  words(key, values) { return words(this.language, key, values) }

  /** What begins with a message: a button may name its key after it. */
  starting(key, values) {
    const text = this.words(key, values)
    const source = text instanceof RegExp ? text.source : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return new RegExp(`^${source}( (Alt|⌥).*)?$`)
  }

  button(key, values) { return this.page.getByRole('button', { name: this.starting(key, values) }) }

  /** Waits until a message is to be read. */
  async reads(key, values) {
    say(this.name, 'reads', key)
    await this.page.getByText(this.words(key, values)).first().waitFor({ state: 'visible', timeout: 45_000 })
  }

  async clicks(key, values) {
    say(this.name, 'clicks', key)
    await this.button(key, values).first().click({ timeout: 45_000 })
  }

  async picture(name) { await this.page.screenshot({ path: join(bed.artifacts, `${name}.png`) }) }

  /** What the loudspeaker plays now: the loudest frequency and its level in dB. */
  ear(page = this.page) { return page.evaluate(() => window.huawuEar?.() ?? []) }

  /** Waits until a tone is what is heard, and returns how long that took in ms. */
  async hears(hz, page = this.page) {
    say(this.name, 'is to hear', hz)
    const began = performance.now()
    let last
    await eventually(`${this.name} hears ${hz} Hz`, async () => {
      last = await this.ear(page)
      return last.some((e) => Math.abs(e.hz - hz) < 12 && e.db > -60)
    }).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(last)}`) })
    return performance.now() - began
  }

  /** Waits until anything is heard: a prompt, music. */
  async hearsSomething() {
    say(this.name, 'is to hear something')
    await eventually(`${this.name} hears something`, async () => (await this.ear()).some((e) => e.db > -60))
  }

  /** Waits until tones are heard at once, as in a conference. */
  async hearsAll(...tones) {
    say(this.name, 'is to hear', tones.join(' + '))
    let last
    await eventually(`${this.name} hears ${tones}`, async () => {
      last = await this.page.evaluate((all) => window.huawuTones?.(all) ?? [], tones)
      return last.some((heard) => heard.every((db) => db > -60))
    }).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(last)}`) })
  }

  /** Waits until a tone is not heard any more. */
  async hearsNot(hz) {
    say(this.name, 'is not to hear', hz)
    await eventually(`${this.name} does not hear ${hz} Hz`, async () => {
      const last = await this.page.evaluate((t) => window.huawuTones?.([t]) ?? [], hz)
      return last.every(([db]) => db < -70)
    })
  }
}

/** Runs in the page before its own code: it listens to every remote track. */
function listen() {
  const ears = []
  const Real = window.RTCPeerConnection
  if (!Real) return
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args)
      this.addEventListener('track', (e) => {
        if (e.track.kind !== 'audio') return
        const context = new AudioContext()
        const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 })
        const quick = new AnalyserNode(context, { fftSize: 2048, smoothingTimeConstant: 0 })
        const source = context.createMediaStreamSource(new MediaStream([e.track]))
        source.connect(analyser)
        source.connect(quick)
        const ear = { context, analyser, quick, bins: new Float32Array(analyser.frequencyBinCount), track: e.track }
        ears.push(ear)
        e.track.addEventListener('ended', () => { ears.splice(ears.indexOf(ear), 1); context.close() })
        this.addEventListener('connectionstatechange', () => {
          if (this.connectionState === 'closed' && ears.includes(ear)) ears.splice(ears.indexOf(ear), 1)
        })
      })
    }
    close() {
      super.close()
      for (const ear of [...ears]) if (this.getReceivers().some((r) => r.track === ear.track)) ears.splice(ears.indexOf(ear), 1)
    }
  }
  const look = (ear) => { ear.analyser.getFloatFrequencyData(ear.bins); return ear.context.sampleRate / ear.analyser.fftSize }
  window.huawuEar = () => ears.map((ear) => {
    const width = look(ear)
    let best = 0
    for (let i = 1; i < ear.bins.length; i++) if (ear.bins[i] > ear.bins[best]) best = i
    return { hz: Math.round(best * width), db: Math.round(ear.bins[best]) }
  })
  // Coarse, but within 43 ms: for measuring when a tone begins.
  window.huawuFirst = (hz) => ears.some((ear) => {
    const bins = new Float32Array(ear.quick.frequencyBinCount)
    ear.quick.getFloatFrequencyData(bins)
    const at = Math.round(hz / (ear.context.sampleRate / ear.quick.fftSize))
    const loud = Math.max(bins[at - 1], bins[at], bins[at + 1])
    return loud > -50 && loud > Math.max(...bins.slice(0, at - 3), ...bins.slice(at + 4)) + 10
  })
  window.huawuTones = (tones) => ears.map((ear) => {
    const width = look(ear)
    return tones.map((hz) => Math.round(Math.max(...ear.bins.slice(Math.floor((hz - 8) / width), Math.ceil((hz + 8) / width) + 1))))
  })
}

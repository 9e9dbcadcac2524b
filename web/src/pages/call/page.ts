// The page on which customers call: one button, a keypad, a clock. Plain DOM, so
// that it is there at once; the telephone is loaded when the button is pressed.
import { fill, languageNames, languages, rememberLanguage, type Language } from '../../i18n/catalogue'
import { clock } from '../../i18n/format'
import { Problem } from '../../api/problem'
import type { Mic } from '../../phone/microphone'
import type { PhoneView } from '../../phone/phone'
import { words, type Word } from './words'

/** What the page needs of a telephone. */
export type Telephone = {
  get: () => PhoneView
  subscribe: (f: () => void) => () => void
  start: () => Promise<void>
  stop: () => void
  warm: () => Promise<void>
  call: (target: string) => Promise<void>
  hangUp: () => void
  mute: (on: boolean) => void
  digits: (keys: string) => void
  allowSound: () => void
}

export type Ports = {
  language: Language
  /** telephone makes one that calls in a language; target is told once it is known */
  telephone: (language: Language, target: (to: string) => void) => Promise<Telephone>
  /** problem is what went wrong with the last ticket, if it did */
  problem: () => unknown
  now: () => number
}

type Phase = 'idle' | 'asking' | 'calling' | 'ringing' | 'talking' | 'ended'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']

/** mount builds the page in root and returns what takes it away again. */
export function mount(root: HTMLElement, ports: Ports): () => void {
  const page = new CallPage(root, ports)
  return () => page.close()
}

class CallPage {
  private language: Language
  private phase: Phase = 'idle'
  private phone: Telephone | null = null
  private view: PhoneView | null = null
  private since = 0
  private lasted = 0
  private pressed = ''
  private trouble = '' // what went wrong last
  private tick: ReturnType<typeof setInterval>
  private forget: (() => void) | null = null

  private readonly title = el('h1')
  private readonly lead = el('p', 'lead')
  private readonly choice = el('fieldset', 'languages')
  private readonly legend = el('legend')
  private readonly status = el('p', 'status', { role: 'status', 'aria-live': 'polite' })
  private readonly clock = el('p', 'clock', { role: 'timer' })
  private readonly trouble$ = el('p', 'trouble', { role: 'alert' })
  private readonly hint = el('p', 'hint')
  private readonly start = el('button', 'start', { type: 'button' }) as HTMLButtonElement
  private readonly stop = el('button', 'stop', { type: 'button' }) as HTMLButtonElement
  private readonly mute = el('button', 'mute', { type: 'button' }) as HTMLButtonElement
  private readonly sound = el('button', 'sound', { type: 'button' }) as HTMLButtonElement
  private readonly pad = el('div', 'pad', { role: 'group' })
  private readonly echo = el('p', 'echo', { role: 'status', 'aria-live': 'polite' })

  constructor(
    private readonly root: HTMLElement,
    private readonly ports: Ports,
  ) {
    this.language = ports.language
    this.build()
    this.tick = setInterval(() => this.showClock(), 250)
    document.addEventListener('keydown', this.typed)
    this.render()
  }

  close(): void {
    clearInterval(this.tick)
    document.removeEventListener('keydown', this.typed)
    this.drop()
    this.root.replaceChildren()
  }

  private build(): void {
    this.choice.append(this.legend)
    for (const l of languages) {
      const label = el('label')
      const radio = el('input', '', { type: 'radio', name: 'language', value: l }) as HTMLInputElement
      radio.checked = l === this.language
      radio.addEventListener('change', () => this.choose(l))
      label.append(radio, el('span', '', { lang: l }, languageNames[l]))
      this.choice.append(label)
    }
    for (const k of keys) {
      const b = el('button', 'key', { type: 'button', 'data-key': k }, k)
      b.addEventListener('click', () => this.press(k))
      this.pad.append(b)
    }
    this.start.addEventListener('click', () => void this.call())
    this.stop.addEventListener('click', () => this.end())
    this.mute.addEventListener('click', () => this.phone?.mute(!this.view?.muted))
    this.sound.addEventListener('click', () => this.phone?.allowSound())
    const main = el('main', 'card')
    const buttons = el('div', 'buttons')
    buttons.append(this.start, this.mute, this.stop)
    main.append(this.title, this.lead, this.choice, this.status, this.clock, this.trouble$, this.sound, buttons, this.hint, this.pad, this.echo)
    this.root.replaceChildren(main)
  }

  private t(word: Word, values?: Record<string, string | number>): string {
    return fill(words[this.language][word], values, this.language)
  }

  private choose(l: Language): void {
    this.language = l
    rememberLanguage(l)
    this.trouble = ''
    this.render()
  }

  private async call(): Promise<void> {
    if (this.phone || this.phase === 'asking') return
    this.become('asking')
    this.trouble = ''
    this.pressed = ''
    let target = ''
    let phone: Telephone
    try {
      phone = await this.ports.telephone(this.language, (to) => (target = to))
    } catch {
      return this.fail(this.t('offline'))
    }
    this.phone = phone
    this.forget = phone.subscribe(() => this.changed(phone, target))
    await phone.warm()
    const mic = phone.get().mic
    if (mic !== 'ready') return this.fail(this.t(microphone(mic)))
    this.become('calling')
    await phone.start()
  }

  /** changed follows the telephone: it calls once it is registered, and is put
   *  away when the call is over. */
  private changed(phone: Telephone, target: string): void {
    if (phone !== this.phone) return
    const v = phone.get()
    const before = this.view
    this.view = v
    if (this.phase === 'calling' && !v.call && v.line === 'ready' && target && !before?.call) {
      if (before?.line !== 'ready') void phone.call(target)
    } else if (v.call?.state === 'ringing') {
      this.phase = 'ringing'
    } else if (v.call?.state === 'talking' && this.phase !== 'talking') {
      this.phase = 'talking'
      this.since = this.ports.now()
    } else if (!v.call && before?.call) {
      return this.over(v)
    } else if (v.line === 'failed' && !v.call) {
      return this.fail(this.refused())
    }
    this.render()
  }

  private over(v: PhoneView): void {
    const talked = this.phase === 'talking'
    this.lasted = talked ? this.ports.now() - this.since : 0
    this.drop()
    this.trouble = talked || v.ended?.cause === 'Canceled' || v.ended?.cause === '' ? '' : this.t('failed')
    this.become(talked ? 'ended' : 'idle')
    this.start.focus()
  }

  /** refused says why no ticket was given. */
  private refused(): string {
    const p = this.ports.problem()
    if (!(p instanceof Problem)) return this.t('failed')
    if (p.status === 0) return this.t('offline')
    if (p.status === 404) return this.t('off')
    if (p.status === 429) return this.t('busy', { seconds: Math.max(1, Math.ceil(p.retryAfter)) })
    return this.t('failed')
  }

  private fail(why: string): void {
    this.drop()
    this.trouble = why
    this.become('idle')
  }

  private end(): void {
    if (this.view?.call) return this.phone?.hangUp()
    this.drop()
    this.become('idle')
    this.start.focus()
  }

  private drop(): void {
    const p = this.phone
    this.phone = null
    this.view = null
    this.forget?.()
    this.forget = null
    p?.stop()
  }

  private press(k: string): void {
    if (this.phase !== 'talking' || !this.phone) return
    this.phone.digits(k)
    this.pressed = (this.pressed + k).slice(-24)
    this.render()
  }

  private typed = (e: KeyboardEvent): void => {
    if (e.isComposing || e.ctrlKey || e.altKey || e.metaKey || e.repeat) return
    const onChoice = e.target instanceof HTMLInputElement
    if (!onChoice && keys.includes(e.key)) this.press(e.key)
  }

  private become(p: Phase): void {
    this.phase = p
    this.render()
  }

  private render(): void {
    const live = this.phase === 'calling' || this.phase === 'ringing' || this.phase === 'talking'
    document.documentElement.lang = this.language
    document.title = this.t('title')
    this.title.textContent = this.t('title')
    this.lead.textContent = this.t('lead')
    this.legend.textContent = this.t('language')
    this.choice.toggleAttribute('disabled', live || this.phase === 'asking')
    this.status.textContent = this.said()
    this.trouble$.textContent = this.trouble || this.warning()
    this.start.textContent = this.t(this.phase === 'ended' ? 'again' : 'call')
    this.start.disabled = this.phase === 'asking'
    this.stop.textContent = this.t('hangup')
    this.mute.textContent = this.t(this.view?.muted ? 'unmute' : 'mute')
    this.mute.setAttribute('aria-pressed', String(this.view?.muted ?? false))
    this.sound.textContent = this.t('play')
    this.hint.textContent = this.phase === 'talking' ? this.t('keyboard') : this.t('allow')
    this.pad.setAttribute('aria-label', this.t('keypad'))
    for (const b of this.pad.children) b.setAttribute('aria-label', this.t('key', { key: b.getAttribute('data-key') ?? '' }))
    this.echo.textContent = this.pressed ? this.t('pressed', { keys: this.pressed }) : ''
    show(this.lead, !live)
    show(this.choice, !live)
    show(this.start, !live)
    show(this.stop, live)
    show(this.mute, this.phase === 'talking')
    show(this.pad, this.phase === 'talking')
    show(this.echo, this.phase === 'talking' && this.pressed !== '')
    show(this.sound, this.view?.soundBlocked ?? false)
    show(this.hint, this.phase !== 'calling' && this.phase !== 'ringing' && this.phase !== 'ended')
    show(this.trouble$, this.trouble$.textContent !== '')
    show(this.clock, this.phase === 'talking')
    this.showClock()
  }

  private said(): string {
    switch (this.phase) {
      case 'asking':
      case 'calling':
      case 'ringing':
      case 'talking':
        return this.t(this.phase)
      case 'ended':
        return `${this.t('ended')} · ${this.t('lasted', { time: clock(this.lasted / 1000) })}`
    }
    return ''
  }

  /** warning is what a talking caller should know. */
  private warning(): string {
    const v = this.view
    if (!v || this.phase !== 'talking') return ''
    if (v.soundBlocked) return this.t('sound')
    if (v.mic !== 'ready') return this.t('lost')
    if (v.line === 'lost') return this.t('reconnecting')
    return v.muted ? this.t('muted') : ''
  }

  private showClock(): void {
    if (this.phase !== 'talking') return
    const time = clock((this.ports.now() - this.since) / 1000)
    this.clock.textContent = time
    this.clock.setAttribute('aria-label', this.t('time', { time }))
  }
}

function microphone(m: Mic): Word {
  switch (m) {
    case 'denied':
      return 'denied'
    case 'busy':
      return 'micBusy'
    case 'insecure':
      return 'insecure'
  }
  return 'missing'
}

function el(tag: string, cls = '', attributes: Record<string, string> = {}, text = ''): HTMLElement {
  const e = document.createElement(tag)
  if (cls) e.className = cls
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v)
  if (text) e.textContent = text
  return e
}

function show(e: HTMLElement, on: boolean): void {
  e.hidden = !on
}

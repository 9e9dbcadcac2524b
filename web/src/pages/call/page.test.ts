import { afterEach, expect, test, vi } from 'vitest'
import { languages, placeholders } from '../../i18n/catalogue'
import { Problem } from '../../api/problem'
import type { PhoneView } from '../../phone/phone'
import { mount, type Telephone } from './page'
import { words, type Word } from './words'

const still: PhoneView = { line: 'off', call: null, ended: null, mic: 'unknown', muted: false, systemMuted: false, soundBlocked: false, quality: null, total: null }

/** A telephone whose view the test sets; it keeps what it was told to do. */
function fake(mic: PhoneView['mic'] = 'ready') {
  let view = still
  const listeners = new Set<() => void>()
  const did: string[] = []
  const phone: Telephone = {
    get: () => view,
    subscribe: (f) => (listeners.add(f), () => listeners.delete(f)),
    start: async () => void did.push('start'),
    stop: () => void did.push('stop'),
    warm: async () => void (view = { ...view, mic }),
    call: async (to) => void did.push(`call ${to}`),
    hangUp: () => void did.push('hangUp'),
    mute: (on) => set({ muted: on }),
    digits: (k) => void did.push(`digits ${k}`),
    allowSound: () => void did.push('sound'),
  }
  const set = (change: Partial<PhoneView>) => {
    view = { ...view, ...change }
    for (const f of listeners) f()
  }
  return { phone, set, did }
}

let away = () => {}
afterEach(() => away())

function page(f = fake(), more: { problem?: unknown; now?: () => number } = {}) {
  const root = document.createElement('div')
  document.body.replaceChildren(root)
  away = mount(root, {
    language: 'en',
    telephone: async (_, target) => (target('sip:95000@huawu'), f.phone),
    problem: () => more.problem ?? null,
    now: more.now ?? (() => 0),
  })
  const button = (w: Word) => [...root.querySelectorAll('button')].find((b) => b.textContent === words.en[w] && !b.hidden)
  const press = async (w: Word) => {
    button(w)!.click()
    await vi.waitFor(() => Promise.resolve())
  }
  return { root, button, press, text: () => [...root.querySelectorAll('p')].filter((p) => !p.hidden).map((p) => p.textContent).join('\n') }
}

test('a call is made once the telephone is registered, and only once', async () => {
  const f = fake()
  const p = page(f)
  await p.press('call')
  await vi.waitFor(() => expect(f.did).toContain('start'))
  f.set({ line: 'ready' })
  f.set({ line: 'ready' })
  expect(f.did.filter((d) => d === 'call sip:95000@huawu')).toHaveLength(1)
  f.set({ call: { state: 'talking', since: 0 } })
  expect(p.text()).toContain(words.en.talking)
})

test('keys of the page and of the keyboard are sent while talking, and not before', async () => {
  const f = fake()
  const p = page(f)
  const type = (key: string) => document.dispatchEvent(new KeyboardEvent('keydown', { key }))
  await p.press('call')
  type('7')
  await vi.waitFor(() => expect(f.did).toContain('start'))
  f.set({ call: { state: 'talking', since: 0 } })
  p.root.querySelector<HTMLButtonElement>('[data-key="1"]')!.click()
  type('#')
  expect(f.did.filter((d) => d.startsWith('digits'))).toEqual(['digits 1', 'digits #'])
  expect(p.text()).toContain('Pressed 1#')
})

test('the end says how long it lasted, and puts the telephone away', async () => {
  let now = 1000
  const f = fake()
  const p = page(f, { now: () => now })
  await p.press('call')
  await vi.waitFor(() => expect(f.did).toContain('start'))
  f.set({ line: 'ready' })
  f.set({ call: { state: 'talking', since: 0 } })
  now += 65_000
  f.set({ call: null, ended: { cause: 'Terminated', at: now } })
  expect(p.text()).toContain('It lasted 01:05')
  expect(f.did.at(-1)).toBe('stop')
  expect(p.button('again')).toBeTruthy()
})

test.each([
  ['denied', 'denied'],
  ['missing', 'missing'],
  ['busy', 'micBusy'],
  ['insecure', 'insecure'],
] as const)('without a microphone (%s) nobody is called and the page says what to do', async (mic, word) => {
  const f = fake(mic)
  const p = page(f)
  await p.press('call')
  await vi.waitFor(() => expect(p.text()).toContain(words.en[word]))
  expect(f.did).toEqual(['stop'])
  expect(p.button('call')).toBeTruthy()
})

test.each([
  [new Problem(404, ''), words.en.off],
  [new Problem(429, '', 12), 'try again in 12 s'],
  [new Problem(0, ''), words.en.offline],
  [new Problem(503, ''), words.en.failed],
])('%s is told', async (problem, said) => {
  const f = fake()
  const p = page(f, { problem })
  await p.press('call')
  await vi.waitFor(() => expect(f.did).toContain('start'))
  f.set({ line: 'failed' })
  expect(p.text()).toContain(said)
})

test('another language is written at once and cannot be changed while calling', async () => {
  const f = fake()
  const p = page(f)
  const radios = [...p.root.querySelectorAll<HTMLInputElement>('input[type=radio]')]
  radios[2]!.click()
  expect(p.root.querySelector('h1')!.textContent).toBe(words.ja.title)
  expect(document.documentElement.lang).toBe('ja')
  p.root.querySelector<HTMLButtonElement>('.start')!.click()
  await vi.waitFor(() => expect(f.did).toContain('start'))
  expect(p.root.querySelector('fieldset')!.hasAttribute('disabled')).toBe(true)
})

test('every language has the same placeholders', () => {
  for (const l of languages) {
    for (const k of Object.keys(words['zh-CN']) as Word[]) {
      expect(placeholders(words[l][k]), `${l} ${k}`).toEqual(placeholders(words['zh-CN'][k]))
      expect(words[l][k].trim(), `${l} ${k}`).not.toBe('')
    }
  }
})

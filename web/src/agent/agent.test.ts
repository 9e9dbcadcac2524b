import { describe, expect, it } from 'vitest'
import { Problem, explain, problemOf } from '../api/problem'
import { clock, secondsSince, secondsUntil } from '../i18n/format'
import { translator } from '../i18n/catalogue'
import { zhCN } from '../i18n/zh-CN'
import { daysOfToday, summary } from '../pages/desk/day'
import { levelOf } from '../pages/check/meter'
import { judgeNetwork } from '../pages/check/network'
import { choicesOf } from '../pages/desk/wrap'
import { numberOf } from '../pages/desk/number'
import { failureOf } from '../pages/login/form'
import { initial, languageName, reasonKey } from './customer'
import { dropDraft, dropDrafts, keepDraft, readDraft } from './draft'
import { commandOf, Twice } from './keys'

const key = (code: string, more: object = {}) => ({ altKey: true, ctrlKey: false, metaKey: false, shiftKey: false, code, isComposing: false, keyCode: 0, repeat: false, ...more })

describe('the keyboard', () => {
  it('takes Alt and a letter, by the place of the key', () => {
    expect(['KeyA', 'KeyQ', 'KeyM', 'KeyH', 'KeyT', 'KeyW', 'KeyZ'].map((c) => commandOf(key(c)))).toEqual(['answer', 'decline', 'mute', 'hold', 'transfer', 'finish', null])
  })
  it('takes nothing while an input method composes, nothing held down, and no other modifiers', () => {
    for (const more of [{ isComposing: true }, { keyCode: 229 }, { repeat: true }, { ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { altKey: false }]) expect(commandOf(key('KeyA', more))).toBeNull()
  })
  it('hangs up at the second press within two seconds', () => {
    const t = new Twice()
    expect([t.press(0), t.press(2500), t.press(4000), t.press(4100)]).toEqual([false, false, true, false])
  })
})

describe('a draft', () => {
  it('is kept until it is sent, and a day at most', () => {
    localStorage.clear()
    expect(keepDraft('c1', { disposition: 'solved', note: '利率' }, 0)).toBe(true)
    keepDraft('c2', { disposition: '', note: 'new' }, 90_000_000)
    expect(readDraft('c1')).toEqual({ disposition: 'solved', note: '利率' })
    dropDrafts(90_000_000)
    expect(readDraft('c1').note).toBe('')
    expect(readDraft('c2').note).toBe('new')
    dropDraft('c2')
    expect(localStorage.length).toBe(0)
  })
  it('is empty when what is stored is not ours, and goes at log-out', () => {
    localStorage.setItem('huawu.draft.c3', '{broken')
    expect(readDraft('c3')).toEqual({ disposition: '', note: '' })
    localStorage.setItem('huawu.prefs', '{}')
    dropDrafts(0, true)
    expect(localStorage.getItem('huawu.draft.c3')).toBeNull()
    expect(localStorage.getItem('huawu.prefs')).toBe('{}')
  })
  it('is not kept where storage is full, and says so', () => {
    const full = { setItem: () => { throw new DOMException('', 'QuotaExceededError') } } as never
    expect(keepDraft('c', { disposition: '', note: '' }, 0, full)).toBe(false)
  })
})

describe('times', () => {
  it('are written as clocks', () => {
    expect([0, 7, 724, 3723, -5].map(clock)).toEqual(['00:00', '00:07', '12:04', '1:02:03', '00:00'])
  })
  it('count down to one before they are over, and never below zero', () => {
    const end = '2026-11-21T15:00:10Z'
    const at = Date.parse(end)
    expect([at - 9500, at - 1, at, at + 5000].map((n) => secondsUntil(end, n))).toEqual([10, 1, 0, 0])
    expect(secondsSince(end, at - 1000)).toBe(0)
  })
  it('make today of the two UTC days that it touches', () => {
    const now = new Date('2026-11-21T16:00:00Z')
    const { days, from } = daysOfToday(now)
    expect(days[0]).toBe('2026-11-21')
    expect(new Date(from).getHours()).toBe(0)
    expect(now.getTime() - from).toBeLessThan(86_400_000)
  })
  it('average the talks of handled contacts only', () => {
    expect(summary([{ handled: true, seconds: 60 }, { handled: true, seconds: 120 }, { handled: false, seconds: 0 }])).toEqual({ handled: 2, average: 90 })
    expect(summary([]).average).toBe(0)
  })
})

describe('what comes from outside', () => {
  it('is shown by its first sign, whole', () => {
    expect(['王芳', 'lin', '👩‍💻 x', '  ', undefined].map(initial)).toEqual(['王', 'L', '👩‍💻', '?', '?'])
  })
  it('may be no language', () => {
    expect(languageName('zh-CN', 'en')).toContain('Chinese')
    expect(languageName('<b>', 'en')).toBe('<b>')
  })
  it('may have ended for a reason we do not know', () => {
    expect(reasonKey('CUSTOMER_DISCONNECT')).toBe('reason.customer')
    expect(reasonKey('constructor')).toBeUndefined()
    expect(reasonKey('<script>')).toBeUndefined()
  })
  it('is a telephone number or none', () => {
    expect(['+86 138-0013-8000', '95000', '12', '13800138000x', ''].map(numberOf)).toEqual(['+8613800138000', '95000', null, null, null])
  })
  it('has dispositions of its queue, else those for all', () => {
    const all = { '*': [{ name: 'other' }], loans: [{ name: 'solved' }], empty: [] }
    expect(choicesOf(all, 'loans')?.[0]?.name).toBe('solved')
    expect(choicesOf(all, 'cards')?.[0]?.name).toBe('other')
    expect(choicesOf(all, 'empty')).toBeUndefined()
    expect(choicesOf(undefined, 'loans')).toBeUndefined()
  })
})

describe('errors', () => {
  const t = translator(zhCN, 'zh-CN')
  it('are said in our words, not the server’s', async () => {
    const p = await problemOf(new Response('{"detail":"<b>boom</b>"}', { status: 409, headers: { 'Retry-After': '3' } }))
    expect(p).toMatchObject({ status: 409, retryAfter: 3 })
    expect(explain(p, t)).toBe(zhCN['error.conflict'])
    expect(explain(new TypeError('x'), t)).toBe(zhCN['error.offline'])
    expect(explain(new Problem(500, ''), t)).toBe(zhCN['error.server'])
    expect((await problemOf(new Response('<html>', { status: 502 }))).status).toBe(502)
  })
  it('of log-in tell how long one is locked out', () => {
    expect(failureOf(new Problem(429, '', 90), 1000)).toEqual({ kind: 'locked', until: 91_000 })
    expect(failureOf(new Problem(401, ''), 0)).toEqual({ kind: 'wrong' })
    expect(failureOf(new Problem(0, ''), 0)).toEqual({ kind: 'unreachable' })
    expect(failureOf(new Error('x'), 0)).toEqual({ kind: 'failed' })
  })
})

describe('the device check', () => {
  it('shows levels as ears hear them', () => {
    expect(levelOf(new Float32Array(64))).toBe(0)
    expect(levelOf([1, -1, 1, -1])).toBeCloseTo(1)
    expect(levelOf([0.031622776, -0.031622776])).toBeCloseTo(0.5)
  })
  it('judges the network by the middle of what came back', () => {
    expect(judgeNetwork([30, 10, null, 20])).toEqual({ rtt: 20, failed: 1, of: 4 })
    expect(judgeNetwork([null, null])).toEqual({ rtt: 0, failed: 2, of: 2 })
  })
})

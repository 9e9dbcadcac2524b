import { expect, test } from 'vitest'
import { languages, placeholders } from '../../i18n/catalogue'
import type { FloorAgent, FloorContact, FloorQueue } from '../../live/types'
import { current, doing, expected, found, gradeLevel, gradeQueue, gradeWait, isOld, since, sorted, tooLong, totals } from './figures'
import { words, type Word } from './words'

const t0 = Date.parse('2026-11-21T08:00:00Z')
const at = (seconds: number) => new Date(t0 + seconds * 1000).toISOString()

const agent = (id: string, status: FloorAgent['status']['status'], ...contacts: Partial<FloorContact>[]): FloorAgent => ({
  id,
  name: id,
  username: id,
  device: 'softphone',
  profile: 'service',
  status: { status, since: at(0) },
  contacts: contacts.map((c) => ({ contactId: `c-${id}`, agentId: id, state: 'CONNECTED', since: at(10), queue: 'service', onHold: false, ...c })),
})
const queue = (more: Partial<FloorQueue>): FloorQueue => ({ id: 'service', name: 'Service', waiting: 0, free: 0, ...more })

test('a wait that nobody knows is none, and not zero', () => {
  expect(expected(queue({}))).toBeNull()
  expect(expected(queue({ wait: null }))).toBeNull()
  expect(expected(queue({ wait: { lowSeconds: 0, meanSeconds: 0, highSeconds: 0 } }))).toEqual([0, 0])
  expect(expected(queue({ wait: { lowSeconds: 60, meanSeconds: 80, highSeconds: 150 } }))).toEqual([60, 150])
})

test('figures are old after two seconds of silence', () => {
  expect([0, 2000, 2001].map(isOld)).toEqual([false, false, true])
})

test('what an agent does is the contact first, then the status', () => {
  expect(doing(agent('a', 'available'))).toBe('available')
  expect(doing(agent('a', 'custom'))).toBe('away')
  expect(doing(agent('a', 'custom', {}))).toBe('connected')
  expect(doing(agent('a', 'available', { onHold: true }))).toBe('held')
  expect(doing(agent('a', 'available', { state: 'ENDED', onHold: true }))).toBe('ended')
  expect(current(agent('a', 'available', { state: 'ENDED' }, { state: 'CONNECTED', contactId: 'talk' }))?.contactId).toBe('talk')
})

test('the level counts contacts, not queues, and late abandons against it', () => {
  const level = (within: number, answered: number, abandonedLate: number) => ({ seconds: 20, within, answered, abandoned: 9, abandonedLate, percent: 1 })
  const all = totals({ agents: [], queues: [queue({ serviceLevel: level(1, 1, 0) }), queue({ id: 'b', serviceLevel: level(80, 98, 1) })] })
  expect(all.level).toEqual({ percent: 81, within: 81, of: 100, seconds: 20 })
  expect(totals({ agents: [], queues: [queue({})] }).level).toBeNull()
})

test('the longest wait is the oldest of all queues', () => {
  const all = totals({ agents: [agent('a', 'offline'), agent('b', 'available')], queues: [queue({ waiting: 2, oldestSince: at(5) }), queue({ id: 'b', waiting: 1, oldestSince: at(2) })] })
  expect(all).toMatchObject({ waiting: 3, oldest: at(2), online: 1 })
})

test.each([
  [undefined, 'none'],
  [15, 'good'],
  [16, 'warn'],
  [90, 'warn'],
  [91, 'bad'],
] as const)('a wait of %s s is %s', (seconds, grade) => {
  expect(gradeWait(seconds === undefined ? null : at(-seconds), t0)).toBe(grade)
})

test('a level is judged at its bounds', () => {
  expect([null, 80, 79.9, 60, 59].map((p) => gradeLevel(p))).toEqual(['none', 'good', 'warn', 'warn', 'bad'])
})

test('who waits where nobody is free is worth a look at once', () => {
  expect(gradeQueue(queue({ waiting: 1, oldestSince: at(0), free: 0 }), t0)).toBe('warn')
  expect(gradeQueue(queue({ waiting: 1, oldestSince: at(0), free: 1 }), t0)).toBe('good')
  expect(gradeQueue(queue({ waiting: 0, free: 0 }), t0)).toBe('good')
})

test('an agent who stays too long is marked with the bound', () => {
  const held = agent('a', 'available', { onHold: true })
  expect(tooLong(held, t0 + 10_000 + 3 * 60_000)).toBe(0)
  expect(tooLong(held, t0 + 10_001 + 3 * 60_000)).toBe(3)
  expect(tooLong(agent('a', 'available'), t0 + 1e9)).toBe(0)
})

test('an agent who was never here does nothing for no time', () => {
  const a = { ...agent('a', 'offline'), status: { status: 'offline' as const, since: '0001-01-01T00:00:00Z' } }
  expect(since(a)).toBeNull()
  expect(since(agent('b', 'missed'))).toBe(at(0))
})

test('rows that are alike keep their order by name', () => {
  const all = [agent('b', 'available'), agent('c', 'missed'), agent('a', 'available')]
  expect(sorted(all, { by: 'doing', descending: false }, 'en').map((a) => a.id)).toEqual(['c', 'a', 'b'])
  expect(sorted(all, { by: 'since', descending: true }, 'en').map((a) => a.id)).toEqual(['a', 'b', 'c'])
})

test('a text is found in the name or in what is done', () => {
  const all = [agent('Lin', 'available'), agent('Wu', 'missed')]
  expect(found(all, ' wU ', () => '').map((a) => a.id)).toEqual(['Wu'])
  expect(found(all, '空', (a) => (a.id === 'Lin' ? '空闲' : '未接')).map((a) => a.id)).toEqual(['Lin'])
  expect(found(all, '', () => '')).toHaveLength(2)
})

test('every language has the same placeholders', () => {
  for (const l of languages) {
    for (const k of Object.keys(words['zh-CN']) as Word[]) {
      expect(placeholders(words[l][k]), `${l} ${k}`).toEqual(placeholders(words['zh-CN'][k]))
      expect(words[l][k].trim(), `${l} ${k}`).not.toBe('')
    }
  }
})

import { beforeEach, expect, test, vi } from 'vitest'
import { closed, open } from './closed'

const notice = (id: string) => ({ id, at: '2026-11-21T08:00:00Z', from: 'Chen', text: '<b>x</b>' })

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) })
})

test('a notice that was closed stays closed, others stay open', () => {
  const all = [notice('a'), notice('b'), notice('b')]
  expect(open(all, closed.read()).map((n) => n.id)).toEqual(['a', 'b'])
  expect(open(all, closed.add('a')).map((n) => n.id)).toEqual(['b'])
  expect(open(all, closed.read()).map((n) => n.id)).toEqual(['b'])
})

test('only the last ones are remembered', () => {
  for (let n = 0; n < 60; n++) closed.add(`n${n}`)
  expect(closed.read()).toHaveLength(50)
  expect(closed.read()[49]).toBe('n59')
})

test.each(['', '{', '"x"', '[1,null]'])('what is stored may be %j', (text) => {
  localStorage.setItem('huawu.notices', text)
  expect(closed.read()).toEqual([])
})

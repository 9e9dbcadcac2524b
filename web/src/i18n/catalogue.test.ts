import { describe, expect, it } from 'vitest'
import { fill, languages, load, match, pick, placeholders, type Key } from './catalogue'
import { zhCN } from './zh-CN'

describe('the message catalogue', () => {
  for (const language of languages)
    it(`has every message with its placeholders in ${language}`, async () => {
      const messages = await load(language)
      expect(Object.keys(messages).sort()).toEqual(Object.keys(zhCN).sort())
      for (const key of Object.keys(zhCN) as Key[]) {
        expect(messages[key].trim(), key).not.toBe('')
        expect(placeholders(messages[key]), key).toEqual(placeholders(zhCN[key]))
      }
    })

  it('has no Chinese left in the other languages', async () => {
    const same = (a: string, b: string) => a === b && /\p{Script=Han}/u.test(a)
    for (const language of ['en', 'ko'] as const) {
      const messages = await load(language)
      expect((Object.keys(zhCN) as Key[]).filter((k) => same(messages[k], zhCN[k]))).toEqual([])
    }
  })

  it('has no message that no page uses', () => {
    const files = import.meta.glob(['../**/*.{ts,tsx}', '!../i18n/*', '!../**/*.test.ts'], { query: '?raw', import: 'default', eager: true }) as Record<string, string>
    const source = Object.values(files).join('\n')
    const begun = [...source.matchAll(/`([a-z]+(?:\.[a-z]+)*\.)\$\{/gi)].map((m) => m[1]!) // t(`status.${x}`)
    const unused = Object.keys(zhCN).filter((k) => !source.includes(`'${k}'`) && !begun.some((b) => k.startsWith(b)))
    expect(unused).toEqual([])
  })

  it('fills placeholders once, and never from values', () => {
    expect(fill('{name}, {queue}', { name: '{queue}', queue: 'loans' }, 'en')).toBe('{queue}, loans')
    expect(fill('{n} of {missing}', { n: 12345 }, 'en')).toBe('12,345 of {missing}')
  })

  it('chooses the language asked for, then the remembered, then the browser’s', () => {
    expect(pick('ja', 'en', ['ko'])).toBe('ja')
    expect(pick('xx', 'en', ['ko'])).toBe('en')
    expect(pick(null, null, ['de-DE', 'ko-KR'])).toBe('ko')
    expect(pick(null, null, ['fr'])).toBe('zh-CN')
    expect(match('zh-TW')).toBe('zh-CN')
    expect(match('EN-gb')).toBe('en')
  })
})

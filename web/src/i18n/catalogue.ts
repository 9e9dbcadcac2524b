// The typed message catalogue. Chinese is the original: its keys and placeholders
// are the type that the other languages must have. No HTML: a message is text.
import type { zhCN } from './zh-CN'

export const languages = ['zh-CN', 'en', 'ja', 'ko'] as const
export type Language = (typeof languages)[number]

export const languageNames: Record<Language, string> = { 'zh-CN': '简体中文', en: 'English', ja: '日本語', ko: '한국어' }

export type Original = typeof zhCN
export type Key = keyof Original
export type Catalogue = Record<Key, string>

/** The names between braces of a message. */
type Names<S extends string> = S extends `${string}{${infer P}}${infer Rest}` ? P | Names<Rest> : never

/** What a message is called with: nothing, or a value for each of its placeholders. */
export type Args<K extends Key> = [Names<Original[K]>] extends [never] ? [] : [Record<Names<Original[K]>, string | number>]

export type Translate = <K extends Key>(key: K, ...args: Args<K>) => string

/** Fills the placeholders. Numbers are written as the language does. Values are
 *  never read as messages, so a caller named "{n}" stays that. */
export function fill(message: string, values: Record<string, string | number> | undefined, language: string): string {
  if (!values) return message
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = values[name]
    return v === undefined ? whole : typeof v === 'number' ? new Intl.NumberFormat(language).format(v) : v
  })
}

export function placeholders(message: string): string[] {
  return [...message.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort()
}

export function translator(messages: Catalogue, language: Language): Translate {
  return (key, ...args) => fill(messages[key], args[0] as Record<string, string | number> | undefined, language)
}

/** load fetches one language's messages: each is a file of its own. */
export async function load(language: Language): Promise<Catalogue> {
  switch (language) {
    case 'en':
      return (await import('./en')).en
    case 'ja':
      return (await import('./ja')).ja
    case 'ko':
      return (await import('./ko')).ko
    default:
      return (await import('./zh-CN')).zhCN
  }
}

const remembered = 'huawu.language'

/** pick says which language to show: the one asked for, else the one remembered,
 *  else the first of the browser's that we have, else Chinese. */
export function pick(asked: string | null, kept: string | null, wanted: readonly string[]): Language {
  for (const tag of [asked, kept, ...wanted]) {
    const found = tag && match(tag)
    if (found) return found
  }
  return 'zh-CN'
}

/** match finds our language for a BCP 47 tag; any Chinese reads Chinese. */
export function match(tag: string): Language | undefined {
  const low = tag.toLowerCase()
  return languages.find((l) => l.toLowerCase() === low) ?? languages.find((l) => l.split('-')[0] === low.split('-')[0])
}

export function initialLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang')
  const found = pick(asked, recall(), navigator.languages ?? [])
  if (asked && match(asked)) rememberLanguage(found)
  return found
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(remembered, language)
  } catch {
    // storage may be off; the choice then holds for this page
  }
}

function recall(): string | null {
  try {
    return localStorage.getItem(remembered)
  } catch {
    return null
  }
}

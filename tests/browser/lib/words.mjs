// The words of the pages, as their catalogues have them: a story finds what a
// person reads, in every language.
import { readFileSync } from 'node:fs'
import { need } from './bed.mjs'

const ts = need('typescript')

const names = { 'zh-CN': 'zhCN', en: 'en', ja: 'ja', ko: 'ko' }

/** The languages of the pages. */
export const languages = Object.keys(names)

const read = {}

/** A TypeScript file without imports of values, as a module. */
async function source(path) {
  const text = readFileSync(new URL(`../../../web/src/${path}`, import.meta.url), 'utf8')
  const plain = ts.transpileModule(text, { compilerOptions: { module: 'esnext', target: 'es2022' } }).outputText
  return import('data:text/javascript;base64,' + Buffer.from(plain).toString('base64'))
}

const own = { call: (await source('pages/call/words.ts')).words, floor: (await source('pages/floor/words.ts')).words }
for (const language of languages) {
  read[language] = { ...(await source(`i18n/${language}.ts`))[names[language]] }
  for (const [page, all] of Object.entries(own)) for (const [key, text] of Object.entries(all[language])) read[language][`${page}:${key}`] = text
}

/** A message; one of a page's own catalogue is page:key. {name} takes the value of that name, or anything at all. */
export function words(language, key, values) {
  const text = read[language][key]
  if (text === undefined) throw new Error(`no message ${key} in ${language}`)
  if (!text.includes('{')) return text
  const escaped = text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  return new RegExp(escaped.replace(/\{(\w+)\}/g, (_, name) => (values?.[name] === undefined ? '.+' : String(values[name]).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))))
}

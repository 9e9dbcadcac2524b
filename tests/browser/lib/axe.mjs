// Whether a page can be used without seeing, hearing or a mouse, as far as a
// program can tell: WCAG 2.2 A and AA by axe-core.
import { readFileSync } from 'node:fs'
import { check, need, say } from './bed.mjs'

const source = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Fails with the rule and the element for each violation. */
export async function accessible(who, what) {
  // Not by a script element: the page's policy rightly refuses one.
  await who.page.evaluate(source)
  const found = await who.page.evaluate((t) => window.axe.run(document, { runOnly: t }), tags)
  say(who.name, 'axe', what, `${found.violations.length} violations, ${found.passes.length} rules passed`)
  check(found.violations.length === 0, `${what}: ${found.violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('\n  ')}`).join('\n')}`)
  check(found.passes.length > 5, `${what}: axe looked at nothing`)
}

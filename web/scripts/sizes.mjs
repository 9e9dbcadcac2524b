// Checks the size budgets of the built pages: what a browser must load before a
// page works, gzipped. A page's first load is its HTML's scripts and styles with
// all that they import; a route is what is loaded on top of that.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const KB = 1024
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'))
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length

// reach returns the files that a chunk needs at once.
function reach(key, js = new Set(), css = new Set(), seen = new Set()) {
  if (seen.has(key)) return { js, css }
  seen.add(key)
  const chunk = manifest[key]
  if (chunk.file.endsWith('.js')) js.add(chunk.file)
  for (const c of chunk.css ?? []) css.add(c)
  for (const i of chunk.imports ?? []) reach(i, js, css, seen)
  return { js, css }
}

const sum = (files, without = new Set()) => [...files].filter((f) => !without.has(f)).reduce((n, f) => n + size(f), 0)
const rows = []
const check = (name, got, limit) => rows.push({ name, got, limit, over: got > limit * KB })

const desk = reach('index.html')
const call = reach('call.html')
const routes = Object.keys(manifest).filter((k) => manifest[k].isDynamicEntry)

const phone = reach('src/phone/browser.ts')
const page = (name) => routes.find((k) => k.startsWith(`src/pages/${name}/`))
const withRoute = (...names) => {
  const all = { js: new Set(desk.js), css: new Set(desk.css) }
  for (const n of names) if (page(n)) reach(page(n), all.js, all.css)
  return all
}
const agent = withRoute('desk')
reach('src/parts/frame.tsx', agent.js, agent.css)
check('agent page, JS', sum(agent.js), 300)
check('agent page, CSS', sum(agent.css), 90)
check('log-in page, JS', sum(withRoute('login').js), 300)
check('caller page with its phone, JS', sum(new Set([...call.js, ...phone.js])), 120)
check('caller page, CSS', sum(call.css), 10)
const frame = withRoute()
reach('src/parts/frame.tsx', frame.js, frame.css)
for (const k of routes) {
  if (k === 'src/parts/frame.tsx' || k === 'src/pages/desk/index.tsx') continue // counted whole above
  const r = reach(k)
  check(`${k.replace(/^.*node_modules\//, '')}, on top`, sum(r.js, frame.js) + sum(r.css, frame.css), /i18n/.test(k) ? 25 : 120)
}

for (const r of rows) console.log(`${r.over ? 'OVER' : '  ok'}  ${(r.got / KB).toFixed(1).padStart(7)} of ${String(r.limit).padStart(3)} KB gz  ${r.name}`)
if (rows.some((r) => r.over)) {
  console.error('a size budget is exceeded')
  process.exit(1)
}

// What a story knows of where it plays, and its words for waiting and checking.
import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'

/** Whatever the pages were built with: playwright-core, axe-core, typescript. */
export const need = createRequire(new URL('../../../web/package.json', import.meta.url))

if (!process.env.HUAWU_BED) {
  console.error('A story is played by go test ./tests/browser, which starts what it talks to.')
  process.exit(2)
}

/** See bed in browser_test.go. */
export const bed = JSON.parse(process.env.HUAWU_BED)

const began = performance.now()

/** Says what the story does now: the last line before a failure tells where it was. */
export function say(...words) {
  console.log(((performance.now() - began) / 1000).toFixed(1).padStart(6), ...words)
}

/** Fails with what, unless it is so. */
export function check(so, what) {
  if (!so) throw new Error(what)
}

const patience = 45_000

/** Asks again until an answer is truthy, which is returned. */
export async function eventually(what, ask, within = patience) {
  const end = performance.now() + within
  let last
  do {
    try {
      const got = await ask()
      if (got) return got
      last = undefined
    } catch (e) {
      last = e
    }
    await sleep(100)
  } while (performance.now() < end)
  throw new Error(`${what}: not within ${within / 1000} s${last ? ` (${last.message})` : ''}`)
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

/** Asks the other side for what a page cannot do: see control_test.go. */
export async function wish(what, options = {}) {
  const answer = await fetch(`${bed.control}/${what}`, { method: 'POST', body: JSON.stringify(options) })
  if (!answer.ok) throw new Error(`${what} ${JSON.stringify(options)}: ${(await answer.text()).trim()}`)
}

/** Asks the API directly, as a program with a token does. */
export async function api(token, path, options = {}) {
  const answer = await fetch(bed.url + path, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** The log-in of an agent of the demo tenant. */
export function agent(id) {
  const found = bed.agents.find((a) => a.id === id)
  check(found, `no agent is called ${id}`)
  return found
}

const leave = []

/** Does something when the story ends, however it ends. */
export const later = (f) => leave.push(f)

/** Plays a story and ends the process. */
export async function story(play) {
  const stop = async (code) => {
    for (const f of leave.splice(0).reverse()) await Promise.race([Promise.resolve().then(f).catch(() => {}), sleep(3000)])
    process.exit(code)
  }
  process.on('SIGINT', () => stop(130))
  try {
    await play()
    say('done')
    await stop(0)
  } catch (e) {
    console.error(e.stack)
    for (const f of troubles) await Promise.race([f().catch(() => {}), sleep(5000)])
    await stop(1)
  }
}

const troubles = []

/** Tells more when the story has failed. */
export const onTrouble = (f) => troubles.push(f)

// What make bench-web prints: how long an agent waits for what a browser does.
// Known by tones in real browsers, so the figures hold the network, the relay,
// the microphone's opening and the ear's own 43 ms window.
import { api, bed, say, story } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

const ringSeconds = 60 // of browser_test.go
const rounds = Number(process.env.BROWSER_ROUNDS ?? 5)

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  const all = { 'offer → card': [], 'answer click → audio': [], 'reload → audio': [] }
  for (let n = 0; n < rounds; n++) {
    const li = await caller(`li-${n}`, { hz: 440 })
    await li.calls()
    await li.presses('1')
    const shown = await wu.page.evaluate(appears, wu.words('offer.incoming'))
    const { offers } = await (await api(wu.login.token, '/v1/agents/me')).json()
    all['offer → card'].push(shown - (Date.parse(offers[0].until) - ringSeconds * 1000))

    const heard = wu.page.evaluate(hears, 440)
    const clicked = Date.now()
    await wu.offer().getByRole('button', { name: wu.starting('offer.accept') }).click()
    all['answer click → audio'].push((await heard) - clicked)

    await li.hears(1000)
    const before = Date.now()
    await wu.page.reload({ waitUntil: 'commit' })
    all['reload → audio'].push((await wu.page.evaluate(hears, 440)) - before)

    await wu.talks()
    await wu.hangsUp()
    await li.isOver()
    await wu.finishes()
    await li.context.close()
  }
  const goals = { 'offer → card': 1000, 'answer click → audio': 500, 'reload → audio': 1000 }
  for (const [what, times] of Object.entries(all)) {
    times.sort((a, b) => a - b)
    console.log(`BENCH ${what.padEnd(22)} median ${String(times[times.length >> 1]).padStart(5)} ms, worst ${String(times.at(-1)).padStart(5)} ms, of ${times.length}; goal ${goals[what]} ms`)
  }
  say('at', bed.url)
})

/** Runs in the page: when the card of who calls is there. */
function appears(name) {
  const there = () => [...document.querySelectorAll('section')].some((s) => s.getAttribute('aria-label') === name)
  return new Promise((done) => {
    if (there()) return done(Date.now())
    const watch = new MutationObserver(() => there() && (watch.disconnect(), done(Date.now())))
    watch.observe(document.body, { childList: true, subtree: true })
  })
}

/** Runs in the page: when a tone is first heard. */
function hears(hz) {
  return new Promise((done) => {
    const ask = () => (window.huawuFirst?.(hz) ? done(Date.now()) : setTimeout(ask, 5))
    ask()
  })
}

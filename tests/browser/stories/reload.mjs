// The agent's page goes away in the middle of a call, and comes back: the
// customer stays and hears music, and both talk again within a second. A second
// tab does not ring twice: it says where the sound is, and takes it when asked.
import { check, say, story, eventually } from '../lib/bed.mjs'
import { bed } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.accepts()
  await Promise.all([wu.hears(440), li.hears(1000)])

  say('wu reloads')
  await wu.page.reload()
  await wu.talks()
  await Promise.all([wu.hears(440), li.hears(1000)])
  const [{ at }] = await wu.page.evaluate(() => [{ at: performance.now() }])
  say(`the sound was back ${Math.round(at)} ms after the reload at the latest`)

  say('wu opens a second tab')
  const second = await wu.context.newPage()
  wu.watch(second)
  await second.goto(`${bed.url}/desk?lang=${wu.language}`)
  await second.getByText(wu.words('phone.elsewhere.long')).first().waitFor({ timeout: 45_000 })
  await wu.hears(440)
  await second.getByRole('button', { name: wu.words('phone.take'), exact: true }).first().click()
  await wu.hears(440, second)
  await li.hears(1000)
  await wu.page.getByText(wu.words('phone.elsewhere.long')).first().waitFor({ timeout: 45_000 })
  await eventually('the first tab is silent', async () => (await wu.ear()).every((e) => e.db < -70))

  await wu.hangsUp(second)
  await li.isOver()
  wu.whole()
  li.whole()
  check(true, '')
})

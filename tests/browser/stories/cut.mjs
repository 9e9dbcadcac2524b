// The network of everybody's browser goes away for twenty seconds in a call: the
// pages say so, the sound goes on, and all is well when it is back.
import { say, sleep, story, wish } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.accepts()
  await Promise.all([wu.hears(440), li.hears(1000)])

  say('the line is cut')
  await wish('line', { cut: true })
  await wu.page.getByText(wu.words('live.lost')).first().waitFor({ timeout: 6_000 })
  await wu.picture('cut')
  await sleep(20_000)
  await Promise.all([wu.hears(440), li.hears(1000)])
  say('the line is back')
  await wish('line', { cut: false })
  await wu.page.getByText(wu.words('live.lost')).first().waitFor({ state: 'hidden', timeout: 45_000 })
  await Promise.all([wu.hears(440), li.hears(1000)])

  await wu.clicks('call.hold')
  await wu.button('call.resume').waitFor()
  await wu.clicks('call.resume')
  await li.hears(1000)
  await wu.hangsUp()
  await li.isOver()
  await wu.finishes()
  wu.whole()
  li.whole()
})

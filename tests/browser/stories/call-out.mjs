// An agent calls a customer from the desk: what is no number is refused at once,
// what may not be called with a reason; then both talk.
// outside: +8613900139000
import { check, story, wish } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { desk } from '../lib/desk.mjs'

const from = '+8613900139000'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  check(!(await wu.button('dial.go').isVisible()), 'who is offline calls nobody')
  await wu.available()
  const number = wu.page.getByLabel(wu.words('dial.title'), { exact: true }).and(wu.page.locator('input'))
  const calls = async (to) => {
    await number.fill(to)
    await wu.clicks('dial.go')
  }
  await calls('hello')
  await wu.reads('transfer.number.wrong')
  await calls('13900139000')
  await wu.reads('dial.refused')
  await accessible(wu, 'desk, a number refused')
  await calls('+86 139-0013-9000')
  await wish('rings', { from })
  await wish('answer', { from })
  await wu.talks()
  await Promise.all([wu.hears(700), wish('hears', { from, tone: 1000 })])
  await wu.picture('call-out')
  await wish('hangup', { from })
  await wu.finishes()
  await wu.reads('desk.idle.available')
  wu.whole()
})

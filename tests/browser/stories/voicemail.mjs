// A customer leaves a message at night; in the morning an agent takes it without a
// ring of the softphone, hears it, and is done with it.
import { check, say, sleep, story, wish } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { desk } from '../lib/desk.mjs'

const from = '+8613800135678'

story(async () => {
  await wish('dial', { from, to: '95009', tone: 440 })
  await wish('press', { from, digits: '1' }) // cuts the question
  await wish('hears', { from, tone: 1000 })
  say('the customer speaks')
  await sleep(3000)
  await wish('press', { from, digits: '1' })
  await wish('over', { from })

  const wu = await desk('wu', { hz: 1500 })
  await wu.clicks('status.go')
  const offer = wu.page.getByRole('region', { name: wu.words('message.title'), exact: true }).first()
  await offer.waitFor({ timeout: 45_000 })
  check(await wu.page.getByText(/138\*{4}5678/).first().isVisible(), 'the number is masked')
  await accessible(wu, 'desk, a message offered')
  await wu.clicks('message.take')
  await wu.button('message.callBack').waitFor()
  check(!(await wu.button('call.hold').isVisible()) && !(await wu.button('call.mute').isVisible()), 'a message has no call')
  await wu.playsMessage(440)
  await accessible(wu, 'desk, a message')
  await wu.picture('message')
  await wu.clicks('message.done')
  await wu.finishes()
  await wu.reads('desk.idle.available')
  wu.whole()
})

// A customer with a telephone and an agent with a browser; the customer gives up
// while the agent answers; and what a stranger may send stays text.
import { check, say, story, wish } from '../lib/bed.mjs'
import { desk } from '../lib/desk.mjs'

const from = '+8613800135678'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  await wish('dial', { from, to: '95000', tone: 440 })
  await wish('press', { from, digits: '1' })
  await wu.rings()
  check(await wu.page.getByText(/138\*{4}5678/).first().isVisible(), 'the number is masked')
  check(!(await wu.page.content()).includes('13800135678'), 'and nowhere in the page in full')
  await wu.clicks('offer.accept')
  await wu.talks()
  await Promise.all([wu.hears(440), wish('hears', { from, tone: 1000 })])
  await wu.clicks('call.mute')
  await wish('silence', { from })
  await wu.clicks('call.unmute')
  await wish('hears', { from, tone: 1000 })
  await wish('hangup', { from })
  await wu.finishes(0, '<img src=x onerror="document.title=\'broken\'">')
  check((await wu.page.title()) !== 'broken', 'a note is text')

  say('the customer gives up while it rings')
  await wish('dial', { from, to: '95000' })
  await wish('press', { from, digits: '1' })
  await wu.rings()
  await wish('hangup', { from })
  await wu.offer().waitFor({ state: 'hidden', timeout: 45_000 })
  await wu.reads('desk.idle.available')
  wu.whole()
})

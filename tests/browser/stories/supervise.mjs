// A supervisor listens to a call from the floor, whispers, joins, and takes it over;
// and sets the agent's status. Who hears whom is known by everybody's own tone.
import { bed, story } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { caller, desk } from '../lib/desk.mjs'
import { words } from '../lib/words.mjs'

story(async () => {
  const chen = await desk('chen', { hz: 2000 })
  const say = (key, values) => words(chen.language, `floor:${key}`, values)
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.accepts()
  await Promise.all([wu.hears(440), li.hears(1000)])

  await chen.page.goto(`${bed.url}/floor`)
  const menu = chen.page.getByRole('button', { name: say('act', { name: wu.login.name }), exact: true })
  const act = async (key) => {
    await menu.click()
    await chen.page.getByRole('menuitem', { name: key }).click()
  }
  const part = chen.page.getByRole('region', { name: say('withName', { name: wu.login.name }), exact: true })
  const reads = (key) => part.getByText(say(key), { exact: true }).waitFor({ timeout: 45_000 })
  await act(say('listen'))
  await reads('isListen')
  await Promise.all([chen.hearsAll(440, 1000), wu.hearsNot(2000), li.hearsNot(2000)])
  await chen.picture('listen')
  await accessible(chen, 'floor, listening')

  await part.getByRole('button', { name: say('whisper'), exact: true }).click()
  await reads('isWhisper')
  await Promise.all([wu.hearsAll(440, 2000), li.hearsNot(2000)])
  await part.getByRole('button', { name: say('barge'), exact: true }).click()
  await reads('isBarge')
  await Promise.all([wu.hearsAll(440, 2000), li.hearsAll(1000, 2000)])
  await part.getByRole('button', { name: say('stop'), exact: true }).click()
  await part.waitFor({ state: 'hidden', timeout: 45_000 })
  await Promise.all([wu.hears(440), li.hearsNot(2000)])

  await act(say('takeover'))
  const sure = chen.page.getByRole('dialog')
  await accessible(chen, 'floor, before a take-over')
  await sure.getByRole('button', { name: say('takeover'), exact: true }).click()
  await chen.talks()
  await Promise.all([chen.hears(440), li.hears(2000)])
  await wu.finishes()

  await chen.page.goto(`${bed.url}/floor`)
  await act(wu.words('status.offline'))
  await wu.reads('desk.idle.away')
  await chen.page.goto(`${bed.url}/desk`)
  await chen.talks()
  await chen.hangsUp()
  await li.isOver()
  await chen.finishes()
  for (const who of [chen, wu, li]) who.whole()
})

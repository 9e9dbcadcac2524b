// An agent asks a colleague while the customer hears music, changes between the
// two, makes it a conference of three, leaves it to the colleague; in English.
import { story } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000, language: 'en' })
  const mei = await desk('mei', { hz: 1500, language: 'en' })
  await wu.available()
  const li = await caller('li', { hz: 440, language: 'en' })
  await li.calls()
  await li.presses('1')
  await wu.accepts()
  await Promise.all([wu.hears(440), li.hears(1000)])
  await mei.available()

  await wu.clicks('call.transfer')
  await wu.chooses(mei.login.name)
  await wu.clicks('transfer.consult')
  await mei.rings()
  await mei.clicks('offer.accept')
  await Promise.all([wu.hears(1500), mei.hears(1000), li.hearsNot(1000)])
  await wu.picture('consult')

  await wu.clicks('consult.swap')
  await Promise.all([wu.hears(440), li.hears(1000), mei.hearsNot(1000)])
  await wu.clicks('consult.swap')
  await Promise.all([wu.hears(1500), mei.hears(1000)])

  await wu.clicks('consult.join')
  await Promise.all([wu.hearsAll(440, 1500), mei.hearsAll(440, 1000), li.hearsAll(1000, 1500)])
  await wu.picture('conference')

  await wu.hangsUp()
  await Promise.all([mei.hears(440), li.hears(1500)])
  await wu.finishes()
  await mei.hangsUp()
  await li.isOver()
  await mei.finishes()
  for (const who of [wu, mei, li]) who.whole()
})

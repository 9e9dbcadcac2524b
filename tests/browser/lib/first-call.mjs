// The first call of a newcomer: nothing but browsers, reading nothing but the
// screen. A customer calls and presses 1; an agent checks the devices, sees who
// calls, answers, holds, hands over to a colleague, who ends the call; both
// finish, and the recordings are played on the page.
import { check, say } from './bed.mjs'
import { accessible } from './axe.mjs'
import { caller, desk } from './desk.mjs'

export async function firstCall(language) {
  const shot = (who, name) => who.picture(`${name}-${language}`)
  const wu = await desk('wu', { hz: 1000, language })
  await wu.checksDevices((name) => shot(wu, name))
  await accessible(wu, 'desk, away')
  await wu.available()
  const mei = await desk('mei', { hz: 1500, language })
  const li = await caller('li', { hz: 440, language })
  await li.calls()
  await li.presses('1')

  await wu.rings()
  await accessible(wu, 'desk, ringing')
  await shot(wu, 'offer')
  await wu.clicks('offer.accept')
  await wu.talks()
  await Promise.all([wu.hears(440), li.hears(1000)])
  await accessible(wu, 'desk, talking')
  await shot(wu, 'talk')

  await wu.clicks('call.hold')
  await wu.button('call.resume').waitFor()
  await Promise.all([li.hearsNot(1000), wu.hearsNot(440)])
  await wu.clicks('call.resume')
  await Promise.all([wu.hears(440), li.hears(1000)])

  await mei.available()
  await wu.clicks('call.transfer')
  await wu.chooses(mei.login.name)
  await accessible(wu, 'desk, handing over')
  await shot(wu, 'transfer')
  await wu.clicks('transfer.blind')
  await mei.accepts()
  await Promise.all([mei.hears(440), li.hears(1500)])
  await accessible(wu, 'desk, after the call')
  await shot(wu, 'wrap')
  await wu.finishes(0, '<b>handed over</b>')

  await mei.hangsUp()
  await li.isOver()
  await mei.finishes(1)

  await wu.plays(440, 1000)
  await accessible(wu, 'desk, a recording')
  await shot(wu, 'recording')
  await mei.plays(440, 1500)
  say('nothing broke')
  for (const who of [wu, mei, li]) who.whole()
  check(li.page.url().includes('/call'), 'the caller is where the call was')
}

// What may go wrong at the desk in the middle of a call, and what is then to be
// seen: the microphone is pulled out and put back; the log-in is over; the same
// agent logs in at another machine. The customer stays through all of it.
import { say, sleep, story } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000, before: unplugged })
  await wu.available()
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.accepts()
  await Promise.all([wu.hears(440), li.hears(1000)])

  say('the microphone is pulled out')
  await wu.page.evaluate(() => window.huawuUnplug(true))
  await wu.reads('phone.mic.lost')
  await Promise.all([li.hearsNot(1000), wu.hears(440)])
  await wu.picture('microphone-lost')
  await wu.page.evaluate(() => window.huawuUnplug(false))
  await wu.page.getByText(wu.words('phone.mic.lost')).first().waitFor({ state: 'hidden', timeout: 30_000 })
  await li.hears(1000)

  say('the log-in is over')
  const over = (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"status":401,"title":"Unauthorized"}' })
  await wu.page.route('**/v1/auth/refresh', over)
  await wu.page.route('**/v1/contacts/**', over)
  await wu.button('call.hold').click()
  await wu.reads('login.again.title')
  await Promise.all([li.hears(1000), wu.hears(440)])
  await wu.picture('session-over')
  await wu.page.unroute('**/v1/auth/refresh')
  await wu.page.unroute('**/v1/contacts/**')
  await wu.page.getByRole('dialog').getByLabel(wu.words('login.password'), { exact: true }).fill(wu.login.password)
  await wu.page.getByRole('dialog').getByRole('button', { name: wu.words('login.enter'), exact: true }).click()
  await wu.page.getByText(wu.words('login.again.title')).first().waitFor({ state: 'hidden', timeout: 30_000 })
  await Promise.all([li.hears(1000), wu.hears(440)])

  say('the same agent at another machine')
  const again = await desk('wu', { hz: 1500 })
  await again.talks()
  await Promise.all([again.hears(440), li.hears(1500)])
  await wu.reads('phone.elsewhere.long')
  await sleep(2000) // neither takes the sound back by itself
  await again.hears(440)
  await again.hangsUp()
  await li.isOver()
  await again.finishes()
  await wu.page.getByRole('region', { name: wu.words('wrap.title'), exact: true }).waitFor({ state: 'hidden', timeout: 30_000 })
  for (const who of [wu, again, li]) who.whole()
})

/** Runs in the page before its own code: a microphone that can be pulled out. */
function unplugged() {
  const devices = navigator.mediaDevices
  if (!devices) return
  const real = devices.getUserMedia.bind(devices)
  let out = false
  const tracks = new Set()
  devices.getUserMedia = async (want) => {
    if (out) throw new DOMException('no device', 'NotFoundError')
    const stream = await real(want)
    for (const t of stream.getAudioTracks()) tracks.add(t)
    return stream
  }
  window.huawuUnplug = (on) => {
    out = on
    if (on) {
      for (const t of tracks) {
        t.stop()
        t.dispatchEvent(new Event('ended')) // stop() tells nobody; a device that goes does
      }
      tracks.clear()
    }
    devices.dispatchEvent(new Event('devicechange'))
  }
}

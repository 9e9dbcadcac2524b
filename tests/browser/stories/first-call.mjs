// The first call of a newcomer: nothing but two windows. A customer calls from
// the browser and presses 1; an agent sees who calls, answers, holds, hands over
// to a colleague, who ends the call; both finish, and the recording is heard.
import { agent, api, bed, check, eventually, say, story } from '../lib/bed.mjs'
import { caller, desk } from '../lib/desk.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  await wu.available()
  const mei = await desk('mei', { hz: 1500 })
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')

  await wu.rings()
  await wu.picture('offer')
  await wu.clicks('offer.accept')
  await wu.talks()
  await Promise.all([wu.hears(440), li.hears(1000)])
  await wu.picture('talk')

  await wu.clicks('call.hold')
  await wu.button('call.resume').waitFor()
  await Promise.all([li.hearsNot(1000), wu.hearsNot(440)])
  await wu.clicks('call.resume')
  await Promise.all([wu.hears(440), li.hears(1000)])

  await mei.available()
  await wu.clicks('call.transfer')
  await wu.chooses(mei.login.name)
  await wu.picture('transfer')
  await wu.clicks('transfer.blind')
  await mei.accepts()
  await Promise.all([mei.hears(440), li.hears(1500)])
  await wu.finishes(0, '<b>转给同事</b>')

  await mei.hangsUp()
  await li.isOver()
  await mei.finishes(1)

  await hears(mei)
  for (const who of [wu, mei, li]) who.whole()
})

/** The recording is there, with each side on a channel of its own. */
async function hears(who) {
  const token = agent('chen').token
  const { contacts } = await (await api(token, '/v1/contacts?of=everyone')).json()
  const id = contacts[0].contactId
  const recordings = await eventually('the recording is there', async () => {
    const found = (await (await api(token, `/v1/contacts/${id}/recordings`)).json()).recordings
    return found?.length >= 1 && found
  })
  say('recordings', JSON.stringify(recordings))
  const wav = Buffer.from(await (await api(token, `/v1/contacts/${id}/recordings/0/audio`)).arrayBuffer())
  const [left, right] = channels(wav)
  check(share(left, 440) > 0.3, `the customer's channel has 440 Hz: ${share(left, 440)}`)
  check(share(right, 1000) > 0.3, `the agent's channel has 1000 Hz: ${share(right, 1000)}`)
  check(share(left, 1000) < 0.01 && share(right, 440) < 0.01, 'each only on its own')
  await who.page.waitForTimeout(0)
  check(bed.url, 'a place')
}

/** The two channels of a WAV of 16-bit samples at 8 kHz. */
function channels(wav) {
  let at = 12
  while (wav.toString('latin1', at, at + 4) !== 'data') at += 8 + wav.readUInt32LE(at + 4)
  const end = Math.min(wav.length, at + 8 + wav.readUInt32LE(at + 4))
  const both = [[], []]
  for (let i = at + 8; i + 4 <= end; i += 4) {
    both[0].push(wav.readInt16LE(i))
    both[1].push(wav.readInt16LE(i + 2))
  }
  return both
}

/** How much of the energy is within some Hz of a tone (Goertzel over half seconds, the best). */
function share(samples, hz) {
  const n = 4000
  let best = 0
  for (let from = 0; from + n <= samples.length; from += n) {
    const w = (2 * Math.PI * hz) / 8000
    let s1 = 0, s2 = 0, energy = 0
    for (let i = from; i < from + n; i++) {
      const s = samples[i] + 2 * Math.cos(w) * s1 - s2
      s2 = s1
      s1 = s
      energy += samples[i] * samples[i]
    }
    const power = s1 * s1 + s2 * s2 - 2 * Math.cos(w) * s1 * s2
    if (energy > n * 100) best = Math.max(best, (2 * power) / (n * energy))
  }
  return best
}

// What agents and callers do with their pages, as a person would: by what is
// written there.
import { accessible } from './axe.mjs'
import { agent, bed, eventually, say } from './bed.mjs'
import { person, Person } from './person.mjs'
import { words } from './words.mjs'

/** An agent at the desk, logged in; see Person for options. */
export async function desk(id, options = {}) {
  const who = Object.assign(await person(id, options), { login: agent(id) })
  Object.setPrototypeOf(who, Desk.prototype)
  await who.enter()
  return who
}

export class Desk extends Person {
  async enter() {
    say(this.name, 'logs in')
    await this.page.goto(`${bed.url}/desk?lang=${this.language}`)
    await this.fill(this.login.password)
    await this.pass()
  }

  /** Fills the log-in form and sends it. */
  async fill(password) {
    const { page } = this
    const tenant = page.getByLabel(this.words('login.tenant'), { exact: true })
    await page.getByLabel(this.words('login.username'), { exact: true }).fill(this.login.username)
    if (await tenant.count()) await tenant.fill(bed.tenant)
    await page.getByLabel(this.words('login.password'), { exact: true }).fill(password)
    await this.button('login.enter').click()
  }

  /** Passes the device check, which comes first in a new browser. */
  async pass() {
    const past = await eventually(`${this.name} is let in`, async () => {
      for (const key of ['check.skip', 'check.done', 'status.go']) if (await this.button(key).first().isVisible()) return key
      return (await this.page.getByText(this.words('desk.today')).first().isVisible()) && 'desk'
    })
    if (past.startsWith('check')) await this.button(past).first().click()
  }

  async available() {
    say(this.name, 'goes available')
    await this.button('status.go').first().click()
    await this.page.getByText(this.words('desk.idle.available'), { exact: true }).first().waitFor()
  }

  /** Tries microphone, speaker, notifications and network on the page for it. */
  async checksDevices(shot) {
    say(this.name, 'checks the devices')
    await this.page.goto(`${bed.url}/check`)
    await this.clicks('check.mic.start')
    await this.reads('check.mic.good')
    await this.clicks('check.net.run')
    await this.reads('check.net.good')
    await accessible(this, 'device check')
    await shot('check')
    await this.clicks('check.done')
    await this.button('status.go').first().waitFor()
  }

  /** Plays the recording of the last contact of today, and hears both sides, each on a channel of its own. */
  async plays(customer, agent) {
    say(this.name, 'plays the recording')
    const play = this.page.getByRole('complementary', { name: this.words('desk.today'), exact: true }).getByRole('button', { name: this.starting('recording.play') }).first()
    await eventually('the recording is ready', async () => {
      await play.click()
      await this.page.getByRole('slider', { name: this.words('recording.seek'), exact: true }).waitFor({ timeout: 4_000 }).catch(async (e) => { await play.click(); throw e })
      return true
    })
    await this.page.evaluate(sides)
    let last
    await eventually(`${this.name} hears the customer on the left and the agent on the right`, async () => {
      last = await this.page.evaluate(([l, r]) => window.huawuSides(l, r), [customer, agent])
      const [left, right] = last
      return left.own > -60 && right.own > -60 && left.other < left.own - 30 && right.other < right.own - 30
    }).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(last)}`) })
  }

  /** Plays the message on the desk, and hears the customer alone. */
  async playsMessage(customer) {
    const card = this.page.getByRole('region', { name: this.words('message.title'), exact: true })
    await card.getByRole('button', { name: this.starting('recording.play') }).click()
    await card.getByRole('slider', { name: this.words('recording.seek'), exact: true }).waitFor({ timeout: 45_000 })
    await this.page.evaluate(sides)
    let last
    await eventually(`${this.name} hears the customer on the left and nobody on the right`, async () => {
      last = await this.page.evaluate((hz) => window.huawuSides(hz, hz), customer)
      const [left, right] = last
      return left.own > -60 && right.own < left.own - 30
    }).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(last)}`) })
  }

  /** The card of who calls. */
  offer() { return this.page.getByRole('region', { name: this.words('offer.incoming'), exact: true }).first() }

  /** Waits until somebody calls. */
  async rings() {
    say(this.name, 'sees who calls')
    await this.offer().waitFor({ timeout: 45_000 })
  }

  /** Waits for the offer and takes it. */
  async accepts() {
    await this.rings()
    await this.clicks('offer.accept')
    await this.talks()
  }

  async talks() {
    await eventually(`${this.name} talks`, () => this.button('call.hold').isEnabled())
  }

  /** Hangs up: asked once more, so twice. */
  async hangsUp(page = this.page) {
    say(this.name, 'hangs up')
    await page.getByRole('button', { name: this.starting('call.hangup') }).click()
    await page.getByRole('button', { name: this.starting('call.hangup.again') }).click()
  }

  /** Chooses whom to hand over to, in the open dialog. */
  async chooses(name) {
    say(this.name, 'chooses', name)
    await this.page.getByRole('dialog').getByRole('radio', { name: new RegExp(name) }).click({ timeout: 45_000 })
  }

  /** Finishes after-contact work with the n-th disposition. */
  async finishes(n = 0, note = '') {
    say(this.name, 'finishes')
    const wrap = this.page.getByRole('region', { name: this.words('wrap.title'), exact: true })
    const finish = wrap.getByRole('button', { name: this.starting('wrap.finish') })
    await eventually(`${this.name} has after-contact work`, () => finish.isEnabled())
    await wrap.getByRole('radio').nth(n).check({ force: true })
    if (note) await wrap.getByLabel(this.words('wrap.note'), { exact: true }).fill(note)
    await finish.click()
    await wrap.waitFor({ state: 'hidden', timeout: 45_000 })
  }
}

/** A customer on the page on which customers call. */
export async function caller(name, options = {}) {
  const who = await person(name, { hz: 440, ...options })
  Object.setPrototypeOf(who, Caller.prototype)
  await who.page.goto(`${bed.url}/call?lang=${who.language}`)
  await who.page.getByRole('heading', { name: who.say('title') }).waitFor()
  return who
}

export class Caller extends Person {
  /** A message of the caller's page. */
  say(key, values) { return words(this.language, `call:${key}`, values) }

  async calls() {
    say(this.name, 'calls')
    await this.page.getByRole('button', { name: this.say('call'), exact: true }).click()
    await this.page.getByText(this.say('talking'), { exact: true }).waitFor({ timeout: 45_000 })
    await this.hearsSomething() // nobody presses a key before the menu speaks
  }

  async presses(key) {
    say(this.name, 'presses', key)
    await this.page.getByRole('button', { name: this.say('key', { key }), exact: true }).click()
  }

  async hangsUp() {
    say(this.name, 'hangs up')
    await this.page.getByRole('button', { name: this.say('hangup'), exact: true }).click()
  }

  async isOver() {
    await this.page.getByText(this.say('ended')).waitFor({ timeout: 45_000 })
  }
}

/** Runs in the page: listens to each channel of what its player plays. */
function sides() {
  const audio = document.querySelector('audio[src^="blob:"]')
  const context = new AudioContext()
  const source = context.createMediaElementSource(audio)
  const split = context.createChannelSplitter(2)
  source.connect(split)
  source.connect(context.destination)
  const ears = [0, 1].map((n) => {
    const ear = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 })
    split.connect(ear, n)
    return ear
  })
  const best = [{ own: -200, other: -200 }, { own: -200, other: -200 }]
  const level = (ear, hz) => {
    const bins = new Float32Array(ear.frequencyBinCount)
    ear.getFloatFrequencyData(bins)
    const at = Math.round(hz / (context.sampleRate / ear.fftSize))
    return Math.round(Math.max(...bins.slice(at - 3, at + 4)))
  }
  window.huawuSides = (left, right) => {
    if (audio.ended || audio.paused) void audio.play()
    for (const [n, own, other] of [[0, left, right], [1, right, left]]) {
      const now = { own: level(ears[n], own), other: level(ears[n], other) }
      if (now.own >= best[n].own) best[n] = now
    }
    return best
  }
}

// A supervisor watches the floor: who comes, waits, talks and finishes is seen
// there without a reload. An agent is not let in.
import { bed, check, story } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { caller, desk } from '../lib/desk.mjs'
import { languages, words } from '../lib/words.mjs'

story(async () => {
  const chen = await desk('chen')
  const say = (key, values) => words(chen.language, `floor:${key}`, values)
  const row = (name) => chen.page.getByRole('row').filter({ hasText: name })
  const sees = (name, key) => row(name).getByText(say(key), { exact: true }).first().waitFor({ timeout: 45_000 })
  await chen.page.goto(`${bed.url}/floor`)
  await chen.page.getByRole('heading', { name: say('title') }).waitFor()

  const wu = await desk('wu', { hz: 1000 })
  await sees(wu.login.name, 'offline')
  await wu.available()
  await sees(wu.login.name, 'available')
  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.rings()
  await sees(wu.login.name, 'offered')
  await wu.clicks('offer.accept')
  await sees(wu.login.name, 'connected')
  await wu.clicks('call.hold')
  await sees(wu.login.name, 'held')
  await wu.clicks('call.resume')
  await sees(wu.login.name, 'connected')
  await chen.picture('floor')

  const second = await caller('zhang', { hz: 500 })
  await second.calls()
  await second.presses('1')
  await chen.page.getByText(say('unmanned')).waitFor({ timeout: 45_000 })
  await chen.picture('floor-waiting')
  for (const theme of ['light', 'dark']) {
    await chen.page.emulateMedia({ colorScheme: theme })
    for (const language of languages) {
      await chen.page.goto(`${bed.url}/floor?lang=${language}`)
      await chen.page.getByRole('heading', { name: words(language, 'floor:title') }).waitFor()
      await accessible(chen, `floor, ${language}, ${theme}`)
      await chen.picture(`floor-${language}-${theme}`)
    }
  }
  chen.language = 'zh-CN'
  await chen.page.goto(`${bed.url}/floor?lang=zh-CN`)
  await second.hangsUp()
  await chen.page.getByText(say('noneWaits')).waitFor({ timeout: 45_000 })

  await wu.hangsUp()
  await li.isOver()
  await sees(wu.login.name, 'ended')
  await wu.finishes()
  await sees(wu.login.name, 'available')

  await wu.page.goto(`${bed.url}/floor`)
  check(await wu.page.getByText(wu.words('app.notFound')).first().isVisible({ timeout: 20_000 }).catch(() => false) || !(await wu.page.getByRole('heading', { name: say('title') }).count()), 'an agent does not see the floor')
  chen.whole()
})

// The agent's page in every language and appearance, at each turn of a call: it
// can be used by everybody, and the call does not mind that the page is loaded
// anew each time.
import { bed, story } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { caller, desk } from '../lib/desk.mjs'
import { languages } from '../lib/words.mjs'

story(async () => {
  const wu = await desk('wu', { hz: 1000 })
  const looks = async (what, ready, path = '/desk') => {
    for (const theme of ['light', 'dark']) {
      await wu.page.emulateMedia({ colorScheme: theme })
      for (const language of languages) {
        wu.language = language
        await wu.page.goto(`${bed.url}${path}?lang=${language}`)
        await ready()
        await accessible(wu, `${what}, ${language}, ${theme}`)
        await wu.picture(`${what.replaceAll(' ', '-')}-${language}-${theme}`)
      }
    }
    await wu.page.emulateMedia({ colorScheme: 'light' })
    wu.language = 'zh-CN'
    await wu.page.goto(`${bed.url}/desk?lang=zh-CN`)
    await ready()
  }
  const seen = (key) => () => wu.button(key).first().waitFor({ timeout: 45_000 })
  const there = (name) => () => wu.page.getByRole('heading', { name: wu.words(name), level: 1 }).first().waitFor({ state: 'attached', timeout: 45_000 })

  await looks('desk away', seen('status.go'))
  await wu.page.goto(`${bed.url}/check?lang=zh-CN`)
  for (const theme of ['light', 'dark']) {
    await wu.page.emulateMedia({ colorScheme: theme })
    for (const language of languages) {
      wu.language = language
      await wu.page.goto(`${bed.url}/check?lang=${language}`)
      await there('check.title')()
      await accessible(wu, `device check, ${language}, ${theme}`)
    }
  }
  wu.language = 'zh-CN'
  await wu.page.goto(`${bed.url}/desk?lang=zh-CN`)
  await wu.available()

  const li = await caller('li', { hz: 440 })
  await li.calls()
  await li.presses('1')
  await wu.rings()
  await looks('desk ringing', () => wu.offer().waitFor({ timeout: 45_000 }))
  await wu.clicks('offer.accept')
  await wu.talks()
  await looks('desk talking', () => wu.talks())
  await Promise.all([wu.hears(440), li.hears(1000)])

  await wu.clicks('call.transfer')
  await wu.page.getByRole('dialog').waitFor()
  await accessible(wu, 'desk, handing over')
  await wu.page.keyboard.press('Escape')
  await wu.hangsUp()
  await li.isOver()
  await looks('desk wrapping up', seen('wrap.finish'))
  await wu.finishes()
  wu.whole()
})

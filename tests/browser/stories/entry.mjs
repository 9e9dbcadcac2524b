// The log-in page: in every language and appearance it can be used by everybody;
// a wrong password is told, ten of them lock the door, and it says for how long.
// A language that nobody has heard of does no harm.
import { bed, check, say, story } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { Desk } from '../lib/desk.mjs'
import { person } from '../lib/person.mjs'
import { agent } from '../lib/bed.mjs'
import { languages } from '../lib/words.mjs'

story(async () => {
  const wu = Object.assign(await person('wu'), { login: agent('wu') })
  Object.setPrototypeOf(wu, Desk.prototype)
  for (const theme of ['light', 'dark']) {
    await wu.page.emulateMedia({ colorScheme: theme })
    for (const language of languages) {
      wu.language = language
      await wu.page.goto(`${bed.url}/?lang=${language}`)
      await wu.button('login.enter').waitFor()
      check((await wu.page.locator('html').getAttribute('lang')) === language, `the page says that it is in ${language}`)
      await accessible(wu, `log-in, ${language}, ${theme}`)
      await wu.picture(`login-${language}-${theme}`)
    }
  }

  wu.language = 'zh-CN'
  await wu.page.goto(`${bed.url}/?lang=zh-CN`)
  await wu.page.goto(`${bed.url}/?lang=tlh-XX`)
  await wu.button('login.enter').waitFor()

  for (let n = 1; n <= 10; n++) {
    await wu.fill('wrong')
    const said = wu.page.getByText(wu.words('login.wrong')).or(wu.page.getByText(wu.words('login.locked'))).first()
    await said.waitFor({ timeout: 30_000 })
    if (await wu.page.getByText(wu.words('login.locked')).count()) {
      say(`locked after ${n}`)
      break
    }
    check(n < 10, 'ten wrong passwords lock the door')
  }
  await accessible(wu, 'log-in, locked')
  await wu.picture('login-locked')
  wu.whole()
})

// The page on which customers call, by itself: in every language and appearance
// it can be used by everybody; it says what to do without a microphone; it
// talks with the centre, and says when the centre ends the call.
import { check, story } from '../lib/bed.mjs'
import { accessible } from '../lib/axe.mjs'
import { caller } from '../lib/desk.mjs'
import { languages } from '../lib/words.mjs'
import { bed } from '../lib/bed.mjs'

story(async () => {
  const li = await caller('li', { hz: 440 })
  for (const theme of ['light', 'dark']) {
    await li.page.emulateMedia({ colorScheme: theme })
    for (const language of languages) {
      li.language = language
      await li.page.goto(`${bed.url}/call?lang=${language}`)
      await li.page.getByRole('heading', { name: li.say('title') }).waitFor()
      await accessible(li, `caller page, ${language}, ${theme}`)
      await li.picture(`call-${language}-${theme}`)
    }
  }

  await li.page.emulateMedia({ colorScheme: 'light' })
  li.language = 'zh-CN'
  await li.page.goto(`${bed.url}/call?lang=zh-CN`)
  await li.calls()
  await li.hearsSomething()
  await accessible(li, 'caller page while talking')
  await li.picture('call-talking')
  await li.presses('1')
  await li.page.getByText(li.say('pressed', { keys: 1 })).waitFor()
  await li.hangsUp()
  await li.isOver()
  li.whole()

  const deaf = await caller('zhao', { allow: [] })
  await deaf.page.getByRole('button', { name: deaf.say('call'), exact: true }).click()
  await deaf.page.getByText(deaf.say('denied')).waitFor()
  await accessible(deaf, 'caller page without a microphone')
  await deaf.picture('call-denied')
  check(await deaf.page.getByRole('button', { name: deaf.say('call'), exact: true }).isEnabled(), 'one can try again')
  deaf.whole()
})

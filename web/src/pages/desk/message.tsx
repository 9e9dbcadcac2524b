// A message that a caller has left: it is heard, the caller called back, and then
// it is done.
import { useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { explain, Problem } from '../../api/problem'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import { talk } from '../../live/desk'
import type { Current } from '../../live/types'
import { Player } from './player'

/** refused says why the caller could not be called back. */
const refused: typeof explain = (err, t) => (err instanceof Problem && err.status === 403 ? t('dial.refused') : explain(err, t))

const maxTries = 30

export function Message({ contact }: { contact: Current }) {
  const { me, run, busy, ready } = useAgent()
  const { api, live } = useApp()
  const { t } = useWords()
  const [open, setOpen] = useState(false) // to listen is logged, so it is asked for
  const [tries, setTries] = useState(0) // a recording is there a moment after its call
  const id = contact.contactId
  const callBack = async () => {
    if (!(await ready())) return
    await run(
      'call',
      async () => {
        await api.callWho(id)
        live.put('me', await api.me())
      },
      refused,
    )
  }
  return (
    <section className="message" aria-label={t('message.title')}>
      {open ? (
        <Player key={tries} contact={id} segment={0} onNone={() => tries < maxTries && setTimeout(() => setTries(tries + 1), 2000)} />
      ) : (
        <Button iconName="play" onClick={() => setOpen(true)}>
          {t('recording.play')}
        </Button>
      )}
      {contact.state === 'CONNECTED' && (
        <div className="call-bar" role="toolbar" aria-label={t('message.title')}>
          {contact.customer && (
            <Button iconName="call" loading={busy === 'call'} disabled={me !== null && talk(me) !== undefined} onClick={() => void callBack()}>
              {t('message.callBack')}
            </Button>
          )}
          <span className="grow" />
          <Button variant="primary" iconName="check" loading={busy === 'hangup'} onClick={() => void run('hangup', () => api.hangUp(id))}>
            {t('message.done')}
          </Button>
        </div>
      )}
    </section>
  )
}

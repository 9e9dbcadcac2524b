// The device check: microphone, speaker, notifications, network. Each is tested
// by doing it, and says in words what to do where it fails.
import './check.css'
import { useEffect } from 'react'
import Button from '@cloudscape-design/components/button'
import { useSession } from '../../app-context'
import { useWords } from '../../i18n/react'
import { setPrefs, usePrefs } from '../../parts/prefs'
import { navigate } from '../../parts/route'
import { MicrophoneCheck } from './microphone'
import { NetworkCheck } from './network'
import { NotificationCheck } from './notification'
import { SpeakerCheck } from './speaker'

export default function Check() {
  const { t } = useWords()
  const session = useSession()
  const { checked } = usePrefs()
  useEffect(() => {
    document.title = `${t('check.title')} · ${t('app.name')}`
  }, [t])
  const to = 'who' in session && session.who.role === 'admin' ? '/floor' : '/desk'
  const leave = () => {
    setPrefs({ checked: true })
    navigate(to)
  }
  return (
    <div className="check">
      <header>
        <h1>{t('check.title')}</h1>
        <p className="soft">{t('check.lead')}</p>
      </header>
      <div className="check-grid">
        <MicrophoneCheck />
        <SpeakerCheck />
        <NotificationCheck />
        <NetworkCheck />
      </div>
      <div className="check-foot">
        <Button variant="primary" onClick={leave}>
          {t('check.done')}
        </Button>
        {!checked && (
          <Button variant="link" onClick={leave}>
            {t('check.skip')}
          </Button>
        )}
      </div>
    </div>
  )
}

// The desk while there is no contact: what one waits for, or how to begin.
import Button from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import { usePrefs } from '../../parts/prefs'
import { navigate } from '../../parts/route'

export function Idle() {
  const { me, run, busy } = useAgent()
  const { api, live, ringer } = useApp()
  const { t } = useWords()
  const { checked } = usePrefs()
  if (!me) return null
  const ready = me.status.status === 'available'
  const say = ready ? 'available' : me.status.status === 'missed' ? 'missed' : 'away'
  return (
    <div className="card idle">
      <div className={`idle-mark ${ready ? 'on' : ''}`} aria-hidden="true">
        <img src="/icon.svg" alt="" width="40" height="40" />
      </div>
      <h2>{t(`desk.idle.${say}`)}</h2>
      <p className="soft">{t(ready ? (me.device === 'phone' ? 'phone.desk.hint' : 'desk.idle.available.hint') : 'desk.idle.away.hint')}</p>
      {!ready && (
        <div className="idle-go">
          <Button
            variant="primary"
            loading={busy === 'status'}
            onClick={() => {
              void ringer.unlock()
              void run('status', async () => live.put('me', await api.setStatus({ status: 'available' })))
            }}
          >
            {t('status.go')}
          </Button>
          {!checked && me.device !== 'phone' && <Button onClick={() => navigate('/check')}>{t('check.title')}</Button>}
        </div>
      )}
    </div>
  )
}

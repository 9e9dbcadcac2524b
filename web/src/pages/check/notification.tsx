import { useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useWords } from '../../i18n/react'
import { Part } from './part'

export function NotificationCheck() {
  const { t } = useWords()
  const [allowed, setAllowed] = useState<NotificationPermission | 'none'>(() => ('Notification' in window ? Notification.permission : 'none'))
  const said = allowed === 'granted' ? 'check.notify.good' : allowed === 'denied' ? 'check.notify.denied' : allowed === 'none' ? 'check.notify.none' : 'check.notify.ask'
  return (
    <Part title={t('check.notify')} standing={allowed === 'granted' ? 'ok' : allowed === 'default' ? 'untested' : 'warn'}>
      <p className={allowed === 'denied' ? 'said warn' : 'said'}>{t(said)}</p>
      {allowed === 'default' && <Button onClick={() => void Notification.requestPermission().then(setAllowed)}>{t('check.notify.allow')}</Button>}
    </Part>
  )
}

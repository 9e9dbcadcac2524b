// Log in again without leaving the page: the session is over, the call is not.
import Modal from '@cloudscape-design/components/modal'
import { useMaybeAgent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { talk } from '../../live/desk'
import type { Who } from '../../api/session'
import { useWords } from '../../i18n/react'
import './login.css'
import { LoginForm } from './form'

export function LoginAgain({ who }: { who: Who }) {
  const { t } = useWords()
  const { session } = useApp()
  const agent = useMaybeAgent()
  const name = agent?.me?.username
  const inCall = agent?.me ? talk(agent.me) !== undefined : false // to leave now would end it
  return (
    <Modal
      visible
      header={t('login.again.title')}
      closeAriaLabel={t('app.logout')}
      onDismiss={(e) => e.detail.reason === 'closeButton' && !inCall && void session.logout().catch(() => {})}
    >
      <p className="login-why">{t(inCall ? 'login.again.call' : 'login.over')}</p>
      <LoginForm fixed={{ tenant: who.tenant, ...(name ? { username: name } : {}) }} />
    </Modal>
  )
}

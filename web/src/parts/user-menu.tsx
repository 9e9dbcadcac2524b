// Who is logged in, and what is theirs to set: language, appearance, leaving.
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import { useApp, useSession } from '../app-context'
import { useMaybeAgent } from '../agent/agent'
import { dropDrafts } from '../agent/draft'
import { languageNames, languages, type Language } from '../i18n/catalogue'
import { useWords } from '../i18n/react'
import { talk } from '../live/desk'
import { setPrefs, usePrefs, type Prefs } from './prefs'
import { applyTheme } from './theme'

export function UserMenu() {
  const { api, session } = useApp()
  const state = useSession()
  const agent = useMaybeAgent()
  const { theme } = usePrefs()
  const { t, language, setLanguage } = useWords()
  if (!('who' in state)) return null
  const name = agent?.me?.name ?? state.who.agent
  const inCall = agent?.me ? talk(agent.me) !== undefined : false
  const chosen = (yes: boolean) => ({ itemType: 'checkbox' as const, checked: yes })
  const choose = (id: string) => {
    const [kind, value] = id.split(':') as [string, string]
    if (kind === 'language') setLanguage(value as Language)
    if (kind === 'theme') {
      setPrefs({ theme: value as Prefs['theme'] })
      applyTheme()
    }
    if (kind === 'logout') {
      dropDrafts(Date.now(), true)
      void (async () => {
        if (agent?.me && agent.me.status.status !== 'offline') await api.setStatus({ status: 'offline' }).catch(() => {}) // nothing is offered to whom has left
        await session.logout().catch(() => {}) // the page is left in any case
      })()
    }
  }
  return (
    <ButtonDropdown
      ariaLabel={t('app.menu', { name })}
      items={[
        { id: 'languages', text: t('app.language'), items: languages.map((l) => ({ id: `language:${l}`, text: languageNames[l], lang: l, ...chosen(l === language) })) },
        { id: 'themes', text: t('app.theme'), items: (['light', 'dark', 'system'] as const).map((v) => ({ id: `theme:${v}`, text: t(`app.theme.${v}`), ...chosen(v === theme) })) },
        { id: 'logout:', text: t('app.logout'), disabled: inCall, ...(inCall ? { disabledReason: t('status.onContact') } : {}) },
      ]}
      onItemClick={(e) => choose(e.detail.id)}
    >
      {name}
    </ButtonDropdown>
  )
}

// The log-in page. The address stays as it was asked for: it is opened afterwards.
import './login.css'
import { useEffect } from 'react'
import { useApp, useSession } from '../../app-context'
import { languageNames, languages } from '../../i18n/catalogue'
import { useWords } from '../../i18n/react'
import { CloudscapeWords } from '../../parts/cloudscape'
import { setPrefs, usePrefs, type Prefs } from '../../parts/prefs'
import { applyTheme } from '../../parts/theme'
import { LoginForm } from './form'

export default function Login() {
  const { session } = useApp()
  const state = useSession()
  const { t } = useWords()
  useEffect(() => {
    document.title = `${t('login.title')} · ${t('app.name')}`
  }, [t])
  const why = state.state === 'out' ? state.why : undefined
  return (
    <CloudscapeWords>
      <main className="login">
        <section className="card login-card" aria-labelledby="login-title">
          <div className="login-head">
            <img src="/icon.svg" alt="" width="44" height="44" />
            <div>
              <h1 id="login-title">{t('app.name')}</h1>
              <p className="soft">{t('login.lead')}</p>
            </div>
          </div>
          {why && (
            <p className="login-why" role="status">
              {t(why === 'left' ? 'login.left' : 'login.over')}
            </p>
          )}
          {state.state === 'unknown' ? (
            <p className="soft" role="status">
              {t('app.loading')}
            </p>
          ) : state.state === 'unreachable' ? (
            <p role="alert" className="login-said bad">
              {t('login.unreachable')}{' '}
              <button type="button" className="link-button" onClick={() => void session.start()}>
                {t('app.retry')}
              </button>
            </p>
          ) : (
            <LoginForm />
          )}
        </section>
        <Foot />
      </main>
    </CloudscapeWords>
  )
}

function Foot() {
  const { t, language, setLanguage } = useWords()
  const { theme } = usePrefs()
  return (
    <footer className="login-foot">
      <div role="group" aria-label={t('app.language')}>
        {languages.map((l) => (
          <button key={l} type="button" lang={l} className="quiet" aria-pressed={l === language} onClick={() => setLanguage(l)}>
            {languageNames[l]}
          </button>
        ))}
      </div>
      <div role="group" aria-label={t('app.theme')}>
        {(['light', 'dark', 'system'] as Prefs['theme'][]).map((v) => (
          <button
            key={v}
            type="button"
            className="quiet"
            aria-pressed={v === theme}
            onClick={() => {
              setPrefs({ theme: v })
              applyTheme()
            }}
          >
            {t(`app.theme.${v}`)}
          </button>
        ))}
      </div>
    </footer>
  )
}

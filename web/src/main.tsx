// The desk's pages. Nothing is shown before the language is there.
import './theme.css'
import './app.css'
import { createRoot } from 'react-dom/client'
import { makeApp, AppContext } from './app-context'
import { ahead, Pages } from './pages'
import { firstWords, LanguageProvider } from './i18n/react'
import { followTheme } from './parts/theme'

followTheme()
const app = makeApp()
void app.session.start()
void ahead() // while the session is asked for
const words = await firstWords()
createRoot(document.getElementById('root')!).render(
  <LanguageProvider {...words}>
    <AppContext value={app}>
      <Pages />
    </AppContext>
  </LanguageProvider>,
)

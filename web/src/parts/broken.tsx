// A page that throws is replaced by a word and a button; the audio of a call is
// not the page's and goes on.
import { Component, type ReactNode } from 'react'
import { useWords } from '../i18n/react'

export class Broken extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override render() {
    return this.state.failed ? <Sorry /> : this.props.children
  }
}

function Sorry() {
  const { t } = useWords()
  return (
    <div className="page-note" role="alert">
      <h1>{t('app.broken')}</h1>
      <p>{t('app.broken.reload')}</p>
      <button type="button" onClick={() => location.reload()}>
        {t('app.reload')}
      </button>
    </div>
  )
}

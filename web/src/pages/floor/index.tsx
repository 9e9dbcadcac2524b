// The floor for supervisors: agents and queues, live.
import { useTopic } from '../../app-context'
import { useWords } from '../../i18n/react'

export default function Floor() {
  const floor = useTopic('floor')
  const { t } = useWords()
  if (!floor) return <p className="page-note">{t('app.loading')}</p>
  return (
    <div className="page">
      <h1>{t('app.floor')}</h1>
      <ul>
        {floor.queues.map((q) => (
          <li key={q.id}>
            {q.name}: {t('transfer.waiting', { n: q.waiting })}
          </li>
        ))}
      </ul>
      <ul>
        {floor.agents.map((a) => (
          <li key={a.id}>{a.name}</li>
        ))}
      </ul>
    </div>
  )
}

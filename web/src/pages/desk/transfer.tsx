// To whom a call goes: agents, queues with what waits there, or a number. Blind,
// or after asking first.
import { useEffect, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import { useAgent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { explain, Problem } from '../../api/problem'
import type { TargetKind, Targets } from '../../api/desk'
import { useWords } from '../../i18n/react'
import { useStatusText } from '../../parts/status'
import { numberOf } from './number'

/** refused says a conflict plainly: whom one chose cannot take the call now. */
const refused: typeof explain = (err, t) => t('transfer.failed', { reason: err instanceof Problem && err.status === 409 ? t('transfer.taken') : explain(err, t) })

export default function TransferDialog({ contact, onClose }: { contact: string; onClose: () => void }) {
  const { run, busy, failure, dismiss } = useAgent()
  useEffect(dismiss, [dismiss]) // what failed before is not the dialog's
  const { api } = useApp()
  const { t } = useWords()
  const [kind, setKind] = useState<TargetKind>('agent')
  const [search, setSearch] = useState('')
  const [target, setTarget] = useState('')
  const [note, setNote] = useState('')
  const [tried, setTried] = useState(false)
  const found = useTargets(search)
  const chosen = kind === 'number' ? numberOf(search) : target || null
  const missing = tried && !chosen ? t(kind === 'number' ? 'transfer.number.wrong' : 'transfer.choose') : ''

  const go = async (name: 'transfer' | 'consult') => {
    setTried(true)
    if (!chosen) return
    const done = await run(name, () => (name === 'transfer' ? api.transfer(contact, kind, chosen, note.trim()) : api.consult(contact, kind, chosen)), refused)
    if (done) onClose()
  }
  return (
    <Modal
      visible
      header={t('transfer.title')}
      closeAriaLabel={t('app.close')}
      onDismiss={onClose}
      footer={
        <div className="transfer-foot">
          <Button loading={busy === 'consult'} onClick={() => void go('consult')}>
            {t('transfer.consult')}
          </Button>
          <Button variant="primary" loading={busy === 'transfer'} onClick={() => void go('transfer')}>
            {t('transfer.blind')}
          </Button>
        </div>
      }
    >
      <div className="transfer">
        <SegmentedControl
          label={t('transfer.kind')}
          selectedId={kind}
          onChange={(e) => {
            setKind(e.detail.selectedId as TargetKind)
            setTarget('')
            setTried(false)
          }}
          options={(['agent', 'queue', 'number'] as const).map((k) => ({ id: k, text: t(`transfer.${k}`) }))}
        />
        <Input
          type={kind === 'number' ? 'text' : 'search'}
          inputMode={kind === 'number' ? 'tel' : 'search'}
          value={search}
          onChange={(e) => setSearch(e.detail.value)}
          placeholder={t(kind === 'number' ? 'transfer.number.label' : 'transfer.search')}
          ariaLabel={t(kind === 'number' ? 'transfer.number.label' : 'transfer.search')}
        />
        {kind !== 'number' && <List kind={kind} found={found} target={target} onChoose={setTarget} />}
        {missing && (
          <p className="missing" role="alert">
            {missing}
          </p>
        )}
        {failure && (
          <p className="missing" role="alert">
            {failure}
          </p>
        )}
        <label className="note-label" htmlFor="transfer-note">
          {t('transfer.note')}
        </label>
        <textarea id="transfer-note" className="note" rows={2} maxLength={1000} value={note} onChange={(e) => setNote(e.target.value)} />
        <dl className="transfer-hints soft">
          <dt>{t('transfer.consult')}</dt>
          <dd>{t('transfer.consult.hint')}</dd>
          <dt>{t('transfer.blind')}</dt>
          <dd>{t('transfer.blind.hint')}</dd>
        </dl>
      </div>
    </Modal>
  )
}

function List({ kind, found, target, onChoose }: { kind: 'agent' | 'queue'; found: Targets | null; target: string; onChoose: (id: string) => void }) {
  const { me } = useAgent()
  const { t } = useWords()
  const text = useStatusText()
  if (!found)
    return (
      <p className="soft" role="status">
        {t('transfer.loading')}
      </p>
    )
  const rows =
    kind === 'agent'
      ? found.agents.map((a) => ({
          id: a.id,
          name: a.name,
          free: a.status.status === 'available' && !a.busy,
          more: a.busy ? t('transfer.busy') : text(a.status, me ?? {}),
        }))
      : found.queues.map((q) => ({ id: q.id, name: q.name, free: q.free > 0, more: `${t('transfer.free', { n: q.free })} · ${t('transfer.waiting', { n: q.waiting })}` }))
  if (rows.length === 0) return <p className="soft">{t('transfer.none')}</p>
  return (
    <ul className="targets" role="radiogroup" aria-label={t('transfer.kind')}>
      {rows.map((r) => (
        <li key={r.id} role="presentation">
          <label className="target">
            <input type="radio" name="transfer-target" value={r.id} checked={target === r.id} onChange={() => onChoose(r.id)} />
            <span className={`dot ${r.free ? 'good' : ''}`} aria-hidden="true" />
            <bdi className="grow">{r.name}</bdi>
            <span className="soft num">{r.more}</span>
          </label>
        </li>
      ))}
    </ul>
  )
}

/** useTargets searches while one types, and again every three seconds: who is free changes. */
function useTargets(q: string): Targets | null {
  const { api } = useApp()
  const [found, setFound] = useState<Targets | null>(null)
  useEffect(() => {
    const end = new AbortController()
    const ask = () => api.targets(q.trim().slice(0, 64), end.signal).then(setFound, () => {}) // what was found stays
    const first = setTimeout(() => void ask(), q ? 150 : 0)
    const again = setInterval(() => void ask(), 3000)
    return () => {
      end.abort()
      clearTimeout(first)
      clearInterval(again)
    }
  }, [api, q])
  return found
}

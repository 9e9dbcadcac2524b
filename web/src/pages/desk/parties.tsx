// Who else is in the call: the consulted, a conference, a supervisor.
import Button from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import { consulted, others } from '../../live/desk'
import type { Current, Party } from '../../live/types'

export function Parties({ contact }: { contact: Current }) {
  if (contact.consult) return <Consult contact={contact} />
  if (others(contact).length === 0) return null
  return <Conference contact={contact} />
}

function Consult({ contact }: { contact: Current }) {
  const { run, busy } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const party = consulted(contact)
  const name = party?.name ?? ''
  const state = contact.consult!.state
  const verb = (v: 'complete' | 'join' | 'cancel' | 'swap', variant: 'primary' | 'normal') => (
    <Button variant={variant} loading={busy === v} disabled={state === 'ringing' && (v === 'join' || v === 'swap')} onClick={() => void run(v, () => api.consultVerb(contact.contactId, v))}>
      {t(`consult.${v}`)}
    </Button>
  )
  return (
    <section className="consult" aria-label={t('call.consulting')}>
      <p role="status">
        <span className={`dot ${state === 'ringing' ? 'info' : 'good'}`} aria-hidden="true" />
        <bdi>{t(state === 'ringing' ? 'consult.ringing' : state === 'talking' ? 'consult.with' : 'consult.customer', { name })}</bdi>
      </p>
      <div className="consult-verbs">
        {verb('complete', 'primary')}
        {verb('join', 'normal')}
        {verb('swap', 'normal')}
        {verb('cancel', 'normal')}
      </div>
    </section>
  )
}

function Conference({ contact }: { contact: Current }) {
  const { run, busy } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const own = contact.role === undefined || contact.role === 'agent'
  const name = (p: Party) => (p.me ? t('call.party.you') : p.name || (p.kind === 'customer' ? t('call.party.customer') : p.id))
  const mode = (p: Party) => t(`call.party.${p.mode}`)
  return (
    <section className="parties" aria-label={t('call.parties')}>
      <h3>{t('call.parties')}</h3>
      <ul>
        {(contact.parties ?? []).map((p) => (
          <li key={p.id}>
            <span className={`dot ${p.mode === 'talk' ? 'good' : p.mode === 'hold' ? 'warn' : 'info'}`} aria-hidden="true" />
            <bdi className="grow">{name(p)}</bdi>
            <span className="soft">{mode(p)}</span>
            {own && !p.me && p.kind !== 'supervisor' && (p.mode === 'talk' || p.mode === 'hold') && (
              <Button
                variant="inline-link"
                ariaLabel={`${t(p.mode === 'hold' ? 'call.resume' : 'call.hold')}: ${name(p)}`}
                loading={busy === `party-${p.id}`}
                onClick={() => void run(`party-${p.id}`, () => api.party(contact.contactId, p.id, p.mode === 'hold' ? 'resume' : 'hold'))}
              >
                {t(p.mode === 'hold' ? 'call.resume' : 'call.hold')}
              </Button>
            )}
            {own && !p.me && p.kind !== 'customer' && p.kind !== 'supervisor' && (
              <Button variant="icon" iconName="close" ariaLabel={t('call.party.drop', { name: name(p) })} onClick={() => void run(`drop-${p.id}`, () => api.party(contact.contactId, p.id, 'drop'))} />
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

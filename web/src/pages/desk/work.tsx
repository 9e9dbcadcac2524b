// The contact one works on: who it is, the call's controls, and its wrap-up.
import type { Current } from '../../live/types'
import { Last, Who, Why } from '../../agent/customer'
import { useWords } from '../../i18n/react'
import { callState, heldSince, isMessage } from '../../live/desk'
import { Ticking } from '../../agent/customer'
import { useAgent } from '../../agent/agent'
import { CallBar } from './call-bar'
import { Message } from './message'
import { Parties } from './parties'
import { Wrap } from './wrap'

export function Work({ contact }: { contact: Current }) {
  const over = contact.state === 'ENDED'
  return (
    <>
      <article className="card work">
        <div className="work-head">
          <Who of={contact} level="h2" />
          {!over && <State contact={contact} />}
        </div>
        <Why of={contact} />
        {isMessage(contact) && <Message contact={contact} />}
        {!over && !isMessage(contact) && <CallBar contact={contact} />}
        {!over && !isMessage(contact) && <Parties contact={contact} />}
        {!over && <Last pop={contact.pop} />}
      </article>
      {contact.role !== 'supervisor' && <Wrap contact={contact} />}
    </>
  )
}

/** State says how the call stands, and for how long. */
function State({ contact }: { contact: Current }) {
  const { t } = useWords()
  const { me, view } = useAgent()
  const state = callState(contact)
  const held = heldSince(contact)
  const silent = !isMessage(contact) && me?.device === 'softphone' && contact.state === 'CONNECTED' && view.line !== 'off' && view.line !== 'replaced' && !view.call
  return (
    <div className="work-state">
      <span className={`chip ${state === 'connected' || state === 'conference' || state === 'message' ? 'good' : state === 'held' ? 'warn' : 'info'}`}>{t(`call.${state}`)}</span>
      <strong className="work-time">
        <Ticking since={contact.joined ?? contact.since} />
      </strong>
      {contact.onHold && held && (
        <span className="soft">
          {t('call.hold')} <Ticking since={held} />
        </span>
      )}
      {view.muted && <span className="chip bad">{t('call.muted')}</span>}
      {silent && (
        <span className="chip warn" role="status">
          {t('call.lostAudio')}
        </span>
      )}
    </div>
  )
}

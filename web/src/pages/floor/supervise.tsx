// What a supervisor does from the floor: take part in an agent's call, and set an
// agent's status.
import { useState } from 'react'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Modal from '@cloudscape-design/components/modal'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useMaybeAgent, type Agent } from '../../agent/agent'
import type { StatusTo, Supervision } from '../../api/desk'
import { useApp, useSession } from '../../app-context'
import { useWords } from '../../i18n/react'
import type { Choice, Current, Floor, FloorAgent, Me } from '../../live/types'
import { label } from '../../parts/label'
import { navigate } from '../../parts/route'
import { current } from './figures'
import type { Word } from './words'

type Say = (w: Word, values?: Record<string, string | number>) => string

const modes = ['listen', 'whisper', 'barge'] as const

/** supervised is the contact in which one takes part as a supervisor. */
export const supervised = (me: Me): Current | undefined => me.contacts.find((c) => c.role === 'supervisor' && c.state !== 'ENDED')

/** useSupervisor is the agent who may supervise; null for all others. */
export function useSupervisor(): Agent | null {
  const session = useSession()
  const agent = useMaybeAgent()
  return 'who' in session && session.who.role === 'supervisor' && agent?.me ? agent : null
}

/** useTakePart asks for a part in a call. */
function useTakePart() {
  const { api } = useApp()
  const agent = useMaybeAgent()
  return async (contact: string, how: Supervision): Promise<boolean> => {
    if (!agent || !(await agent.ready())) return false
    return agent.run('supervise', () => api.supervise(contact, how))
  }
}

/** Actions is the menu of an agent's row. */
export function Actions({ agent, by, statuses, say }: { agent: FloorAgent; by: Agent; statuses: Choice[]; say: Say }) {
  const { api } = useApp()
  const { t, language } = useWords()
  const takePart = useTakePart()
  const [sure, setSure] = useState(false)
  const contact = current(agent)
  const bound = (by.me?.contacts.length ?? 0) > 0 && by.me && supervised(by.me)?.contactId !== contact?.contactId
  const open = contact?.state === 'CONNECTED' && agent.id !== by.me?.id && !bound
  const choose = (id: string) => {
    const [what, name] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]
    if (what === 'mode' && name === 'takeover') setSure(true)
    else if (what === 'mode' && contact) void takePart(contact.contactId, name as Supervision)
    else void by.run('force', () => api.force(agent.id, what === 'custom' ? { status: 'custom', name } : ({ status: name } as StatusTo)))
  }
  const later = agent.contacts.length > 0 ? { description: say('later') } : {}
  return (
    <>
      <ButtonDropdown
        variant="inline-icon"
        expandToViewport
        ariaLabel={say('act', { name: agent.name })}
        items={[
          { id: 'talk', text: say('talk'), items: [...modes, 'takeover' as const].map((m) => ({ id: `mode:${m}`, text: say(m), disabled: !open })) },
          {
            id: 'status',
            text: say('setStatus'),
            items: [
              { id: 'status:available', text: t('status.available'), ...later },
              ...statuses.map((c) => ({ id: `custom:${c.name}`, text: label(c, language), ...later })),
              { id: 'status:offline', text: t('status.offline'), ...later },
            ],
          },
        ]}
        onItemClick={(e) => choose(e.detail.id)}
      />
      {sure && contact && <Sure name={agent.name} contact={contact.contactId} say={say} onClose={() => setSure(false)} />}
    </>
  )
}

/** Sure asks before a call is taken over: the agent cannot have it back. */
function Sure({ name, contact, say, onClose }: { name: string; contact: string; say: Say; onClose: () => void }) {
  const takePart = useTakePart()
  const { t } = useWords()
  const go = async () => {
    onClose()
    if (await takePart(contact, 'takeover')) navigate('/desk')
  }
  return (
    <Modal
      visible
      header={say('sure', { name })}
      closeAriaLabel={t('app.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>{say('cancel')}</Button>
            <Button variant="primary" onClick={() => void go()}>
              {say('takeover')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {say('sureText', { name })}
    </Modal>
  )
}

/** Part says in whose call one takes part and how, and changes it. */
export function Part({ by, floor, say }: { by: Agent; floor: Floor; say: Say }) {
  const { api } = useApp()
  const takePart = useTakePart()
  const [sure, setSure] = useState(false)
  const contact = by.me ? supervised(by.me) : undefined
  if (!contact) return null
  const name = floor.agents.find((a) => a.id !== by.me?.id && a.contacts.some((c) => c.contactId === contact.contactId))?.name ?? '–'
  const mode = contact.parties?.find((p) => p.me)?.mode
  const how = modes.find((m) => m === mode)
  const words = { listen: 'isListen', whisper: 'isWhisper', barge: 'isBarge' } as const
  return (
    <section className="floor-part" aria-label={say('withName', { name })}>
      <strong>{say('withName', { name })}</strong>
      <span role="status">
        <StatusIndicator type={how ? 'in-progress' : 'loading'}>{say(how ? words[how] : 'isRinging')}</StatusIndicator>
      </span>
      <SegmentedControl
        label={say('mode')}
        selectedId={how ?? null}
        options={modes.map((m) => ({ id: m, text: say(m), disabled: !how }))}
        onChange={(e) => void takePart(contact.contactId, e.detail.selectedId as Supervision)}
      />
      <Button disabled={!how} onClick={() => setSure(true)}>
        {say('takeover')}
      </Button>
      <Button iconName="close" onClick={() => void by.run('supervise', () => api.supervise(contact.contactId, 'stop'))}>
        {say('stop')}
      </Button>
      {sure && <Sure name={name} contact={contact.contactId} say={say} onClose={() => setSure(false)} />}
    </section>
  )
}

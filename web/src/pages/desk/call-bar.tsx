// What one can do with a call.
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import Button, { type ButtonProps } from '@cloudscape-design/components/button'
import { useAgent } from '../../agent/agent'
import { keyNames, Twice } from '../../agent/keys'
import { onCommand } from '../../agent/use-keys'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import type { Current } from '../../live/types'
import { Keypad } from './keypad'

const TransferDialog = lazy(() => import('./transfer'))

export function CallBar({ contact }: { contact: Current }) {
  const { me, phone, view, run, busy } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const [keypad, setKeypad] = useState(false)
  const [transfer, setTransfer] = useState(false)
  const { ask, asked } = useSure()
  const id = contact.contactId
  const connected = contact.state === 'CONNECTED'
  const own = contact.role === undefined || contact.role === 'agent'
  useEffect(
    () =>
      onCommand((c) => {
        if (c === 'keypad') setKeypad((on) => !on)
        if (c === 'transfer' && connected && own && !contact.consult) setTransfer(true)
        if (c === 'decline') ask()
      }),
    [connected, own, contact.consult, ask],
  )
  const hangUp = () => {
    if (ask()) void run('hangup', () => api.hangUp(id))
  }
  return (
    <>
      <div className="call-bar" role="toolbar" aria-label={t('call.bar')}>
        {me?.device === 'softphone' && (
          <Bar icon={view.muted ? 'microphone-off' : 'microphone'} text={t(view.muted ? 'call.unmute' : 'call.mute')} shortcut={keyNames.mute} on={view.muted} disabled={!phone || !view.call} onClick={() => phone?.mute(!view.muted)} />
        )}
        {own && !contact.consult && (
          <Bar
            icon={contact.onHold ? 'play' : 'pause'}
            text={t(contact.onHold ? 'call.resume' : 'call.hold')}
            shortcut={keyNames.hold}
            on={contact.onHold}
            loading={busy === 'hold'}
            disabled={!connected}
            onClick={() => void run('hold', () => (contact.onHold ? api.resume(id) : api.hold(id)))}
          />
        )}
        <Bar icon="keyboard" text={t('call.keypad')} shortcut={keyNames.keypad} on={keypad} disabled={!connected} onClick={() => setKeypad(!keypad)} expanded={keypad} />
        {own && !contact.consult && <Bar icon="redo" text={t('call.transfer')} shortcut={keyNames.transfer} disabled={!connected} onClick={() => setTransfer(true)} />}
        <span className="grow" />
        <Bar icon="close" text={t(asked ? 'call.hangup.again' : 'call.hangup')} shortcut={keyNames.decline} loading={busy === 'hangup'} red onClick={hangUp} />
      </div>
      <span className="unseen" role="status">
        {asked ? t('call.hangup.again') : ''}
      </span>
      {keypad && <Keypad contact={id} onClose={() => setKeypad(false)} />}
      {transfer && (
        <Suspense>
          <TransferDialog contact={id} onClose={() => setTransfer(false)} />
        </Suspense>
      )}
    </>
  )
}

type BarProps = { icon: ButtonProps['iconName']; text: string; shortcut: string; on?: boolean; loading?: boolean; disabled?: boolean; expanded?: boolean; red?: boolean; onClick: () => void }

function Bar({ icon, text, shortcut, on, loading, disabled, expanded, red, onClick }: BarProps) {
  return (
    <span className={on ? 'bar-on' : undefined} title={shortcut}>
      <Button iconName={icon} loading={loading ?? false} disabled={disabled ?? false} ariaLabel={text} {...(red ? { style: redButton } : {})} {...(expanded === undefined ? {} : { ariaExpanded: expanded })} onClick={onClick}>
        {text}
      </Button>
    </span>
  )
}

const all = (v: string) => ({ default: v, hover: v, active: v })
const redButton: ButtonProps.Style = { root: { color: all('var(--bad)'), borderColor: all('var(--bad)'), background: { default: 'transparent', hover: 'var(--bad-soft)', active: 'var(--bad-soft)' } } }

/** useSure asks once more before a call is hung up: the second press within two
 *  seconds does it. */
function useSure() {
  const [asked, setAsked] = useState(false)
  const twice = useRef(new Twice())
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const ask = useCallback(() => {
    const yes = twice.current.press(Date.now())
    clearTimeout(timer.current)
    setAsked(!yes)
    if (!yes) timer.current = setTimeout(() => setAsked(false), 2000)
    return yes
  }, [])
  useEffect(() => () => clearTimeout(timer.current), [])
  return { ask, asked }
}

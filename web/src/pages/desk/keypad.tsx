// Digits into the call: for an announcement or a machine at the customer's end.
// The server sends them, so that they reach the customer only.
import { useState } from 'react'
import { useAgent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const

export function Keypad({ contact, onClose }: { contact: string; onClose: () => void }) {
  const { run } = useAgent()
  const { api } = useApp()
  const { t } = useWords()
  const [sent, setSent] = useState('')
  const press = (k: string) => {
    setSent((s) => (s + k).slice(-24))
    void run('digits', () => api.digits(contact, k))
  }
  return (
    <div
      className="keypad"
      role="group"
      aria-label={t('call.keypad')}
      onKeyDown={(e) => {
        if (e.nativeEvent.isComposing || e.altKey || e.ctrlKey || e.metaKey) return
        if (e.key === 'Escape') onClose()
        if ((keys as readonly string[]).includes(e.key)) press(e.key)
      }}
    >
      <div className="keypad-keys">
        {keys.map((k) => (
          <button key={k} type="button" aria-label={t('call.keypad.key', { key: k })} onClick={() => press(k)}>
            {k}
          </button>
        ))}
      </div>
      <output className="num soft">{sent ? t('call.keypad.sent', { digits: sent }) : ''}</output>
    </div>
  )
}

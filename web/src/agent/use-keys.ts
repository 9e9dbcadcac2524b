// Ties the keyboard to the agent's commands. A command that needs something on
// the page (the transfer dialog, the keypad, the form of wrap-up) is passed on as
// an event of the window.
import { useEffect, useRef } from 'react'
import { useApp } from '../app-context'
import { firstOffer, talk } from '../live/desk'
import { useAgent } from './agent'
import { commandOf, Twice, type Command } from './keys'

/** onCommand listens to commands that the keyboard passes on to the page. */
export function onCommand(f: (c: Command) => void): () => void {
  const hear = (e: Event) => f((e as CustomEvent<Command>).detail)
  addEventListener('huawu-command', hear)
  return () => removeEventListener('huawu-command', hear)
}

export function tellCommand(c: Command): void {
  dispatchEvent(new CustomEvent('huawu-command', { detail: c }))
}

export function useKeys(): void {
  const agent = useAgent()
  const { api } = useApp()
  const now = useRef({ agent, api })
  now.current = { agent, api }
  useEffect(() => {
    const twice = new Twice()
    const press = (e: KeyboardEvent) => {
      const c = commandOf(e)
      if (!c) return
      e.preventDefault()
      const { agent, api } = now.current
      const { me, phone, view } = agent
      if (!me) return
      const offer = firstOffer(me)
      const call = talk(me)
      if (c === 'answer' && offer && me.device === 'softphone') void agent.accept(offer)
      else if (c === 'decline' && offer) void agent.run('reject', () => api.reject(offer.contactId, offer.offerId))
      else if (c === 'decline' && call) {
        if (twice.press(Date.now())) void agent.run('hangup', () => api.hangUp(call.contactId))
        else tellCommand('decline')
      } else if (c === 'mute' && call) phone?.mute(!view.muted)
      else if (c === 'hold' && call?.state === 'CONNECTED' && !call.consult) void agent.run('hold', () => (call.onHold ? api.resume(call.contactId) : api.hold(call.contactId)))
      else if (c === 'transfer' || c === 'keypad' || c === 'finish') tellCommand(c)
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

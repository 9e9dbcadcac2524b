// The entry of the caller's page: the browser's telephone behind the page.
import './call.css'
import { initialLanguage } from '../../i18n/catalogue'
import { Problem, problemOf } from '../../api/problem'
import type { SipTicket } from '../../phone/socket'
import { mount } from './page'

let problem: unknown = null

async function ticket(language: string): Promise<SipTicket> {
  problem = null
  try {
    const res = await fetch('/v1/call/tickets', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ language }) })
    if (!res.ok) throw await problemOf(res)
    return (await res.json()) as SipTicket
  } catch (err) {
    problem = err instanceof Problem ? err : new Problem(0, String(err))
    throw problem
  }
}

mount(document.getElementById('call')!, {
  language: initialLanguage(),
  now: Date.now,
  problem: () => problem,
  telephone: async (language, target) => {
    const { browserPhone } = await import('../../phone/browser')
    return browserPhone({
      ticket: async () => {
        const t = await ticket(language)
        target(t.target ?? '')
        return t
      },
    })
  },
})

// The agent at work: live state, softphone, ring, notification and commands, for
// as long as the agent is logged in and on whatever page.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'
import { useApp, useLink, useSession, useTopic } from '../app-context'
import { explain, Problem } from '../api/problem'
import { useWords } from '../i18n/react'
import { firstOffer, isMessage, talk } from '../live/desk'
import type { Me, Offer } from '../live/types'
import { prefs } from '../parts/prefs'
import { browserOwner, type Ownership } from '../phone/owner'
import type { Phone, PhoneView } from '../phone/phone'
import { useAlert } from './alert'

export type Agent = {
  me: Me | null
  phone: Phone | null // there once it is loaded; null at a desk phone
  view: PhoneView
  owner: Ownership
  take: () => void // the sound to this tab
  busy: string // the command that is under way
  failure: string // of the last command, in the page's language
  dismiss: () => void
  /** run does one command at a time; say puts into words what went wrong */
  run: (name: string, work: () => Promise<unknown>, say?: typeof explain) => Promise<boolean>
  /** ready is asked before a call: false where the microphone is not, and then a banner says why */
  ready: () => Promise<boolean>
  accept: (o: Offer) => Promise<void>
}

const off: PhoneView = { line: 'off', call: null, ended: null, mic: 'unknown', muted: false, systemMuted: false, soundBlocked: false, quality: null, total: null }

const Context = createContext<Agent | null>(null)

export function useAgent(): Agent {
  const a = useContext(Context)
  if (!a) throw new Error('useAgent outside AgentProvider')
  return a
}

export function useMaybeAgent(): Agent | null {
  return useContext(Context)
}

export function AgentProvider({ agent, children }: { agent: string; children: ReactNode }) {
  const me = useTopic('me')
  useFirst()
  usePolling()
  const { owner, take } = useOwner(agent)
  const phone = usePhone(me?.device === 'softphone' && owner === 'here')
  const view = useSyncExternalStore(phone?.subscribe ?? nothing, phone?.get ?? (() => off))
  const commands = useCommands(phone, me)
  useWarm(phone, me)
  useQuality(view, me)
  useAlert(me, owner)
  const value = useMemo<Agent>(() => ({ me, phone, view, owner, take, ...commands }), [me, phone, view, owner, take, commands])
  return <Context value={value}>{children}</Context>
}

const nothing = () => () => {}

/** useFirst reads the state by a request, and loads the softphone, while the live
 *  connection is still being made: after a reload the customer waits for it. */
function useFirst() {
  const { api, live } = useApp()
  useEffect(() => {
    void import('../phone/browser').catch(nothing) // asked for again when it is needed
    api.me().then((m) => live.state('me') ?? live.put('me', m), nothing)
  }, [api, live])
}

/** usePolling reads the state by requests while the live connection is away. */
function usePolling() {
  const { api, live } = useApp()
  const { link } = useLink()
  useEffect(() => {
    if (link !== 'lost') return
    const read = () => void api.me().then((m) => live.put('me', m), nothing)
    const id = setInterval(read, 4000)
    read()
    return () => clearInterval(id)
  }, [api, live, link])
}

function useOwner(agent: string) {
  const [owner] = useState(() => browserOwner(agent))
  useEffect(() => {
    owner.start()
    return () => owner.stop()
  }, [owner])
  return { owner: useSyncExternalStore(owner.subscribe, owner.get), take: owner.take }
}

/** usePhone loads and starts the softphone while this tab has the sound. */
function usePhone(wanted: boolean): Phone | null {
  const { api } = useApp()
  const [phone, setPhone] = useState<Phone | null>(null)
  useEffect(() => {
    if (!wanted) return
    let mine: Phone | null = null
    let over = false
    void import('../phone/browser').then(({ browserPhone }) => {
      if (over) return
      mine = browserPhone({ ticket: api.sipTicket, speaker: () => prefs().speaker || null, microphone: () => prefs().microphone || null })
      setPhone(mine)
      void mine.start()
    })
    return () => {
      over = true
      mine?.abandon() // whoever has the sound next is called by the relay
      setPhone(null)
    }
  }, [wanted, api])
  return phone
}

/** useWarm opens the microphone while an offer rings, so that an answer is heard at
 *  once, and gives it back when nothing came of it. */
function useWarm(phone: Phone | null, me: Me | null) {
  const needed = me !== null && (me.offers.some((o) => !isMessage(o)) || talk(me) !== undefined)
  useEffect(() => {
    if (!phone) return
    if (needed) void phone.warm()
    else phone.cool()
  }, [phone, needed])
}

/** useQuality tells the server how the call sounds, once in 30 s. */
function useQuality(view: PhoneView, me: Me | null) {
  const { api } = useApp()
  const contact = me ? talk(me)?.contactId : undefined
  const last = useRef(0)
  useEffect(() => {
    const q = view.total
    if (!q || !contact || Date.now() - last.current < 30_000) return
    last.current = Date.now()
    api.quality(contact, q).catch(nothing) // a figure less
  }, [api, view.total, contact])
}

/** acceptFailed says it plainly when somebody or something was faster. */
const acceptFailed: typeof explain = (err, t) => (err instanceof Problem && [404, 409, 410].includes(err.status) ? t('offer.gone') : explain(err, t))

function useCommands(phone: Phone | null, me: Me | null) {
  const { api, live, ringer } = useApp()
  const { t } = useWords()
  const [busy, setBusy] = useState('')
  const [failure, setFailure] = useState('')
  const working = useRef(false)
  const run = useCallback(
    async (name: string, work: () => Promise<unknown>, say = explain) => {
      if (working.current) return false
      working.current = true
      setBusy(name)
      setFailure('')
      try {
        await work()
        return true
      } catch (err) {
        setFailure(say(err, t))
        api.me().then((m) => live.put('me', m), nothing) // what is shown was not what is
        return false
      } finally {
        working.current = false
        setBusy('')
      }
    },
    [api, live, t],
  )
  const softphone = me?.device === 'softphone'
  const ready = useCallback(async () => {
    void ringer.unlock()
    if (softphone && phone) await phone.warm()
    return !softphone || !phone || phone.get().mic === 'ready'
  }, [phone, ringer, softphone])
  const accept = useCallback(
    async (o: Offer) => {
      if (isMessage(o)) void ringer.unlock()
      else if (!(await ready())) return
      await run('accept', () => api.accept(o.contactId, o.offerId), acceptFailed)
    },
    [api, ready, ringer, run],
  )
  const dismiss = useCallback(() => setFailure(''), [])
  const session = useSession().state
  useEffect(dismiss, [session, dismiss]) // what failed because the session was over
  return useMemo(() => ({ busy, failure, run, ready, accept, dismiss }), [busy, failure, run, ready, accept, dismiss])
}

/** useOffer is the offer to show, with the time that is left kept by who shows it. */
export function useOffer(): Offer | undefined {
  const { me } = useAgent()
  return me ? firstOffer(me) : undefined
}

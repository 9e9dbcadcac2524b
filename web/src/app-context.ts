// What every page works with: the session, the API, the live state, the softphone.
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { deskAPI, type DeskAPI } from './api/desk'
import { browserPorts, Session, type SessionState } from './api/session'
import { Live, type LiveView } from './live/client'
import type { TopicName, TopicState } from './live/types'
import { browserURL } from './live/url'
import { Ringer } from './phone/tones'
import { Names } from './live/names'
import { prefs } from './parts/prefs'

export type App = { session: Session; api: DeskAPI; live: Live; ringer: Ringer; names: Names }

export function makeApp(): App {
  const session = new Session(browserPorts())
  const api = deskAPI(session)
  const live = new Live({
    ticket: async () => browserURL((await api.liveTicket()).url),
    open: (url) => new WebSocket(url) as never,
    now: Date.now,
    random: Math.random,
    after: (ms, f) => {
      const id = setTimeout(f, ms)
      return () => clearTimeout(id)
    },
  })
  const names = new Names(api)
  session.subscribe(() => {
    if (session.get().state !== 'out') return
    live.stop() // whoever comes next sees nothing of this one's
    names.forget()
  })
  addEventListener('online', live.retry)
  addEventListener('offline', live.suspect)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && live.retry())
  const ringer = new Ringer(
    () => prefs().volume,
    () => prefs().ringer || null,
  )
  return { session, api, live, ringer, names }
}

export const AppContext = createContext<App | null>(null)

export function useApp(): App {
  const app = useContext(AppContext)
  if (!app) throw new Error('useApp outside AppContext')
  return app
}

export function useSession(): SessionState {
  const { session } = useApp()
  return useSyncExternalStore(session.subscribe, session.get)
}

/** useTopic subscribes to a live topic while the component is shown; null until its snapshot. */
export function useTopic<N extends TopicName>(name: N): TopicState[N] | null {
  const { live } = useApp()
  useEffect(() => {
    const end = live.want(name)
    live.start()
    return end
  }, [live, name])
  return useSyncExternalStore(live.subscribe, () => live.state(name))
}

export function useLink(): LiveView {
  const { live } = useApp()
  return useSyncExternalStore(live.subscribe, live.get)
}

/** useNow is the server's time in ms, renewed every second on the second. */
export function useNow(): number {
  const { live } = useApp()
  const [now, setNow] = useState(live.serverNow)
  useEffect(() => {
    let id: ReturnType<typeof setTimeout>
    const tick = () => {
      const n = live.serverNow()
      setNow(n)
      id = setTimeout(tick, 1000 - (n % 1000) + 5)
    }
    tick()
    return () => clearTimeout(id)
  }, [live])
  return now
}

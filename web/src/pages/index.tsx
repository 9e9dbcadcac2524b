// Which page is shown: log-in to whom has not, and then what the address names.
// Each page is a chunk of its own.
import { lazy, Suspense, useEffect } from 'react'
import { useSession } from '../app-context'
import { useWords } from '../i18n/react'
import { Broken } from '../parts/broken'
import { navigate, usePath } from '../parts/route'
import type { Role } from '../api/session'

const Login = lazy(() => import('./login'))
const Frame = lazy(() => import('../parts/frame'))
const Desk = lazy(() => import('./desk'))
const Check = lazy(() => import('./check'))
const Floor = lazy(() => import('./floor'))

/** ahead loads what most will need next, before it is known who they are. */
export async function ahead(): Promise<void> {
  await Promise.all([import('../parts/frame'), location.pathname === '/floor' ? import('./floor') : import('./desk')])
}

/** home is where a role begins. */
export const home = (role: Role): string => (role === 'admin' ? '/floor' : '/desk')

export function Pages() {
  const session = useSession()
  return (
    <Broken>
      <Suspense fallback={<Wait />}>{session.state === 'in' || session.state === 'expired' ? <Inside role={session.who.role} /> : <Login />}</Suspense>
    </Broken>
  )
}

function Inside({ role }: { role: Role }) {
  const path = usePath()
  const start = path === '/' || path === '/login'
  useEffect(() => {
    if (start) history.replaceState(null, '', home(role))
  }, [start, role])
  return <Frame path={start ? home(role) : path}>{page(start ? home(role) : path, role)}</Frame>
}

function page(path: string, role: Role) {
  if (path === '/desk' && role !== 'admin') return <Desk />
  if (path === '/check') return <Check />
  if (path === '/floor' && role !== 'agent') return <Floor />
  return <NotFound to={home(role)} />
}

function NotFound({ to }: { to: string }) {
  const { t } = useWords()
  return (
    <div className="page-note">
      <h1>{t('app.notFound')}</h1>
      <a
        href={to}
        onClick={(e) => {
          e.preventDefault()
          navigate(to)
        }}
      >
        {t('app.notFound.back')}
      </a>
    </div>
  )
}

function Wait() {
  const { t } = useWords()
  return (
    <p className="page-note" role="status">
      {t('app.loading')}
    </p>
  )
}

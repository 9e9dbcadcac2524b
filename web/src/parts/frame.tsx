// The frame of all pages inside: the bar on top, what must be known on every
// page below it, and the page.
import './frame.css'
import { useEffect, useState, type ReactNode } from 'react'
import { useApp, useLink, useSession } from '../app-context'
import { AgentProvider, useMaybeAgent, useOffer } from '../agent/agent'
import { useKeys } from '../agent/use-keys'
import { dropDrafts } from '../agent/draft'
import { LoginAgain } from '../pages/login/again'
import { useWords } from '../i18n/react'
import { CloudscapeWords } from './cloudscape'
import { isMessage } from '../live/desk'
import { navigate } from './route'
import { PhonePill, StatusPicker } from './status'
import { UserMenu } from './user-menu'
import { OfferToast } from '../agent/offer-card'
import { Notices } from '../agent/notices'

export default function Frame({ path, children }: { path: string; children: ReactNode }) {
  const session = useSession()
  useEffect(() => dropDrafts(Date.now()), [])
  if (!('who' in session)) return null
  const { agent, role, tenant } = session.who
  const inside = (
    <>
      <Inside path={path}>{children}</Inside>
      {session.state === 'expired' && <LoginAgain who={session.who} />}
    </>
  )
  return (
    <CloudscapeWords>
      {role === 'admin' ? inside : <AgentProvider agent={`${tenant}-${agent}`}>{inside}</AgentProvider>}
    </CloudscapeWords>
  )
}

function Inside({ path, children }: { path: string; children: ReactNode }) {
  const { t } = useWords()
  const agent = useMaybeAgent()
  return (
    <>
      <a className="skip" href="#main">
        {t('app.skip')}
      </a>
      <Top path={path} />
      <LinkBanner />
      {agent && <AgentBanners />}
      {agent?.me && <Notices all={agent.me.notices ?? []} />}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {agent && <Always path={path} />}
    </>
  )
}

/** Always is what an agent has on each page: keys, the spoken offer, its toast. */
function Always({ path }: { path: string }) {
  const offer = useOffer()
  const { t } = useWords()
  useKeys()
  const said = offer ? isMessage(offer) ? t('message.title') : t('offer.title', { name: offer.pop?.name || t('offer.unknown'), queue: offer.queue }) : ''
  return (
    <>
      <div className="unseen" role="alert" aria-live="assertive">
        {said}
      </div>
      {offer && path !== '/desk' && <OfferToast offer={offer} />}
    </>
  )
}

function Top({ path }: { path: string }) {
  const { t } = useWords()
  const session = useSession()
  const agent = useMaybeAgent()
  const role = 'who' in session ? session.who.role : 'agent'
  const links = [
    ...(role === 'admin' ? [] : [{ to: '/desk', text: t('app.desk') }]),
    ...(role === 'agent' ? [] : [{ to: '/floor', text: t('app.floor') }]),
    { to: '/check', text: t('app.check') },
  ]
  return (
    <header className="top">
      <img src="/icon.svg" alt="" width="26" height="26" />
      <strong className="brand">{t('app.name')}</strong>
      <nav aria-label={t('app.name')}>
        {links.map((l) => (
          <a
            key={l.to}
            href={l.to}
            aria-current={path === l.to ? 'page' : undefined}
            onClick={(e) => {
              if (e.metaKey || e.ctrlKey || e.shiftKey) return
              e.preventDefault()
              navigate(l.to)
            }}
          >
            {l.text}
          </a>
        ))}
      </nav>
      <span className="grow" />
      {agent?.me && (
        <>
          <StatusPicker />
          <PhonePill />
        </>
      )}
      <UserMenu />
    </header>
  )
}

/** LinkBanner says that the live connection is gone, once it has been for a second. */
function LinkBanner() {
  const { live } = useApp()
  const { link, lostAt } = useLink()
  const { t } = useWords()
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (link !== 'lost') return setLate(false)
    const id = setTimeout(() => setLate(true), 1000)
    return () => clearTimeout(id)
  }, [link, lostAt])
  if (!late) return null
  return (
    <div className="banner warn" role="status">
      <span className="dot warn" aria-hidden="true" />
      <span className="grow">{t('live.lost')}</span>
      <button type="button" className="link-button" onClick={live.retry}>
        {t('live.try')}
      </button>
    </div>
  )
}

/** deviceLost is the server's name of the status of an agent whose page was gone. */
const deviceLost = 'device lost'

function AgentBanners() {
  const { me, phone, view, owner, take, run, failure, dismiss } = useAgentHere()
  const { api, live, ringer } = useApp()
  const { t } = useWords()
  const web = me?.device === 'softphone'
  const back = () => {
    void ringer.unlock()
    void run('status', async () => live.put('me', await api.setStatus({ status: 'available' })))
  }
  const mic = view.mic === 'denied' ? 'phone.mic.denied' : view.mic === 'missing' ? 'phone.mic.missing' : view.mic === 'lost' ? 'phone.mic.lost' : view.mic === 'insecure' ? 'check.mic.insecure' : view.mic === 'busy' ? 'check.mic.busy' : null
  return (
    <>
      {me?.status.status === 'missed' && <Banner kind="bad" text={t('offer.missed')} action={t('offer.missed.back')} onAction={back} />}
      {me?.status.status === 'offline' && me.status.name === deviceLost && <Banner kind="warn" text={t('phone.deviceLost')} action={t('offer.missed.back')} onAction={back} />}
      {web && owner === 'elsewhere' && <Banner kind="info" text={t('phone.elsewhere.long')} action={t('phone.take')} onAction={take} />}
      {web && view.line === 'replaced' && <Banner kind="info" text={t('phone.elsewhere.long')} action={t('phone.take')} onAction={() => void phone?.start()} />}
      {web && mic && <Banner kind="bad" text={t(mic)} action={t('phone.mic.again')} onAction={() => void phone?.askAgain()} />}
      {view.systemMuted && <Banner kind="warn" text={t('phone.mute.hardware')} />}
      {view.soundBlocked && <Banner kind="warn" text={t('phone.sound.blocked')} action={t('phone.sound.allow')} onAction={() => phone?.allowSound()} />}
      {web && (view.line === 'lost' || view.line === 'failed') && <Banner kind="warn" text={t(view.line === 'lost' ? 'phone.lost' : 'phone.failed')} />}
      {failure && <Banner kind="bad" text={failure} action={t('app.close')} onAction={dismiss} />}
    </>
  )
}

function useAgentHere() {
  const a = useMaybeAgent()
  if (!a) throw new Error('no agent here')
  return a
}

function Banner({ kind, text, action, onAction }: { kind: 'bad' | 'warn' | 'info'; text: string; action?: string; onAction?: () => void }) {
  return (
    <div className={`banner ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <span className={`dot ${kind}`} aria-hidden="true" />
      <span className="grow">{text}</span>
      {action && (
        <button type="button" className="link-button" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  )
}


// The fields of log-in, and what is told when it fails.
import { useEffect, useRef, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input, { type InputProps } from '@cloudscape-design/components/input'
import { useApp } from '../../app-context'
import { Problem } from '../../api/problem'
import { clock } from '../../i18n/format'
import { useWords } from '../../i18n/react'

const keptTenant = 'huawu.tenant'

function firstTenant(): string {
  const asked = new URLSearchParams(location.search).get('tenant')
  if (asked) return asked
  try {
    return localStorage.getItem(keptTenant) ?? ''
  } catch {
    return ''
  }
}

type Failure = { kind: 'wrong' | 'unreachable' | 'failed' } | { kind: 'locked'; until: number }

export function LoginForm({ fixed, onIn }: { fixed?: { tenant: string; username?: string }; onIn?: () => void }) {
  const { session } = useApp()
  const { t } = useWords()
  const [tenant, setTenant] = useState(fixed?.tenant ?? firstTenant)
  const [username, setUsername] = useState(fixed?.username ?? '')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const left = useCountdown(failure?.kind === 'locked' ? failure.until : 0)
  const field = useRef<InputProps.Ref>(null)

  const submit = async () => {
    setTried(true)
    if (!tenant.trim() || !username.trim() || !password || busy || left > 0) return
    setBusy(true)
    setFailure(null)
    try {
      await session.login(tenant.trim(), username.trim(), password)
      try {
        localStorage.setItem(keptTenant, tenant.trim())
      } catch {
        // asked for again next time
      }
      onIn?.()
    } catch (err) {
      setFailure(failureOf(err, Date.now()))
      setPassword('')
      setTried(false)
      field.current?.focus()
    } finally {
      setBusy(false)
    }
  }
  const missing = (v: string) => (tried && !v.trim() ? t('login.required') : '')
  const said = failure && (failure.kind === 'locked' ? (left > 0 ? t('login.locked', { time: clock(left) }) : t('login.unlocked')) : t(`login.${failure.kind}`))
  return (
    <form
      noValidate
      className="login-form"
      onSubmit={(e) => {
        e.preventDefault()
        void submit()
      }}
    >
      {!fixed && (
        <FormField label={t('login.tenant')} errorText={missing(tenant)}>
          <Input value={tenant} onChange={(e) => setTenant(e.detail.value)} autoComplete="organization" name="tenant" spellcheck={false} />
        </FormField>
      )}
      <FormField label={t('login.username')} errorText={missing(username)}>
        <Input value={username} onChange={(e) => setUsername(e.detail.value)} autoComplete="username" name="username" spellcheck={false} readOnly={Boolean(fixed?.username)} />
      </FormField>
      <FormField
        label={t('login.password')}
        errorText={missing(password)}
        constraintText={
          <button type="button" className="quiet reveal" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {t(shown ? 'login.hide' : 'login.show')}
          </button>
        }
      >
        <Input ref={field} value={password} onChange={(e) => setPassword(e.detail.value)} type={shown ? 'text' : 'password'} autoComplete="current-password" name="password" spellcheck={false} />
      </FormField>
      <p className={`login-said ${failure ? (failure.kind === 'locked' && left === 0 ? 'good' : 'bad') : ''}`} role="alert">
        {said}
      </p>
      <Button variant="primary" formAction="submit" fullWidth loading={busy} disabled={left > 0}>
        {t('login.enter')}
      </Button>
    </form>
  )
}

/** failureOf reads what went wrong; a lock-out tells when it ends. */
export function failureOf(err: unknown, now: number): Failure {
  if (!(err instanceof Problem)) return { kind: 'failed' }
  if (err.status === 401 || err.status === 422) return { kind: 'wrong' } // a name that cannot be is wrong too
  if (err.status === 429) return { kind: 'locked', until: now + Math.max(1, err.retryAfter) * 1000 }
  return { kind: err.status === 0 ? 'unreachable' : 'failed' }
}

/** useCountdown is the seconds until a moment, 0 once it is there. */
function useCountdown(until: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (until <= Date.now()) return
    setNow(Date.now())
    const id = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(id)
  }, [until])
  return Math.max(0, Math.ceil((until - now) / 1000))
}

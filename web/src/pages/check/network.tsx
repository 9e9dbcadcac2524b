import { useEffect, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useWords } from '../../i18n/react'
import { Part } from './part'

export type Measured = { rtt: number; failed: number; of: number }

/** judgeNetwork takes the median of the round trips that worked. */
export function judgeNetwork(trips: (number | null)[]): Measured {
  const good = trips.filter((x): x is number => x !== null).sort((a, b) => a - b)
  return { rtt: Math.round(good[Math.floor(good.length / 2)] ?? 0), failed: trips.length - good.length, of: trips.length }
}

async function trip(): Promise<number | null> {
  const from = performance.now()
  try {
    const res = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(4000) })
    return res.ok ? performance.now() - from : null
  } catch {
    return null
  }
}

export function NetworkCheck() {
  const { t } = useWords()
  const [found, setFound] = useState<Measured | null>(null)
  const [serial, setSerial] = useState(0)
  const [busy, setBusy] = useState(true)
  useEffect(() => {
    let over = false
    setBusy(true)
    void (async () => {
      await trip() // the first opens the connection
      const trips: (number | null)[] = []
      for (let n = 0; n < 7 && !over; n++) trips.push(await trip())
      if (over) return
      setFound(judgeNetwork(trips))
      setBusy(false)
    })()
    return () => {
      over = true
    }
  }, [serial])
  const said = !found ? null : found.failed === found.of ? 'off' : found.failed > 0 ? 'bad' : found.rtt > 250 ? 'slow' : 'good'
  return (
    <Part title={t('check.net')} standing={!said ? 'untested' : said === 'good' ? 'ok' : said === 'slow' ? 'warn' : 'problem'}>
      <p className={said === 'off' || said === 'bad' ? 'said bad' : 'said'} role="status">
        {said ? t(`check.net.${said}`) : t('app.loading')}
        {found && found.failed < found.of && <span className="soft num"> · {t('check.net.rtt', { ms: found.rtt })}</span>}
      </p>
      <Button loading={busy} onClick={() => setSerial((n) => n + 1)}>
        {t('check.net.run')}
      </Button>
    </Part>
  )
}

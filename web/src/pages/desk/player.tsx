// Plays a recording. It is fetched in parts with the user's token, since the
// browser's own player could not send it.
import { useEffect, useRef, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useApp } from '../../app-context'
import type { Recording } from '../../api/desk'
import { explain } from '../../api/problem'
import { clock, percent } from '../../i18n/format'
import { useWords } from '../../i18n/react'
import { prefs } from '../../parts/prefs'

type State = { is: 'loading'; share: number } | { is: 'none' } | { is: 'failed'; why: string } | { is: 'ready'; url: string; of: Recording }

const speeds = [0.75, 1, 1.25, 1.5, 2]

/** Player plays a recording of a contact; onNone is told that there is none yet. */
export function Player({ contact, segment, onNone }: { contact: string; segment: number; onNone?: () => unknown }) {
  const { t, language } = useWords()
  const state = useRecording(contact, segment)
  const none = state.is === 'none'
  useEffect(() => {
    if (none) onNone?.()
    // Told once: who asks makes another player for another try.
  }, [none])
  if (state.is === 'loading')
    return (
      <p className="player soft" role="status">
        {t('recording.loading')} {state.share > 0 && <span className="num">{percent(state.share, language)}</span>}
      </p>
    )
  if (state.is === 'none') return <p className="player soft">{t('recording.pending')}</p>
  if (state.is === 'failed')
    return (
      <p className="player said bad" role="alert">
        {t('recording.failed', { reason: state.why })}
      </p>
    )
  return <Controls url={state.url} of={state.of} />
}

function Controls({ url, of }: { url: string; of: Recording }) {
  const { t } = useWords()
  const audio = useRef<HTMLAudioElement>(null)
  const [at, setAt] = useState(0)
  const [on, setOn] = useState(false)
  const [speed, setSpeed] = useState(1)
  useEffect(() => {
    const a = audio.current
    if (!a) return
    const sink = prefs().speaker
    if (sink && 'setSinkId' in a) void a.setSinkId(sink).catch(() => {}) // unplugged: the default plays
    void a.play().catch(() => {}) // the browser wants another click
  }, [url])
  const seek = (s: number) => {
    if (audio.current) audio.current.currentTime = s
    setAt(s)
  }
  return (
    <div className="player" role="group" aria-label={t('recording.title')}>
      <audio ref={audio} src={url} onTimeUpdate={(e) => setAt(e.currentTarget.currentTime)} onPlay={() => setOn(true)} onPause={() => setOn(false)} />
      <Button variant="icon" iconName={on ? 'pause' : 'play'} ariaLabel={t(on ? 'recording.pause' : 'recording.play')} onClick={() => void (on ? audio.current?.pause() : audio.current?.play())} />
      <input
        type="range"
        min={0}
        max={of.seconds}
        step={0.1}
        value={Math.min(at, of.seconds)}
        aria-label={t('recording.seek')}
        aria-valuetext={`${clock(at)} / ${clock(of.seconds)}`}
        onChange={(e) => seek(Number(e.target.value))}
      />
      <span className="num soft">
        {clock(at)} / {clock(of.seconds)}
      </span>
      <select
        aria-label={t('recording.speed')}
        value={speed}
        onChange={(e) => {
          setSpeed(Number(e.target.value))
          if (audio.current) audio.current.playbackRate = Number(e.target.value)
        }}
      >
        {speeds.map((s) => (
          <option key={s} value={s}>
            {s}×
          </option>
        ))}
      </select>
      {(of.gap || of.torn) && <span className="chip warn">{t(of.torn ? 'recording.torn' : 'recording.gap')}</span>}
      <span className="player-note soft">{t('recording.audited')}</span>
    </div>
  )
}

function useRecording(contact: string, segment: number): State {
  const { api } = useApp()
  const { t } = useWords()
  const [state, setState] = useState<State>({ is: 'loading', share: 0 })
  useEffect(() => {
    const end = new AbortController()
    let url = ''
    void (async () => {
      try {
        const all = await api.recordings(contact)
        const of = all.find((r) => r.n === segment) ?? all[0]
        if (end.signal.aborted) return
        if (!of) return setState({ is: 'none' })
        const blob = await api.audio(contact, of.n, (share) => setState({ is: 'loading', share }), end.signal)
        if (end.signal.aborted) return
        url = URL.createObjectURL(blob)
        setState({ is: 'ready', url, of })
      } catch (err) {
        if (!end.signal.aborted) setState({ is: 'failed', why: explain(err, t) })
      }
    })()
    return () => {
      end.abort()
      if (url) URL.revokeObjectURL(url)
    }
    // The words of a failure may be in the language that was; the recording is not fetched again for them.
  }, [api, contact, segment])
  return state
}

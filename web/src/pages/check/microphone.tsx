import { useEffect, useRef, useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useWords } from '../../i18n/react'
import type { Key } from '../../i18n/catalogue'
import { setPrefs, usePrefs } from '../../parts/prefs'
import { reason } from '../../phone/microphone'
import { Devices } from './devices'
import { Part, type Standing } from './part'
import { meter } from './meter'

type State = { mic: 'idle' | 'asking' | 'on' | 'denied' | 'missing' | 'busy' | 'insecure'; heard: boolean; quiet: boolean }

const sentences: Record<string, Key> = { denied: 'check.mic.denied', missing: 'check.mic.missing', busy: 'check.mic.busy', insecure: 'check.mic.insecure' }

export function MicrophoneCheck() {
  const { t } = useWords()
  const { microphone } = usePrefs()
  const [state, setState] = useState<State>({ mic: 'idle', heard: false, quiet: false })
  const [serial, setSerial] = useState(0)
  const bar = useRef<HTMLMeterElement>(null)

  useEffect(() => {
    if (serial === 0) return
    let over = false
    let stop = () => {}
    setState({ mic: 'asking', heard: false, quiet: false })
    void (async () => {
      const devices = navigator.mediaDevices as MediaDevices | undefined
      if (!devices) return setState({ mic: 'insecure', heard: false, quiet: false })
      try {
        const stream = await devices.getUserMedia({ audio: microphone ? { deviceId: { ideal: microphone } } : true })
        if (over) return stream.getTracks().forEach((x) => x.stop())
        setState({ mic: 'on', heard: false, quiet: false })
        stop = listen(stream)
      } catch (err) {
        const why = reason(err)
        if (!over) setState({ mic: why === 'denied' || why === 'busy' ? why : 'missing', heard: false, quiet: false })
      }
    })()
    function listen(stream: MediaStream): () => void {
      let loud = 0
      const began = Date.now()
      const end = meter(stream, (level) => {
        if (bar.current) bar.current.value = level
        if (level > 0.12) loud++
        if (loud === 10) setState((s) => ({ ...s, heard: true, quiet: false }))
        if (loud < 10 && Date.now() - began > 6000) setState((s) => (s.heard || s.quiet ? s : { ...s, quiet: true }))
      })
      const gone = () => setState({ mic: 'missing', heard: false, quiet: false })
      for (const track of stream.getTracks()) track.onended = gone
      return () => {
        end()
        for (const track of stream.getTracks()) {
          track.onended = null
          track.stop()
        }
      }
    }
    return () => {
      over = true
      stop()
    }
  }, [serial, microphone])

  const standing: Standing = state.heard ? 'ok' : state.quiet ? 'warn' : state.mic === 'idle' || state.mic === 'asking' || state.mic === 'on' ? 'untested' : 'problem'
  const wrong = sentences[state.mic]
  return (
    <Part title={t('check.mic')} standing={standing}>
      {state.mic === 'on' ? (
        <>
          <meter ref={bar} className="level" min={0} max={1} aria-label={t('check.mic.level')} />
          <p className={state.heard ? 'said good' : state.quiet ? 'said warn' : 'said'} role="status">
            {t(state.heard ? 'check.mic.good' : state.quiet ? 'check.mic.quiet' : 'check.mic.say')}
          </p>
          <Devices kind="audioinput" label={t('check.mic.device')} value={microphone} onChange={(id) => setPrefs({ microphone: id })} />
        </>
      ) : (
        <>
          <p className={wrong ? 'said bad' : 'said'} role={wrong ? 'alert' : undefined}>
            {t((wrong ?? 'check.mic.ask') as 'check.mic.ask')}
          </p>
          <Button loading={state.mic === 'asking'} onClick={() => setSerial((n) => n + 1)}>
            {t(wrong ? 'app.retry' : 'check.mic.start')}
          </Button>
        </>
      )}
    </Part>
  )
}

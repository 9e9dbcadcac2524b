import { useState } from 'react'
import Button from '@cloudscape-design/components/button'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import { setPrefs, usePrefs } from '../../parts/prefs'
import { Devices } from './devices'
import { Part } from './part'

export function SpeakerCheck() {
  const { ringer } = useApp()
  const { t } = useWords()
  const { volume, speaker, ringer: bell } = usePrefs()
  const [state, setState] = useState<'idle' | 'played' | 'heard' | 'not'>('idle')
  const play = async () => setState((await ringer.chime()) ? 'played' : 'not')
  return (
    <Part title={t('check.speaker')} standing={state === 'heard' ? 'ok' : state === 'not' ? 'problem' : 'untested'}>
      <div className="row">
        <Button iconName="audio-full" onClick={() => void play()}>
          {t('check.speaker.play')}
        </Button>
        {state !== 'idle' && (
          <>
            <Button variant={state === 'heard' ? 'primary' : 'normal'} onClick={() => setState('heard')}>
              {t('check.speaker.heard')}
            </Button>
            <Button onClick={() => setState('not')}>{t('check.speaker.not')}</Button>
          </>
        )}
      </div>
      {state === 'not' && (
        <p className="said bad" role="status">
          {t('check.speaker.help')}
        </p>
      )}
      <label className="devices">
        <span>{t('check.speaker.ringer')}</span>
        <input type="range" min={0} max={1} step={0.05} value={volume} onChange={(e) => setPrefs({ volume: Number(e.target.value) })} />
      </label>
      <Devices kind="audiooutput" label={t('check.speaker.device')} value={speaker} onChange={(id) => setPrefs({ speaker: id, ...(bell === speaker ? { ringer: id } : {}) })} />
    </Part>
  )
}

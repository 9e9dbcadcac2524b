// The choice of a device. Their names are known only once the microphone was
// allowed; with one device there is nothing to choose.
import { useEffect, useState } from 'react'
import { useWords } from '../../i18n/react'

export function Devices({ kind, label, value, onChange }: { kind: 'audioinput' | 'audiooutput'; label: string; value: string; onChange: (id: string) => void }) {
  const { t } = useWords()
  const [all, setAll] = useState<MediaDeviceInfo[]>([])
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined
    if (!devices) return
    const read = () => void devices.enumerateDevices().then((d) => setAll(d.filter((x) => x.kind === kind && x.deviceId && x.deviceId !== 'default' && x.label)))
    read()
    devices.addEventListener('devicechange', read)
    return () => devices.removeEventListener('devicechange', read)
  }, [kind])
  if (all.length < 2) return null
  return (
    <label className="devices">
      <span>{label}</span>
      <select value={all.some((d) => d.deviceId === value) ? value : ''} onChange={(e) => onChange(e.target.value)}>
        <option value="">{t('check.speaker.default')}</option>
        {all.map((d) => (
          <option key={d.deviceId} value={d.deviceId}>
            {d.label}
          </option>
        ))}
      </select>
    </label>
  )
}

// What this browser remembers of its user: appearance and devices. No personal data.
import { useSyncExternalStore } from 'react'

export type Prefs = { theme: 'light' | 'dark' | 'system'; volume: number; microphone: string; speaker: string; ringer: string; checked: boolean }

const key = 'huawu.prefs'
const base: Prefs = { theme: 'system', volume: 0.7, microphone: '', speaker: '', ringer: '', checked: false }
const listeners = new Set<() => void>()
let now: Prefs = { ...base, ...stored() }

function stored(): Partial<Prefs> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Prefs>
  } catch {
    return {}
  }
}

export function prefs(): Prefs {
  return now
}

export function setPrefs(change: Partial<Prefs>): void {
  now = { ...now, ...change }
  try {
    localStorage.setItem(key, JSON.stringify(now))
  } catch {
    // storage may be off; the choice then holds for this page
  }
  for (const f of listeners) f()
}

function subscribe(f: () => void): () => void {
  listeners.add(f)
  return () => listeners.delete(f)
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, prefs)
}

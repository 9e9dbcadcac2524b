// Names of queues, agents and dispositions for the ids that live state tells.
import { useEffect, useSyncExternalStore } from 'react'
import { useApp } from '../app-context'
import type { DeskAPI } from '../api/desk'
import { useWords } from '../i18n/react'
import { label } from '../parts/label'
import { useMaybeAgent } from './agent'

type Known = { queues: ReadonlyMap<string, string>; agents: ReadonlyMap<string, string> }

let known: Known = { queues: new Map(), agents: new Map() }
let asked = false
const listeners = new Set<() => void>()

async function ask(api: DeskAPI): Promise<void> {
  if (asked) return
  asked = true
  try {
    const all = await api.targets('')
    known = { queues: new Map(all.queues.map((q) => [q.id, q.name])), agents: new Map(all.agents.map((a) => [a.id, a.name])) }
    for (const f of listeners) f()
  } catch {
    asked = false // ids are shown; the next page asks again
  }
}

function subscribe(f: () => void): () => void {
  listeners.add(f)
  return () => listeners.delete(f)
}

export function useNames() {
  const { api } = useApp()
  const agent = useMaybeAgent()
  const { language } = useWords()
  useEffect(() => void ask(api), [api])
  const k = useSyncExternalStore(subscribe, () => known)
  const me = agent?.me
  return {
    queue: (id: string) => k.queues.get(id) ?? id,
    agent: (id: string) => (me?.id === id ? me.name : (k.agents.get(id) ?? id)),
    disposition: (name: string) => {
      const found = Object.values(me?.dispositions ?? {})
        .flat()
        .find((c) => c?.name === name)
      return found ? label(found, language) : name
    },
  }
}

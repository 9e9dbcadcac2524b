// Names for ids, in the page's language where they have several.
import { useEffect, useSyncExternalStore } from 'react'
import { useApp } from '../app-context'
import { useWords } from '../i18n/react'
import { label } from '../parts/label'
import { useMaybeAgent } from './agent'

export function useNames() {
  const { names } = useApp()
  const agent = useMaybeAgent()
  const { language } = useWords()
  useEffect(() => void names.ask(), [names])
  const known = useSyncExternalStore(names.subscribe, names.get)
  const me = agent?.me
  return {
    queue: (id: string) => known.queues.get(id) ?? id,
    agent: (id: string) => (me?.id === id ? me.name : (known.agents.get(id) ?? id)),
    disposition: (name: string) => {
      const found = Object.values(me?.dispositions ?? {})
        .flat()
        .find((c) => c?.name === name)
      return found ? label(found, language) : name
    },
  }
}

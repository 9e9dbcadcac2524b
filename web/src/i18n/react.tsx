// The language of the page, for React: messages and formats from a context.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { initialLanguage, load, rememberLanguage, translator, type Catalogue, type Language, type Translate } from './catalogue'

type Words = { t: Translate; language: Language; setLanguage: (l: Language) => void }

const Context = createContext<Words | null>(null)

export function LanguageProvider({ first, messages, children }: { first: Language; messages: Catalogue; children: ReactNode }) {
  const [shown, setShown] = useState({ language: first, messages })
  const [wanted, setLanguage] = useState<Language>(first)
  useEffect(() => {
    let stale = false
    if (wanted !== shown.language) {
      void load(wanted).then((m) => {
        if (!stale) setShown({ language: wanted, messages: m })
      })
    }
    return () => {
      stale = true
    }
  }, [wanted, shown.language])
  useEffect(() => {
    document.documentElement.lang = shown.language
  }, [shown.language])
  const words = useMemo<Words>(
    () => ({
      t: translator(shown.messages, shown.language),
      language: shown.language,
      setLanguage: (l) => {
        rememberLanguage(l)
        setLanguage(l)
      },
    }),
    [shown],
  )
  return <Context.Provider value={words}>{children}</Context.Provider>
}

/** useWords gives the messages: const { t, language } = useWords(). */
export function useWords(): Words {
  const w = useContext(Context)
  if (!w) throw new Error('useWords outside LanguageProvider')
  return w
}

/** firstWords loads what LanguageProvider begins with. */
export async function firstWords(): Promise<{ first: Language; messages: Catalogue }> {
  const first = initialLanguage()
  return { first, messages: await load(first) }
}

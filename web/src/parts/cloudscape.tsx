// Cloudscape's own words in the page's language, loaded when needed.
import { useEffect, useState, type ReactNode } from 'react'
import { I18nProvider, type I18nProviderProps } from '@cloudscape-design/components/i18n'
import { useWords } from '../i18n/react'
import type { Language } from '../i18n/catalogue'

async function load(language: Language): Promise<I18nProviderProps.Messages> {
  switch (language) {
    case 'zh-CN':
      return (await import('@cloudscape-design/components/i18n/messages/all.zh-CN')).default
    case 'ja':
      return (await import('@cloudscape-design/components/i18n/messages/all.ja')).default
    case 'ko':
      return (await import('@cloudscape-design/components/i18n/messages/all.ko')).default
    default:
      return (await import('@cloudscape-design/components/i18n/messages/all.en')).default
  }
}

export function CloudscapeWords({ children }: { children: ReactNode }) {
  const { language } = useWords()
  const [messages, setMessages] = useState<I18nProviderProps.Messages | null>(null)
  useEffect(() => {
    let stale = false
    void load(language).then((m) => !stale && setMessages(m))
    return () => {
      stale = true
    }
  }, [language])
  return (
    <I18nProvider locale={language} messages={messages ? [messages] : []}>
      {children}
    </I18nProvider>
  )
}

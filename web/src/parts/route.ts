// Which page the address names. A handful of pages need no router.
import { useSyncExternalStore } from 'react'

const changed = 'huawu-route'

export function navigate(to: string): void {
  if (to === location.pathname) return
  history.pushState(null, '', to)
  dispatchEvent(new Event(changed))
}

function subscribe(f: () => void): () => void {
  addEventListener('popstate', f)
  addEventListener(changed, f)
  return () => {
    removeEventListener('popstate', f)
    removeEventListener(changed, f)
  }
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname.replace(/\/+$/, '') || '/')
}

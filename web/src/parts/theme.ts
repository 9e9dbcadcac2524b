// Light and dark: the user's choice, else the system's, followed while it changes.
import { prefs } from './prefs'

const dark = () => matchMedia('(prefers-color-scheme: dark)')

export function isDark(): boolean {
  const t = prefs().theme
  return t === 'system' ? dark().matches : t === 'dark'
}

export function applyTheme(): void {
  document.body.classList.toggle('awsui-dark-mode', isDark())
  document.documentElement.style.colorScheme = isDark() ? 'dark' : 'light'
}

export function followTheme(): void {
  document.body.classList.add('awsui-compact-mode')
  applyTheme()
  dark().addEventListener('change', applyTheme)
}

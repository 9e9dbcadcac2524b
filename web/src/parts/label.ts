import type { Choice } from '../live/types'

/** label is what to show for a choice of the tenant's. */
export function label(c: Choice, language: string): string {
  const labels = c.labels ?? {}
  return Object.hasOwn(labels, language) ? labels[language]! : (labels.en ?? c.name)
}

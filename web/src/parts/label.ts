import type { Choice } from '../live/types'

/** label is what to show for a choice of the tenant's. */
export function label(c: Choice, language: string): string {
  return c.labels?.[language] ?? c.labels?.en ?? c.name
}

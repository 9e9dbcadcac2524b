/** numberOf reads a telephone number as people type it; null where it is none. */
export function numberOf(typed: string): string | null {
  const bare = typed.replace(/[\s().-]/g, '')
  return /^\+?\d{3,15}$/.test(bare) ? bare : null
}

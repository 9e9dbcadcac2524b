// Today is the user's day; the server's lists are by the day in UTC.

/** daysOfToday are the UTC days that the local day touches, the latest first, and
 *  when the local day began. */
export function daysOfToday(now: Date): { days: string[]; from: number } {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const last = now.toISOString().slice(0, 10)
  const first = midnight.toISOString().slice(0, 10)
  return { days: first === last ? [last] : [last, first], from: midnight.getTime() }
}

export function summary(lines: readonly { handled: boolean; seconds: number }[]): { handled: number; average: number } {
  const handled = lines.filter((l) => l.handled)
  const sum = handled.reduce((n, l) => n + l.seconds, 0)
  return { handled: handled.length, average: handled.length > 0 ? sum / handled.length : 0 }
}

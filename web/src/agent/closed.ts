// Which notices the agent has closed in this browser: ids only.
import type { Notice } from '../live/types'

const key = 'huawu.notices'

/** most bounds what is remembered: the server tells no more than 20 at once. */
const most = 50

function read(): readonly string[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(all) ? all.filter((x): x is string => typeof x === 'string') : []
  } catch {
    return []
  }
}

/** add closes one more; the oldest are forgotten. */
function add(id: string): readonly string[] {
  const all = [...read().filter((x) => x !== id), id].slice(-most)
  try {
    localStorage.setItem(key, JSON.stringify(all))
  } catch {
    // storage may be off; the notice then comes back with the next page
  }
  return all
}

export const closed = { read, add }

/** open are the notices that are not closed, each once. */
export function open(all: readonly Notice[], gone: readonly string[]): Notice[] {
  return all.filter((n, i) => !gone.includes(n.id) && all.findIndex((x) => x.id === n.id) === i)
}

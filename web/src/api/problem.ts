// Errors of the API (RFC 9457) as the pages see them. What the server tells in
// English is not shown: the status says which of our own sentences is.
import type { Key, Translate } from '../i18n/catalogue'

export type Field = { location: string; message: string }

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: no answer came
    readonly detail: string,
    readonly retryAfter = 0, // seconds
    readonly fields: Field[] = [],
  ) {
    super(`${status} ${detail}`)
    this.name = 'Problem'
  }
}

export async function problemOf(res: Response): Promise<Problem> {
  let detail = ''
  let fields: Field[] = []
  try {
    const body: unknown = await res.json()
    if (body && typeof body === 'object') {
      const b = body as { detail?: unknown; errors?: unknown }
      if (typeof b.detail === 'string') detail = b.detail
      if (Array.isArray(b.errors)) fields = b.errors as Field[]
    }
  } catch {
    // not JSON: a proxy's page
  }
  const wait = Number(res.headers.get('Retry-After'))
  return new Problem(res.status, detail, Number.isFinite(wait) ? wait : 0, fields)
}

const sentences: Record<number, Key> = {
  0: 'error.offline',
  400: 'error.invalid',
  401: 'login.over',
  403: 'error.forbidden',
  404: 'error.notFound',
  409: 'error.conflict',
  410: 'error.notFound',
  422: 'error.invalid',
  429: 'error.throttled',
}

/** explain says an error in the page's language. */
export function explain(err: unknown, t: Translate): string {
  const status = err instanceof Problem ? err.status : 0
  return t((sentences[status] ?? 'error.server') as 'error.server')
}

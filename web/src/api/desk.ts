// The desk's API as functions. The client is generated from the server's own
// description (openapi.json), so a path or field that it does not have does not compile.
import createClient from 'openapi-fetch'
import { Problem, problemOf } from './problem'
import type { paths, components } from './schema'
import type { Session } from './session'
import type { Me } from '../live/types'
import type { Total } from '../phone/quality'
import type { SipTicket } from '../phone/socket'

export type Line = components['schemas']['Line']
export type Lines = components['schemas']['Lines']
export type Recording = components['schemas']['Recording']
export type StatusTo = { status: 'available' | 'offline' | 'custom'; name?: string }
export type TargetKind = 'agent' | 'queue' | 'number'
export type Targets = { agents: components['schemas']['TargetAgent'][]; queues: components['schemas']['TargetQueue'][] }

/** part is how much of a recording one request asks for; the server sends at most 4 MiB. */
const part = 1 << 20

export type Supervision = 'listen' | 'whisper' | 'barge' | 'takeover'

export type DeskAPI = ReturnType<typeof deskAPI>

export function deskAPI(session: Session) {
  const client = createClient<paths>({ baseUrl: '', fetch: session.fetch })

  /** got gives the body, or throws what went wrong. */
  async function got<T>(answer: Promise<{ data?: T; response: Response; error?: unknown }>): Promise<T> {
    const { data, response, error } = await answer
    if (response.ok) return data as T
    const e = (error ?? {}) as { detail?: string }
    throw new Problem(response.status, e.detail ?? '', Number(response.headers.get('Retry-After')) || 0)
  }

  const path = (id: string) => ({ params: { path: { id } } })

  return {
    me: async () => (await got(client.GET('/v1/agents/me'))) as Me,
    setStatus: async (to: StatusTo) => (await got(client.POST('/v1/agents/me/status', { body: to }))) as Me,
    accept: (id: string, offerId: string) => got(client.POST('/v1/contacts/{id}/accept', { ...path(id), body: { offerId } })),
    reject: (id: string, offerId: string) => got(client.POST('/v1/contacts/{id}/reject', { ...path(id), body: { offerId } })),
    hold: (id: string) => got(client.POST('/v1/contacts/{id}/hold', path(id))),
    resume: (id: string) => got(client.POST('/v1/contacts/{id}/resume', path(id))),
    hangUp: (id: string) => got(client.POST('/v1/contacts/{id}/hangup', path(id))),
    finish: (id: string, disposition: string, note?: string) => got(client.POST('/v1/contacts/{id}/finish', { ...path(id), body: { disposition, ...(note ? { note } : {}) } })),
    transfer: (id: string, kind: TargetKind, target: string, note?: string) =>
      got(client.POST('/v1/contacts/{id}/transfer', { ...path(id), body: { kind, target, ...(note ? { note } : {}) } })),
    consult: (id: string, kind: TargetKind, target: string) => got(client.POST('/v1/contacts/{id}/consult', { ...path(id), body: { kind, target } })),
    consultVerb: (id: string, verb: 'complete' | 'join' | 'cancel' | 'swap') => got(client.POST(`/v1/contacts/{id}/consult/${verb}`, path(id))),
    party: (id: string, party: string, verb: 'hold' | 'resume' | 'drop') => got(client.POST(`/v1/contacts/{id}/parties/{party}/${verb}`, { params: { path: { id, party } } })),
    callOut: (to: string) => got(client.POST('/v1/contacts', { body: { kind: 'outbound', to } })),
    callWho: (message: string) => got(client.POST('/v1/contacts', { body: { kind: 'outbound', of: message } })),
    force: (agent: string, to: StatusTo) => got(client.POST('/v1/agents/{id}/status', { ...path(agent), body: to })),
    broadcast: (text: string, queue?: string) => got(client.POST('/v1/broadcasts', { body: { text, ...(queue ? { queue } : {}) } })),
    digits: (id: string, digits: string) => got(client.POST('/v1/contacts/{id}/digits', { ...path(id), body: { digits } })),
    supervise: (id: string, mode: Supervision | 'stop') => got(client.POST('/v1/contacts/{id}/supervise', { ...path(id), body: { mode } })),
    quality: (id: string, q: Total) => got(client.POST('/v1/contacts/{id}/quality', { ...path(id), body: q })),
    targets: async (q: string, signal?: AbortSignal): Promise<Targets> => {
      const found = await got(client.GET('/v1/targets', { params: { query: q ? { q } : {} }, ...(signal ? { signal } : {}) }))
      return { agents: found.agents ?? [], queues: found.queues ?? [] }
    },
    contacts: (day?: string, before?: string) => got(client.GET('/v1/contacts', { params: { query: { limit: 30, ...(day ? { day } : {}), ...(before ? { before } : {}) } } })),
    contact: (id: string) => got(client.GET('/v1/contacts/{id}', path(id))),
    recordings: async (id: string) => (await got(client.GET('/v1/contacts/{id}/recordings', path(id)))).recordings ?? [],
    /** audio fetches a recording part by part; told says how much of it is there, 0 to 1. */
    audio: async (id: string, n: number, told: (share: number) => void, signal: AbortSignal): Promise<Blob> => {
      const parts: ArrayBuffer[] = []
      let have = 0
      let size = Infinity
      let tag = ''
      while (have < size) {
        const headers: Record<string, string> = { Range: `bytes=${have}-${have + part - 1}` }
        if (tag) headers['If-Range'] = tag
        const res = await session.fetch(`/v1/contacts/${encodeURIComponent(id)}/recordings/${n}/audio`, { headers, signal })
        if (!res.ok) throw await problemOf(res)
        const bytes = await res.arrayBuffer()
        if (res.status === 200 || bytes.byteLength === 0) return new Blob([bytes], { type: 'audio/wav' })
        parts.push(bytes)
        have += bytes.byteLength
        size = Number(/\/(\d+)$/.exec(res.headers.get('Content-Range') ?? '')?.[1] ?? have)
        tag = res.headers.get('ETag') ?? ''
        told(Math.min(1, have / size))
      }
      return new Blob(parts, { type: 'audio/wav' })
    },
    liveTicket: () => got(client.POST('/v1/live/tickets')),
    sipTicket: (): Promise<SipTicket> => got(client.POST('/v1/sip/tickets')),
  }
}

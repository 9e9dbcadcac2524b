// How good a call sounds, from the browser's own counts. Pure: two readings in,
// one judgement out.

export type Reading = { at: number; received: number; lost: number; jitter: number; rtt: number; concealed: number; samples: number }

/** jitter and rtt in milliseconds, loss as a share of 0 to 1, mos from 1 to 4.5 */
export type Quality = { mos: number; loss: number; jitter: number; rtt: number; concealed: number }

/** judge compares two readings of one call. */
export function judge(before: Reading, now: Reading): Quality | null {
  const received = now.received - before.received
  const lost = Math.max(0, now.lost - before.lost)
  if (received + lost <= 0) return null // nothing was sent to us: no judgement
  const loss = lost / (received + lost)
  const samples = now.samples - before.samples
  const concealed = samples > 0 ? Math.max(0, now.concealed - before.concealed) / samples : 0
  return { mos: mos(now.rtt, now.jitter, loss), loss, jitter: now.jitter, rtt: now.rtt, concealed }
}

/** mos is the E-model of ITU-T G.107 reduced to what a browser knows: R from delay
 *  (half the round trip, twice the jitter as buffer, 10 ms for coding) and loss at
 *  G.711 with concealment (2.5 R per percent), then its mapping of R to MOS. */
export function mos(rtt: number, jitter: number, loss: number): number {
  const delay = rtt / 2 + jitter * 2 + 10
  const r = Math.max(0, 93.2 - (delay < 160 ? delay / 40 : (delay - 120) / 10) - 250 * loss)
  const m = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
  return Math.round(Math.min(4.5, Math.max(1, m)) * 100) / 100
}

export type Grade = 'good' | 'fair' | 'poor'

export function grade(q: Quality): Grade {
  return q.mos >= 4 ? 'good' : q.mos >= 3.5 ? 'fair' : 'poor'
}

/** read takes the counts out of getStats. Units there are seconds. */
export function read(report: Iterable<Record<string, unknown>>, at: number): Reading | null {
  const n = (v: unknown) => (typeof v === 'number' && Number.isFinite(v) ? v : 0)
  let found: Reading | null = null
  let rtt = 0
  for (const s of report) {
    if (s.type === 'inbound-rtp' && s.kind === 'audio')
      found = { at, received: n(s.packetsReceived), lost: n(s.packetsLost), jitter: n(s.jitter) * 1000, rtt: 0, concealed: n(s.concealedSamples), samples: n(s.totalSamplesReceived) }
    if (s.type === 'candidate-pair' && (s.nominated || s.state === 'succeeded') && n(s.currentRoundTripTime) > 0) rtt = n(s.currentRoundTripTime) * 1000
    if (s.type === 'remote-inbound-rtp' && n(s.roundTripTime) > 0 && rtt === 0) rtt = n(s.roundTripTime) * 1000
  }
  return found && { ...found, rtt }
}

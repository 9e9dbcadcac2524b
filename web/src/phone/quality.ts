// How good a call sounds, from the browser's own counts. Pure: two readings in,
// one judgement out.

export type Reading = {
  at: number // ms
  received: number
  lost: number
  jitter: number
  rtt: number
  concealed: number
  samples: number
  sent: number
  sentLost: number // as the relay reported
  sentJitter: number
}

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

/** Total is how a call was up to now, as the server wants it. */
export type Total = { seconds: number; mos: number; roundTripMs: number; received: Stream; sent: Stream }
type Stream = { packets: number; lost: number; jitterMs: number }

/** total compares the first reading of a call with the latest. */
export function total(first: Reading, now: Reading): Total | null {
  const q = judge(first, now)
  const seconds = Math.round((now.at - first.at) / 1000)
  if (!q || seconds < 1) return null
  const tenth = (n: number) => Math.round(n * 10) / 10
  return {
    seconds,
    mos: q.mos,
    roundTripMs: tenth(now.rtt),
    received: { packets: now.received - first.received, lost: Math.max(0, now.lost - first.lost), jitterMs: tenth(now.jitter) },
    sent: { packets: now.sent - first.sent, lost: Math.max(0, now.sentLost - first.sentLost), jitterMs: tenth(now.sentJitter) },
  }
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
  let inbound: Record<string, unknown> | undefined
  let sent = 0
  let sentLost = 0
  let sentJitter = 0
  let rtt = 0
  for (const s of report) {
    if (s.type === 'inbound-rtp' && s.kind === 'audio') inbound = s
    if (s.type === 'outbound-rtp' && s.kind === 'audio') sent = n(s.packetsSent)
    if (s.type === 'candidate-pair' && (s.nominated || s.state === 'succeeded') && n(s.currentRoundTripTime) > 0) rtt = n(s.currentRoundTripTime) * 1000
    if (s.type === 'remote-inbound-rtp') {
      sentLost = n(s.packetsLost)
      sentJitter = n(s.jitter) * 1000
      if (rtt === 0) rtt = n(s.roundTripTime) * 1000
    }
  }
  if (!inbound) return null
  return {
    at,
    received: n(inbound.packetsReceived),
    lost: n(inbound.packetsLost),
    jitter: n(inbound.jitter) * 1000,
    rtt,
    concealed: n(inbound.concealedSamples),
    samples: n(inbound.totalSamplesReceived),
    sent,
    sentLost,
    sentJitter,
  }
}

// What of an agent's live state the pages ask again and again. Pure.
import type { Current, Me, Offer, Party } from './types'

/** doing is what an agent is at, as the status picker and the tab's title say it. */
export type Doing = 'offered' | 'onContact' | 'acw' | 'available' | 'missed' | 'offline' | 'custom'

export function doing(me: Me): Doing {
  if (me.offers.length > 0) return 'offered'
  if (me.contacts.some((c) => c.state !== 'ENDED')) return 'onContact'
  if (me.contacts.length > 0) return 'acw'
  return me.status.status
}

/** isMessage: it is a message that a caller has left, and has no call. */
export function isMessage(c: Offer | Current): boolean {
  return c.channel === 'TASK'
}

/** talk is the contact whose call is on. */
export function talk(me: Me): Current | undefined {
  return me.contacts.find((c) => c.state !== 'ENDED' && !isMessage(c))
}

/** shownContact is the one that the workspace shows: the call, else the last to be
 *  wrapped up, else a message. */
export function shownContact(me: Me): Current | undefined {
  return talk(me) ?? me.contacts.find((c) => c.state === 'ENDED') ?? me.contacts[0]
}

/** firstOffer is the one that ends first. */
export function firstOffer(me: Me): Offer | undefined {
  return [...me.offers].sort((a, b) => Date.parse(a.until) - Date.parse(b.until))[0]
}

/** others are the parties besides oneself and the customer. */
export function others(c: Current): Party[] {
  return (c.parties ?? []).filter((p) => p.kind !== 'customer' && !p.me)
}

export function consulted(c: Current): Party | undefined {
  return c.consult && c.parties?.find((p) => p.id === c.consult!.party)
}

export type CallState = 'message' | 'connecting' | 'held' | 'consulting' | 'conference' | 'connected'

export function callState(c: Current): CallState {
  if (isMessage(c)) return 'message'
  if (c.state === 'CONNECTING') return 'connecting'
  if (c.consult) return 'consulting'
  if (others(c).some((p) => p.kind !== 'supervisor')) return 'conference'
  return c.onHold ? 'held' : 'connected'
}

/** heldSince is when the customer was put on hold, as far as it is told. */
export function heldSince(c: Current): string | undefined {
  return c.parties?.find((p) => p.kind === 'customer' && p.mode === 'hold')?.since
}

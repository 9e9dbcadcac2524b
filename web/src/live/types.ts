// The state that the server tells live: bodies of GET /v1/agents/me and GET /v1/floor.
export type StatusName = 'available' | 'offline' | 'custom' | 'missed'
export type Status = { status: StatusName; name?: string; since: string }
export type Next = { status: 'available' | 'offline' | 'custom'; name?: string }

/** Choice is a name with what to show for it; see label in parts/label.ts. */
export type Choice = { name: string; labels?: Record<string, string> }

export type LastContact = { contactId?: string; ended: string; queue?: string; disposition?: string; agent?: string; reason?: string }

/** Pop is what an agent sees of the caller before it rings. All of it is text from outside. */
export type Pop = {
  name?: string
  customer?: string
  region?: string
  carrier?: string
  language?: string
  path?: string[]
  digits?: string
  waitedSeconds?: number
  last?: LastContact[]
  note?: string
}

/** Invitation says who asks an agent to take part. */
export type Invitation = { from?: string; reason?: 'consult' | 'supervise' }

export type Transfer = { from?: string; note?: string }

export type Offer = {
  offerId: string
  contactId: string
  queue: string
  customer?: string
  waitedSeconds: number
  until: string
  pop?: Pop
  transfer?: Transfer
  party?: string // set when one is asked to take part in a contact that another has
  invitation?: Invitation
  channel?: Channel
}

/** Channel: absent is a call; TASK is a message that a caller has left. */
export type Channel = 'CHAT' | 'EMAIL' | 'TASK'

export type PartyMode = 'talk' | 'hold' | 'listen' | 'whisper' | 'barge' | 'ringing'
export type Party = { id: string; kind: 'customer' | 'agent' | 'number' | 'supervisor' | 'flow'; name?: string; mode: PartyMode; since?: string; me?: boolean }

/** ringing: the target rings; talking: with the consulted; customer: swapped, the consulted is on hold. */
export type Consult = { party: string; state: 'ringing' | 'talking' | 'customer' }

export type Current = {
  contactId: string
  state: 'CONNECTING' | 'CONNECTED' | 'ENDED'
  since: string
  queue: string
  customer?: string
  onHold: boolean
  until?: string
  joined?: string // when the agent was joined with the customer
  pop?: Pop
  party?: string // set when another has the contact
  invitation?: Invitation
  role?: 'agent' | 'consulted' | 'party' | 'supervisor'
  transferred?: boolean
  leftOffer?: string // with transferred: the offer by which the agent had it; it may come back by another
  transfer?: Transfer
  parties?: Party[]
  consult?: Consult
  channel?: Channel
}

/** Talk is what a change of who takes part in a contact changes for one agent. */
export type Talk = { parties: Party[]; consult?: Consult; offer?: Offer; contact?: Current }

export type Me = {
  id: string
  username: string
  name: string
  role: 'agent' | 'supervisor' | 'admin'
  device: 'phone' | 'softphone'
  profile: string
  status: Status
  next?: Next
  statuses?: Choice[]
  dispositions?: Record<string, Choice[]> // by queue; * for the others
  offers: Offer[]
  contacts: Current[]
  notices?: Notice[] // messages of supervisors, the latest last
}

/** Notice is a supervisor's message: plain text, whatever it looks like. */
export type Notice = { id: string; at: string; from: string; text: string }

export type FloorContact = { contactId: string; leftOffer?: string; agentId: string; state: 'OFFERED' | Current['state']; since: string; queue: string; onHold: boolean }
export type FloorAgent = { id: string; name: string; username: string; status: Status; next?: Next | null; device: string; contacts: FloorContact[]; profile: string }
export type FloorQueue = {
  id: string
  name: string
  waiting: number
  oldestSince?: string
  free: number
  at?: string // when it was counted
  staffed?: number // who serve it, busy ones too
  wait?: { lowSeconds: number; meanSeconds: number; highSeconds: number } | null // of one who came now; null = not known
  serviceLevel?: { seconds: number; within: number; answered: number; abandoned: number; abandonedLate?: number; percent: number | null; since?: string; at?: string }
}
export type Floor = { agents: FloorAgent[]; queues: FloorQueue[]; statuses?: Choice[]; ts?: string }

export type TopicName = 'me' | 'floor'
export type TopicState = { me: Me; floor: Floor }

export type Snapshot = { type: 'snapshot'; topic: TopicName; ts: string; state: unknown; versions: Record<string, number>; more?: boolean }
export type Delta = { type: 'delta'; topic: TopicName; ts: string; entity: string; id: string; from: number; v: number; state: unknown }
/** Deltas is changes that came together, in their order. */
export type Deltas = { type: 'deltas'; topic: TopicName; deltas: Delta[] }
export type Frame =
  | Snapshot
  | Delta
  | Deltas
  | { type: 'pong' }
  | { type: 'error'; code: string; detail?: string; topic?: string }
  | { type: 'bye'; reason?: string }

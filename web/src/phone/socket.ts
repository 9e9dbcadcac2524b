// The WebSocket that JsSIP speaks through. Each connection is opened with a ticket
// of its own: tickets are good once, so the address changes at every reconnect.
import type { Socket } from 'jssip/lib/Socket'

export type SipTicket = { url: string; uri: string; user: string; target?: string }

/** closeReplaced is the relay's word for: another page of this user took over. */
export const closeReplaced = 4001

export class TicketSocket implements Socket {
  url = 'wss://phone.invalid/sip' // what is shown in logs; the real one has a ticket in it
  sip_uri = 'sip:phone.invalid;transport=ws'
  private via = 'WSS'
  private ws: WebSocket | null = null
  private serial = 0
  private busy = false

  onconnect: () => void = () => {}
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => {}
  ondata: <T>(event: T) => void = () => {}

  constructor(
    private readonly ticket: () => Promise<string>, // URL to open
    private readonly open: (url: string) => WebSocket = (url) => new WebSocket(url, 'sip'),
  ) {}

  get via_transport(): string {
    return this.via
  }

  set via_transport(v: string) {
    this.via = v.toUpperCase()
  }

  connect(): void {
    if (this.busy || this.isConnected()) return
    this.busy = true
    const mine = ++this.serial
    this.ticket().then(
      (url) => {
        if (mine === this.serial) this.dial(mine, url)
      },
      () => this.fail(mine, 0, 'no ticket'),
    )
  }

  private dial(mine: number, url: string): void {
    let ws: WebSocket
    try {
      ws = this.open(url)
    } catch {
      this.fail(mine, 0, 'not opened')
      return
    }
    this.ws = ws
    ws.binaryType = 'arraybuffer'
    ws.onopen = () => {
      if (mine !== this.serial) return
      this.busy = false
      this.onconnect()
    }
    ws.onmessage = (e) => mine === this.serial && this.ondata(e.data)
    ws.onclose = (e) => this.fail(mine, e.code, e.reason)
  }

  private fail(mine: number, code: number, why: string): void {
    if (mine !== this.serial) return
    this.serial++
    this.busy = false
    this.ws = null
    this.ondisconnect(code !== 1000, code, why)
  }

  disconnect(): void {
    this.serial++
    this.busy = false
    const ws = this.ws
    this.ws = null
    if (ws) {
      ws.onopen = ws.onclose = ws.onmessage = null
      ws.close(1000)
    }
  }

  /** cut drops the connection as if the network had: JsSIP then opens it again. */
  cut(): void {
    const ws = this.ws
    const mine = this.serial
    if (ws) {
      ws.onopen = ws.onclose = ws.onmessage = null
      ws.close()
      this.fail(mine, 1006, 'cut')
    }
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.isConnected()) return false
    this.ws!.send(message as string)
    return true
  }

  isConnected(): boolean {
    return this.ws?.readyState === 1
  }

  isConnecting(): boolean {
    return this.busy
  }
}

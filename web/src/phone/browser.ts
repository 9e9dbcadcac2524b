// The softphone with JsSIP and the browser's audio. Loaded only when it is used.
import * as JsSIP from 'jssip'
import { browserMic } from './microphone'
import { Phone, type UserAgent } from './phone'
import { TicketSocket, type SipTicket } from './socket'
import { browserURL } from '../live/url'

export type PhoneOptions = {
  ticket: () => Promise<SipTicket>
  speaker?: () => string | null // id of the chosen speaker
  microphone?: () => string | null
}

/** browserPhone makes the phone; nothing is opened before its start. */
export function browserPhone(o: PhoneOptions): Phone {
  const audio = document.createElement('audio')
  audio.autoplay = true
  let first: SipTicket | null = null // the one that told who we are also opens the first connection
  const socket = new TicketSocket(async () => {
    const t = first ?? (await o.ticket())
    first = null
    return browserURL(t.url)
  })
  const cut = () => socket.cut() // the old connection is of another network
  return new Phone({
    agent: async () => {
      const t = await o.ticket()
      first = t
      const ua = new JsSIP.UA({
        sockets: [socket],
        uri: t.uri,
        register: true,
        register_expires: 300,
        session_timers: false,
        connection_recovery_min_interval: 1,
        connection_recovery_max_interval: 10,
        user_agent: 'huawu-web',
      })
      addEventListener('online', cut)
      const stop = () => {
        removeEventListener('online', cut)
        JsSIP.UA.prototype.stop.call(ua)
      }
      return Object.assign(ua as unknown as UserAgent, {
        stop,
        abandon: () => {
          socket.disconnect() // first: what stop says then reaches nobody
          stop()
        },
      })
    },
    mic: browserMic(o.microphone ?? (() => null)),
    play: async (stream) => {
      audio.srcObject = stream
      const sink = o.speaker?.()
      if (sink && 'setSinkId' in audio) await audio.setSinkId(sink).catch(() => {}) // unplugged: the default plays
      await audio.play()
    },
    silence: () => {
      audio.pause()
      audio.srcObject = null
    },
    now: Date.now,
    after: (ms, f) => void setTimeout(f, ms),
    every: (ms, f) => {
      const id = setInterval(f, ms)
      return () => clearInterval(id)
    },
  })
}

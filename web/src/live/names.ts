// Names of queues and agents for the ids that live state tells: asked for once.
import type { DeskAPI } from '../api/desk'

export type Known = { queues: ReadonlyMap<string, string>; agents: ReadonlyMap<string, string> }

const nothing: Known = { queues: new Map(), agents: new Map() }

export class Names {
  private known = nothing
  private asked = false
  private listeners = new Set<() => void>()

  constructor(private readonly api: Pick<DeskAPI, 'targets'>) {}

  get = (): Known => this.known

  subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  async ask(): Promise<void> {
    if (this.asked) return
    this.asked = true
    try {
      const all = await this.api.targets('')
      if (this.asked) this.set({ queues: new Map(all.queues.map((q) => [q.id, q.name])), agents: new Map(all.agents.map((a) => [a.id, a.name])) })
    } catch {
      this.asked = false // ids are shown; the next page asks again
    }
  }

  forget(): void {
    this.asked = false
    this.set(nothing)
  }

  private set(k: Known): void {
    this.known = k
    for (const f of this.listeners) f()
  }
}

// The keyboard: which key does what, wherever the focus is. Keys of an input
// method that is composing are never taken, nor plain letters.

export type Command = 'answer' | 'decline' | 'mute' | 'hold' | 'transfer' | 'keypad' | 'finish'

const byCode: Record<string, Command> = {
  KeyA: 'answer',
  KeyQ: 'decline',
  KeyM: 'mute',
  KeyH: 'hold',
  KeyT: 'transfer',
  KeyP: 'keypad',
  KeyW: 'finish',
}

export const keyNames: Record<Command, string> = {
  answer: 'Alt+A',
  decline: 'Alt+Q',
  mute: 'Alt+M',
  hold: 'Alt+H',
  transfer: 'Alt+T',
  keypad: 'Alt+P',
  finish: 'Alt+W',
}

type KeyLike = Pick<KeyboardEvent, 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'code' | 'isComposing' | 'keyCode' | 'repeat'>

/** commandOf reads a key press. It goes by the place of the key, because Option
 *  types other letters on a Mac. */
export function commandOf(e: KeyLike): Command | null {
  if (e.isComposing || e.keyCode === 229 || e.repeat) return null
  if (!e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return null
  return byCode[e.code] ?? null
}

/** Twice lets something through at the second time within two seconds: a call is
 *  not hung up by one slip. */
export class Twice {
  private at = -Infinity

  constructor(private readonly within = 2000) {}

  press(now: number): boolean {
    const second = now - this.at <= this.within
    this.at = second ? -Infinity : now
    return second
  }
}

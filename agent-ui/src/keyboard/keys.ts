import { isSubmit } from './onEnter'

export type Action = 'answer' | 'hold' | 'mute' | 'hangup' | 'item' | 'save' | 'submit' | 'previous' | 'next' | 'list'

/** The keyboard map. No single letters (WCAG 2.1.4), nothing the browser or an input method owns. */
export function actionOf(e: KeyboardEvent): Action | null {
  if (isSubmit(e)) return 'submit'
  const chord = [e.ctrlKey && 'Ctrl', e.altKey && 'Alt', e.shiftKey && 'Shift', e.key.length === 1 ? e.key.toLowerCase() : e.key]
  return map[chord.filter(Boolean).join('+')] ?? null
}

const map: Record<string, Action> = {
  F2: 'answer',
  F4: 'hold',
  F8: 'mute',
  'Shift+F2': 'hangup',
  'Ctrl+m': 'item',
  'Ctrl+s': 'save',
  'Ctrl+/': 'list',
  'Alt+ArrowUp': 'previous',
  'Alt+ArrowDown': 'next',
}

/** Two presses within a second, so that one slip does not hang up. */
export class DoublePress {
  private last = -Infinity

  constructor(private readonly now: () => number) {}

  /** True on the second of two presses within `ms`. */
  press(ms = 1000): boolean {
    const second = this.now() - this.last <= ms
    this.last = second ? -Infinity : this.now()
    return second
  }
}

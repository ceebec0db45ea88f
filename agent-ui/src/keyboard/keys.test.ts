import { describe, expect, it } from 'vitest'
import { actionOf, DoublePress } from './keys'

const key = (k: string, more: Partial<KeyboardEvent> = {}): KeyboardEvent => ({ key: k, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...more }) as KeyboardEvent

describe('keys', () => {
  it.each([
    ['F2', key('F2'), 'answer'],
    ['Shift+F2', key('F2', { shiftKey: true }), 'hangup'],
    ['Ctrl+S', key('S', { ctrlKey: true }), 'save'],
    ['Ctrl+Enter', key('Enter', { ctrlKey: true }), 'submit'],
    ['Alt+Down', key('ArrowDown', { altKey: true }), 'next'],
    ['a letter', key('m'), null],
    ['Escape', key('Escape'), null],
    ['F5', key('F5'), null],
  ])('%s', (_, e, want) => {
    expect(actionOf(e)).toBe(want)
  })

  it('hangs up on the second press within a second only', () => {
    let now = 0
    const twice = new DoublePress(() => now)
    expect(twice.press()).toBe(false)
    now = 1500
    expect(twice.press()).toBe(false)
    now = 2300
    expect(twice.press()).toBe(true)
    expect(twice.press()).toBe(false)
  })
})

import { describe, expect, it, vi } from 'vitest'
import { isSubmit, onEnter, watchComposition, type EnterEvent } from './onEnter'

const press = (more: Partial<EnterEvent>): EnterEvent => ({ key: 'Enter', preventDefault: vi.fn(), ...more })

describe('onEnter', () => {
  it('acts on a plain Enter', () => {
    const act = vi.fn()
    const e = press({})
    onEnter(act)(e)
    expect(act).toHaveBeenCalledOnce()
    expect(e.preventDefault).toHaveBeenCalledOnce()
  })

  it.each<[string, Partial<EnterEvent>]>([
    ['composing', { isComposing: true }],
    ['processed by the input method', { keyCode: 229 }],
    ['with Shift', { shiftKey: true }],
    ['with Ctrl', { ctrlKey: true }],
    ['another key', { key: 'a' }],
  ])('leaves it alone when %s', (_, more) => {
    const act = vi.fn()
    onEnter(act)(press(more))
    expect(act).not.toHaveBeenCalled()
  })

  it('leaves alone the Enter that ends a composition in Safari', async () => {
    const listeners: (() => void)[] = []
    watchComposition({ addEventListener: ((_: string, run: () => void) => listeners.push(run)) as unknown as Document['addEventListener'] })
    const act = vi.fn()
    listeners[0]!()
    onEnter(act)(press({}))
    expect(act).not.toHaveBeenCalled()
    await new Promise((done) => setTimeout(done, 1))
    onEnter(act)(press({}))
    expect(act).toHaveBeenCalledOnce()
  })

  it('knows Ctrl+Enter', () => {
    expect(isSubmit(press({ ctrlKey: true }))).toBe(true)
    expect(isSubmit(press({ ctrlKey: true, isComposing: true }))).toBe(false)
    expect(isSubmit(press({}))).toBe(false)
  })
})

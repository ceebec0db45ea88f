/** The parts of a keyboard event that are read here. */
export interface EnterEvent {
  key: string
  isComposing?: boolean
  keyCode?: number
  shiftKey?: boolean
  ctrlKey?: boolean
  altKey?: boolean
  metaKey?: boolean
  preventDefault(): void
}

/** The code of a key that went to the input method. */
const processed = 229

/** The time of the last compositionend, in macrotasks: Safari sends the Enter that ended it as a plain one. */
let composedNow = false

/** Watches the page once, for browsers that end a composition before its Enter. */
export function watchComposition(page: Pick<Document, 'addEventListener'>): void {
  page.addEventListener('compositionend', () => {
    composedNow = true
    setTimeout(() => (composedNow = false), 0)
  }, true)
}

/** True while a key belongs to the input method. */
export function isComposing(e: EnterEvent): boolean {
  return e.isComposing === true || e.keyCode === processed || composedNow
}

/**
 * The one place that knows Enter: runs the action on a plain Enter that is not
 * the input method's. ESLint forbids comparing with 'Enter' elsewhere.
 */
export function onEnter(action: (e: EnterEvent) => void): (e: Event | EnterEvent) => void {
  return (event) => {
    const e = event as EnterEvent
    if (e.key !== 'Enter' || isComposing(e)) return
    if (e.shiftKey || e.ctrlKey || e.altKey || e.metaKey) return
    e.preventDefault()
    action(e)
  }
}

/** The same for Ctrl+Enter (⌘ on a Mac). */
export function isSubmit(e: EnterEvent): boolean {
  return e.key === 'Enter' && !isComposing(e) && (e.ctrlKey === true || e.metaKey === true) && !e.altKey && !e.shiftKey
}

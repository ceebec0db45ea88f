/** How far a delivery has come; between equal ranks the later news counts. */
const ranks: Record<string, number> = { none: 0, pending: 0, sent: 1, failed: 1, dead_letter: 2, delivered: 3 }

const rank = (state: string): number => ranks[state] ?? 0

/** What is known after `next` reached us; a delivery never goes back. */
export function laterDelivery(known: string, next: string | undefined): string {
  return next !== undefined && rank(next) >= rank(known) ? next : known
}

/** Nothing more is to come. */
export function settled(state: string): boolean {
  return state === 'delivered' || state === 'none'
}

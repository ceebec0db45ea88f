/** How many messages stand in the page at most. */
export const mostShown = 200

/** The part of a list of `length` that ends at `end`, or at the newest. */
export function windowAround(length: number, end: number | null, most = mostShown): { from: number; to: number } {
  const to = end === null ? length : Math.min(Math.max(end, Math.min(most, length)), length)
  return { from: Math.max(0, to - most), to }
}

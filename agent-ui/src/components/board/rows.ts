/** Which rows of a long list stand in the page: those in sight and a few beside. */
export function inSight(count: number, rowHeight: number, top: number, height: number, beside = 4): { from: number; to: number } {
  const from = Math.max(0, Math.floor(top / rowHeight) - beside)
  const to = Math.min(count, Math.ceil((top + height) / rowHeight) + beside)
  return { from: Math.min(from, count), to: Math.max(to, Math.min(from, count)) }
}

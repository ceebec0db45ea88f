/** `96.2 %`, or a dash when nobody counts. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '—'
  return share === 1 ? '100%' : `${(100 * share).toFixed(1)}%`
}

/** Whether a share meets its goal; a word would be too much beside each figure, the goal stands in the label. */
export function toneOf(share: number | null | undefined, goal: number): 'good' | 'warn' | 'bad' | '' {
  if (share === null || share === undefined) return ''
  if (share >= goal) return 'good'
  return share >= goal - 0.1 ? 'warn' : 'bad'
}

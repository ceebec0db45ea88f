/**
 * How long to wait before attempt n (0 first): 250 ms doubled to 8 s, with
 * half of it by chance, so that a hall of desks does not knock at once.
 */
export function backoff(attempt: number, chance: () => number): number {
  const ceiling = Math.min(8000, 250 * 2 ** Math.min(attempt, 10))
  return Math.round(ceiling / 2 + (ceiling / 2) * chance())
}

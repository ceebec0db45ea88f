/** The city's time is shown and meant, whatever zone the PC believes in. */
const zone = 8 * 3600_000
const two = (n: number): string => String(n).padStart(2, '0')

/** `2026-11-24 16:00` of an instant; '' of none. */
export function writeWhen(at: string): string {
  return at === '' ? '' : new Date(Date.parse(at) + zone).toISOString().slice(0, 16).replace('T', ' ')
}

/**
 * The instant that a person wrote: `2026-11-24 16:00`, `11-24 16:00` of the last
 * twelve months, or `16:00` of the last 24 hours; also with `/`, `.` and `:` of
 * either width. '' of nothing, null of anything else.
 */
export function readWhen(text: string, now: number): string | null {
  const plain = text.normalize('NFKC').trim().replace(/[/.年月]/g, '-').replace(/日/g, ' ')
  if (plain === '') return ''
  const m = /^(?:(?:(\d{4})-)?(\d{1,2})-(\d{1,2})[T ]\s*)?(\d{1,2}):(\d{2})$/.exec(plain)
  if (!m) return null
  const here = new Date(now + zone)
  const day = m[2] === undefined ? `${two(here.getUTCMonth() + 1)}-${two(here.getUTCDate())}` : `${two(Number(m[2]))}-${two(Number(m[3]))}`
  const wanted = `${day}T${two(Number(m[4]))}:${m[5]}`
  const at = instant(`${m[1] ?? here.getUTCFullYear()}-${wanted}`)
  if (at === null || m[1] !== undefined || at <= now) return at === null ? null : new Date(at).toISOString()
  const before = m[2] === undefined ? at - 24 * 3600_000 : instant(`${here.getUTCFullYear() - 1}-${wanted}`)
  return before === null ? null : new Date(before).toISOString()
}

/** Milliseconds of a local time that exists. */
function instant(local: string): number | null {
  const ms = Date.parse(`${local}:00.000Z`)
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 16) !== local ? null : ms - zone
}

import { maxContent, maxTitle, type DeadlineClass, type Form, type Proposal } from './form'

/** Every path a fault may name, in the order of the form. */
export const paths = [
  'requester.name', 'requester.kind', 'requester.org_name', 'requester.alt_contact',
  'place.address', 'place.division_code', 'occurred_at', 'respondent.name',
  'title', 'content', 'item_code', 'category', 'nature', 'urgency', 'disposition',
  'answer.text', 'lead_unit', 'deadline_class', 'override_reason',
] as const

export type Path = (typeof paths)[number]

/** One wrong field. Codes are the server's: required, too_long, unknown, invalid. */
export interface Fault {
  field: Path
  code: 'required' | 'too_long' | 'unknown' | 'invalid'
  max?: number
  message?: string
}

const ranks: DeadlineClass[] = ['H2', 'H24', 'D7', 'D15']

/** Tells whether a is later than b. */
export function laterDeadline(a: DeadlineClass, b: DeadlineClass): boolean {
  return ranks.indexOf(a) > ranks.indexOf(b)
}

/** A unit or a longer deadline that differs from the proposal needs a reason. */
export function needsReason(f: Form, p: Proposal | null): boolean {
  if (f.disposition !== 'dispatched' || !p) return false
  const unit = p.unit.code !== '' && f.lead_unit !== '' && f.lead_unit !== p.unit.code
  const longer = p.deadline_class !== '' && f.deadline_class !== '' && laterDeadline(f.deadline_class, p.deadline_class)
  return unit || longer
}

/** What keeps the form from being registered, in the order of the form. */
export function validate(f: Form, p: Proposal | null): Fault[] {
  const missing: Path[] = []
  const need = (field: Path, value: string, when = true): void => {
    if (when && value.trim() === '') missing.push(field)
  }
  need('place.address', f.place.address, !f.place.none)
  need('place.division_code', f.place.division_code, !f.place.none)
  need('title', f.title)
  need('content', f.content)
  need('item_code', f.item_code)
  need('category', f.category)
  need('answer.text', f.answer.text, f.disposition === 'answered')
  need('lead_unit', f.lead_unit, f.disposition === 'dispatched')
  need('deadline_class', f.deadline_class, f.disposition === 'dispatched')
  need('override_reason', f.override_reason, needsReason(f, p))
  const faults: Fault[] = missing.map((field) => ({ field, code: 'required' }))
  faults.push(...tooLong('title', f.title, maxTitle), ...tooLong('content', f.content, maxContent))
  return faults.sort((a, b) => paths.indexOf(a.field) - paths.indexOf(b.field))
}

function tooLong(field: Path, text: string, max: number): Fault[] {
  return length(text) > max ? [{ field, code: 'too_long', max }] : []
}

/** Characters as a person counts them. */
export function length(text: string): number {
  return [...text].length
}

/** The server's fields, as far as the form has them; an unknown one lands on the title of the summary. */
export function faultsOf(fields: { field: string; code: string; message: string }[]): Fault[] {
  const code = (c: string): Fault['code'] => (['required', 'too_long', 'unknown'].includes(c) ? (c as Fault['code']) : 'invalid')
  return fields.map((f) => ({ field: f.field.replace(/^fields\./, '') as Path, code: code(f.code), message: f.message }))
}

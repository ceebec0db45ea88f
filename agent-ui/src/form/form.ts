import type { components } from '../api/schema'

export type Fields = components['schemas']['Fields']
export type Proposal = components['schemas']['Proposal']
export type DeadlineClass = components['schemas']['DeadlineClass']

/** The form as it is edited: every key present, empty when not filled. */
export interface Form {
  requester: {
    name: string
    kind: 'natural' | 'legal'
    phone: string
    alt_contact: string
    org_name: string
    confidential: boolean
    anonymous: boolean
    reply_wanted: boolean
  }
  place: { address: string; division_code: string; none: boolean }
  title: string
  content: string
  occurred_at: string
  respondent: { name: string }
  category: '' | 'consultation' | 'complaint' | 'suggestion' | 'emergency'
  nature: '' | 'consult' | 'help' | 'complaint' | 'report' | 'suggestion' | 'praise'
  item_code: string
  urgency: 'normal' | 'urgent' | 'critical'
  complex: boolean
  disposition: 'dispatched' | 'answered'
  answer: { text: string }
  lead_unit: string
  deadline_class: '' | DeadlineClass
  override_reason: string
  language: string
}

export const maxTitle = 50
export const maxContent = 4000

export function emptyForm(): Form {
  return {
    requester: { name: '', kind: 'natural', phone: '', alt_contact: '', org_name: '', confidential: false, anonymous: false, reply_wanted: true },
    place: { address: '', division_code: '', none: false },
    title: '', content: '', occurred_at: '', respondent: { name: '' },
    category: '', nature: '', item_code: '', urgency: 'normal', complex: false,
    disposition: 'dispatched', answer: { text: '' }, lead_unit: '', deadline_class: '', override_reason: '', language: 'zh-CN',
  }
}

/** What the server gets: the same without what it would have to refuse. */
export function toFields(f: Form): Fields {
  const { occurred_at, requester, ...rest } = f
  const { phone, ...who } = requester
  return {
    ...rest,
    requester: phone === '' ? who : { ...who, phone },
    ...(occurred_at === '' ? {} : { occurred_at }),
  }
}

/** The form of a draft; what the draft lacks takes its default. */
export function fromFields(fields: Fields): Form {
  const empty = emptyForm()
  return {
    ...empty,
    ...defined(fields as Partial<Form>),
    requester: { ...empty.requester, ...defined(fields.requester as Partial<Form['requester']>) },
    place: { ...empty.place, ...defined(fields.place as Partial<Form['place']>) },
    respondent: { ...empty.respondent, ...defined(fields.respondent) },
    answer: { ...empty.answer, ...defined(fields.answer) },
    occurred_at: fields.occurred_at ?? '',
  }
}

/** Without undefined, null and the empty words that stand for a default. */
function defined<T extends object>(part: T | undefined): Partial<T> {
  const kept = Object.entries(part ?? {}).filter(([key, v]) => v !== undefined && v !== null && !(v === '' && choices.has(key)))
  return Object.fromEntries(kept) as Partial<T>
}

const choices = new Set(['kind', 'urgency', 'disposition', 'language'])

/** Tells whether anything was filled in. */
export function isBlank(f: Form): boolean {
  return JSON.stringify(f) === JSON.stringify({ ...emptyForm(), language: f.language })
}

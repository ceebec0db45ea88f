import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { api } from '../api/client'
import { emptyForm } from '../form/form'
import { DraftStore } from '../form/store'
import { cardOf, useForms, type Entry } from './forms'

vi.mock('../api/client', async (original) => ({
  ...(await original<typeof import('../api/client')>()),
  api: { GET: vi.fn(), PUT: vi.fn(), POST: vi.fn() },
}))

const contact = '01KDN00000000000000000000A'
const number = '20261124-0004711-8'
const call = {
  contact, token: 1, state: 'talking', muted: false, since: '', talk_since: null, line: { name: 'citizen', title: '市民热线', title_en: '' },
  channel: 'phone', source: '12345', caller: '+86138****5678', accepted: '2026-11-24T08:00:00.000Z', waited_ms: 0, until: null, extended: 0, cause: '', apart_until: null,
} as const

const proposal = { unit: { code: 'U1', name: '街道办' }, alternatives: [], deadline_class: 'D7', due_at: null, ack_due_at: null, rule: 'r', why: 'w' }
const ticket = (state: string | null): object => ({ ticket_no: number, title: '路灯不亮', delivery: state ? { state } : undefined })
const answer = (status: number, body: unknown): object =>
  status < 300 ? { data: body, response: new Response(null, { status }) } : { error: body, response: new Response(null, { status }) }
const refusal = (code: string, more: object = {}): object => ({ error: { code, message: '', ...more } })

/** An answer that the test gives when it wants to. */
function due(): { promise: Promise<object>; give: (a: object) => void } {
  let give: (a: object) => void = () => undefined
  const promise = new Promise<object>((done) => (give = done))
  return { promise, give }
}

/** What the fake server says to each call; a test replaces what it is about. */
let server: { proposal: () => Promise<object> | object; ticket: () => Promise<object> | object; draft: () => Promise<object> | object; read: () => Promise<object> | object }
const asked = (path: string): { params: { header: unknown } }[] =>
  (vi.mocked(api.POST).mock.calls as unknown as [string, { params: { header: unknown } }][]).filter(([p]) => p.endsWith(path)).map(([, o]) => o)
const posts = (path: string): number => asked(path).length

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  server = {
    proposal: () => answer(200, proposal), ticket: () => answer(201, ticket('pending')),
    draft: () => answer(200, { revision: 1, saved_at: '2026-11-24T08:00:03.000Z' }), read: () => answer(404, refusal('not_found')),
  }
  vi.mocked(api.GET).mockReset().mockImplementation((async () => server.read()) as never)
  vi.mocked(api.PUT).mockReset().mockImplementation((async () => server.draft()) as never)
  vi.mocked(api.POST).mockReset().mockImplementation((async (path: string) => (path.endsWith('/proposal') ? server.proposal() : server.ticket())) as never)
})
afterEach(() => vi.useRealTimers())

/** A form with everything that a person fills; unit and deadline follow the proposal. */
async function filled(forms: ReturnType<typeof useForms>): Promise<Entry> {
  await forms.open(cardOf(call))
  const entry = forms.current!
  Object.assign(entry.form.place, { address: '望湖路 18 号', division_code: '110105001000' })
  Object.assign(entry.form, { title: '路灯不亮', content: '三天', category: 'complaint', item_code: '01.02.003' })
  await nextTick()
  return entry
}

async function proposed(forms: ReturnType<typeof useForms>): Promise<Entry> {
  const entry = await filled(forms)
  await vi.advanceTimersByTimeAsync(400)
  expect(entry.form.lead_unit).toBe('U1')
  return entry
}

describe('the delivery of a ticket', () => {
  it.each<[string, string[], string | null, string[], string]>([
    ['comes after the answer', [], 'pending', ['delivered'], 'delivered'],
    ['comes before the answer', ['delivered'], 'pending', [], 'delivered'],
    ['comes before an answer that says nothing of it', ['delivered'], null, [], 'delivered'],
    ['never goes back', ['delivered'], 'pending', ['sent'], 'delivered'],
    ['is in the answer itself', [], 'delivered', [], 'delivered'],
    ['is older than the answer', ['sent'], 'delivered', [], 'delivered'],
    ['fails and comes at the repeat', ['failed'], 'pending', ['delivered'], 'delivered'],
    ['fails', [], 'pending', ['failed'], 'failed'],
    ['is given up', ['failed'], 'pending', ['dead_letter'], 'dead_letter'],
  ])('%s', async (_, before, answered, after, want) => {
    const forms = useForms()
    const entry = await proposed(forms)
    const due_ = due()
    server.ticket = () => due_.promise
    const done = forms.submit(entry)
    await vi.advanceTimersByTimeAsync(1)
    for (const d of before) forms.delivered(contact, number, d)
    due_.give(answer(201, ticket(answered)))
    expect(await done).toBe(true)
    for (const d of after) forms.delivered(contact, number, d)
    expect(entry.tickets).toEqual([{ number, title: '路灯不亮', delivery: want }])
  })

  it('that was missed is asked for', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    await forms.submit(entry)
    server.read = () => answer(200, ticket('delivered'))
    await forms.refresh()
    expect(entry.tickets[0]?.delivery).toBe('delivered')
  })
})

describe('a ring that went by', () => {
  it('leaves nothing behind', async () => {
    const forms = useForms()
    await forms.open(cardOf(call))
    forms.missed(contact)
    expect(forms.entries.size).toBe(0)
    expect(forms.selected).toBe(null)
  })

  it('leaves what was written', async () => {
    const forms = useForms()
    await filled(forms)
    forms.missed(contact)
    expect(forms.entries.size).toBe(1)
  })
})

describe('a submit', () => {
  it('waits for a proposal that is about to be asked for', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    const done = forms.submit(entry)
    await vi.advanceTimersByTimeAsync(1)
    expect(await done).toBe(true)
    expect(entry.tickets).toHaveLength(1)
  })

  it('waits for a proposal on its way', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    const slow = due()
    server.proposal = () => slow.promise
    await vi.advanceTimersByTimeAsync(400)
    const done = forms.submit(entry)
    await vi.advanceTimersByTimeAsync(800)
    expect(entry).toMatchObject({ submitting: true, faults: [] })
    slow.give(answer(200, proposal))
    expect(await done).toBe(true)
    expect(posts('/ticket')).toBe(1)
  })

  it('does not wait for ever, and says what is missing; a late proposal does not hide that nothing is registered', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    const slow = due()
    server.proposal = () => slow.promise
    const done = forms.submit(entry)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await done).toBe(false)
    expect(entry.faults.map((f) => f.field)).toEqual(['lead_unit', 'deadline_class'])
    slow.give(answer(200, proposal))
    await vi.advanceTimersByTimeAsync(10)
    expect(entry).toMatchObject({ faults: [], refused: 'complete', registered: false, submitting: false })
    expect(await forms.submit(entry)).toBe(true)
    expect(entry.refused).toBe(null)
  })

  it('asks again for a proposal that failed', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    server.proposal = () => answer(503, refusal('unavailable'))
    await vi.advanceTimersByTimeAsync(400)
    expect(entry.proposalFailed).toBe(true)
    server.proposal = () => answer(200, proposal)
    expect(await forms.submit(entry)).toBe(true)
  })

  it('is sent once however often it is pressed', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    const slow = due()
    server.ticket = () => slow.promise
    const both = [forms.submit(entry), forms.submit(entry)]
    await vi.advanceTimersByTimeAsync(1)
    both.push(forms.submit(entry))
    slow.give(answer(201, ticket('pending')))
    expect(await Promise.all(both)).toEqual([true, true, true])
    expect(posts('/ticket')).toBe(1)
    expect(await forms.submit(entry)).toBe(true)
    expect(posts('/ticket')).toBe(1)
  })

  it('goes on while a draft is being saved, and the late answer undoes nothing', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    const slow = due()
    server.draft = () => slow.promise
    void forms.saveNow(entry)
    await vi.advanceTimersByTimeAsync(1)
    expect(entry.save).toBe('saving')
    entry.form.content = '三天,老人出行不便'
    expect(await forms.submit(entry)).toBe(true)
    slow.give(answer(409, { ...refusal('conflict'), current: { contact, revision: 7, saved_at: '', agent: '1031', fields: { content: '别人写的' } } }))
    await vi.advanceTimersByTimeAsync(5000)
    expect(entry).toMatchObject({ registered: true, conflict: null, save: 'clean' })
    expect(entry.form.content).toBe('三天,老人出行不便')
  })

  it('says that two versions must be settled first', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    server.draft = () => answer(409, { ...refusal('conflict'), current: { contact, revision: 7, saved_at: '', agent: '1031', fields: { content: '别人写的' } } })
    await forms.saveNow(entry)
    expect(entry.conflict).not.toBe(null)
    expect(await forms.submit(entry)).toBe(false)
    expect(entry.refused).toBe('conflict')
    expect(posts('/ticket')).toBe(0)
    forms.resolve(entry, new Set(['content']))
    expect(await forms.submit(entry)).toBe(true)
  })

  it.each<[string, () => Promise<object> | object, string, string]>([
    ['lost on its way', () => Promise.reject(new TypeError('network')), 'lost', ''],
    ['of a session that ran out', () => answer(401, refusal('unauthenticated')), 'signed_out', ''],
    ['refused without a field', () => answer(503, refusal('unavailable', { message: '数据库忙 / database is busy' })), 'server', '数据库忙 / database is busy'],
    ['answered with nothing', () => answer(500, null), 'server', 'unavailable'],
  ])('%s says so', async (_, how, want, why) => {
    const forms = useForms()
    const entry = await proposed(forms)
    server.ticket = how
    expect(await forms.submit(entry)).toBe(false)
    expect(entry).toMatchObject({ refused: want, refusedWhy: why, submitting: false })
    entry.form.content = '又打了字'
    await vi.advanceTimersByTimeAsync(5000)
    expect(entry.refused).toBe(want)
  })

  it('without an answer ends by itself and can be repeated under the same key', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    vi.mocked(api.POST).mockImplementation(((_: string, o: { signal: AbortSignal }) =>
      new Promise((_done, fail) => o.signal.addEventListener('abort', () => fail(o.signal.reason as Error)))) as never)
    const done = forms.submit(entry)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await done).toBe(false)
    expect(entry).toMatchObject({ refused: 'lost', submitting: false })
    vi.mocked(api.POST).mockImplementation((async () => answer(200, ticket('delivered'))) as never)
    expect(await forms.submit(entry)).toBe(true)
    const [first, second] = asked('/ticket')
    expect(first?.params.header).toEqual(second?.params.header)
  })

  it('keeps the faults of the server until the next try', async () => {
    const forms = useForms()
    const entry = await proposed(forms)
    server.ticket = () => answer(422, refusal('invalid_field', { fields: [{ field: 'fields.place.address', code: 'invalid', message: '不在本市 / elsewhere' }] }))
    expect(await forms.submit(entry)).toBe(false)
    expect(entry.faults.map((f) => f.field)).toEqual(['place.address'])
    expect(entry.refused).toBe('faults')
  })
})

describe('a form whose contact goes to another agent', () => {
  it('leaves the desk, and what the server did not have yet goes along', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    await forms.handOver(contact)
    expect(forms.entries.size).toBe(0)
    expect(forms.selected).toBeNull()
    const sent = vi.mocked(api.PUT).mock.calls as unknown as [string, { body: { revision: number; fields: { title: string } } }][]
    expect(sent.map(([, o]) => [o.body.revision, o.body.fields.title])).toEqual([[0, entry.form.title]])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(api.PUT).toHaveBeenCalledTimes(1)
  })

  it('takes what the other agent has written first, and asks nobody', async () => {
    const forms = useForms()
    await filled(forms)
    const current = { contact, revision: 4, saved_at: '2026-11-24T08:00:09.000Z', agent: '1031', fields: { title: '路灯坏了' } }
    let tries = 0
    server.draft = () => (++tries === 1 ? answer(409, { ...refusal('conflict'), current }) : answer(200, { revision: 5, saved_at: '' }))
    await forms.handOver(contact)
    const sent = vi.mocked(api.PUT).mock.calls as unknown as [string, { body: { revision: number; fields: { title: string; content: string } } }][]
    expect(sent[1]?.[1].body).toMatchObject({ revision: 4, fields: { title: '路灯坏了', content: '三天' } })
    expect(forms.entries.size).toBe(0)
  })

  it('stays when a ticket was registered', async () => {
    const forms = useForms()
    const entry = await filled(forms)
    await forms.submit(entry)
    await forms.handOver(contact)
    expect(forms.entries.get(contact)?.tickets).toHaveLength(1)
  })
})

describe('a reload', () => {
  it('finds what was typed before, though the contact is opened first', async () => {
    let give: (kept: never) => void = () => undefined
    vi.spyOn(DraftStore.prototype, 'all').mockReturnValue(new Promise((done) => (give = done)))
    const forms = useForms()
    const started = forms.start('1001')
    await forms.open(cardOf(call))
    const record = { card: cardOf(call), form: { ...emptyForm(), title: '路灯不亮' }, base: emptyForm(), revision: 0, key: 'k', tickets: [], registered: false, synced: false }
    give([{ contact, at: 5, record }] as never)
    await started
    expect(forms.current?.form.title).toBe('路灯不亮')
  })
})

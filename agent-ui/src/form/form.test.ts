import { describe, expect, it } from 'vitest'
import { indexes, type Directory } from './directory'
import { emptyForm, fromFields, isBlank, toFields, type Form, type Proposal } from './form'
import { merge } from './merge'
import { fold } from './search'
import { faultsOf, laterDeadline, length, needsReason, validate } from './validate'

const proposal: Proposal = {
  unit: { code: 'U1', name: '街道办' }, alternatives: [], deadline_class: 'H24', due_at: null, ack_due_at: null, rule: 'place:subdistrict', why: '',
}

function full(): Form {
  const f = emptyForm()
  Object.assign(f.place, { address: '幸福里小区 3 号楼', division_code: '110105001000' })
  return Object.assign(f, { title: '路灯不亮', content: '东门路灯三天不亮', category: 'complaint', item_code: '01.02.003', lead_unit: 'U1', deadline_class: 'H24' })
}

describe('fields', () => {
  it('survive the way to the server and back', () => {
    const f = full()
    f.occurred_at = '2026-11-24T08:00:00.000Z'
    expect(fromFields(toFields(f))).toEqual(f)
  })

  it('send no empty phone and no empty time', () => {
    const out = toFields(emptyForm())
    expect(out.requester).not.toHaveProperty('phone')
    expect(out).not.toHaveProperty('occurred_at')
  })

  it('take defaults for what a draft lacks or leaves empty', () => {
    const f = fromFields({ title: 'x', urgency: '', disposition: '', occurred_at: null, requester: { kind: '' } })
    expect(f).toMatchObject({ title: 'x', urgency: 'normal', disposition: 'dispatched', occurred_at: '' })
    expect(f.requester).toMatchObject({ kind: 'natural', reply_wanted: true })
  })

  it('know an untouched form', () => {
    expect(isBlank(emptyForm())).toBe(true)
    expect(isBlank(full())).toBe(false)
  })
})

describe('validate', () => {
  it('passes a full form', () => {
    expect(validate(full(), proposal)).toEqual([])
  })

  it('names what is missing in the order of the form', () => {
    expect(validate(emptyForm(), null).map((x) => x.field)).toEqual([
      'place.address', 'place.division_code', 'title', 'content', 'item_code', 'category', 'lead_unit', 'deadline_class',
    ])
  })

  it.each<[string, (f: Form) => void, string[]]>([
    ['no place, no address', (f) => { f.place = { address: '', division_code: '', none: true } }, []],
    ['an answer without words', (f) => { f.disposition = 'answered' }, ['answer.text']],
    ['an answer needs no unit', (f) => { f.disposition = 'answered'; f.answer.text = '已告知'; f.lead_unit = ''; f.deadline_class = '' }, []],
    ['another unit without a reason', (f) => { f.lead_unit = 'U2' }, ['override_reason']],
    ['a longer deadline without a reason', (f) => { f.deadline_class = 'D7' }, ['override_reason']],
    ['a shorter deadline', (f) => { f.deadline_class = 'H2' }, []],
    ['another unit with a reason', (f) => { f.lead_unit = 'U2'; f.override_reason = '权属不同' }, []],
    ['spaces only', (f) => { f.title = '  ' }, ['title']],
    ['a title too long', (f) => { f.title = '灯'.repeat(51) }, ['title']],
  ])('%s', (_, change, want) => {
    const f = full()
    change(f)
    expect(validate(f, proposal).map((x) => x.field)).toEqual(want)
  })

  it('counts characters, not code units', () => {
    expect(length('𠮷野家')).toBe(3)
  })

  it('ranks deadlines and knows no reason without a proposal', () => {
    expect(laterDeadline('D15', 'D7')).toBe(true)
    expect(laterDeadline('H2', 'H24')).toBe(false)
    expect(needsReason({ ...full(), lead_unit: 'U9' }, null)).toBe(false)
  })

  it('reads the faults of the server', () => {
    expect(faultsOf([{ field: 'fields.place.address', code: 'odd', message: 'm' }])).toEqual([{ field: 'place.address', code: 'invalid', message: 'm' }])
  })
})

describe('merge', () => {
  it('takes each side where only it changed', () => {
    const base = full()
    const mine = { ...full(), title: '我的' }
    const theirs = { ...full(), content: '他们的' }
    const m = merge(base, mine, theirs)
    expect(m.clashes).toEqual([])
    expect(m.merged).toMatchObject({ title: '我的', content: '他们的' })
  })

  it('asks where both changed', () => {
    const m = merge(full(), { ...full(), title: 'a' }, { ...full(), title: 'b' })
    expect(m.clashes).toEqual([{ path: 'title', mine: 'a', theirs: 'b' }])
    expect(m.merged.title).toBe('a')
  })

  it('reaches nested fields', () => {
    const theirs = full()
    theirs.place.address = '别处'
    expect(merge(full(), full(), theirs).merged.place.address).toBe('别处')
  })
})

const directory: Directory = {
  version: 'v', synthetic: true,
  items: [
    { code: '01.01.001', path: ['市政', '道路', '路灯不亮'], category: 'complaint', deadline_class: 'H24', keywords: ['照明', '路灯故障'] },
    { code: '01.01.002', path: ['市政', '道路', '路面破损'], category: 'complaint', deadline_class: 'D7', keywords: [] },
    { code: '02.01.001', path: ['物业', '公共设施', '小区路灯不亮'], category: '', deadline_class: '', keywords: [] },
  ],
  units: [{ code: 'U1', name: '朝外街道', kind: '街道', division_code: '1' }],
  divisions: [{ code: '1', name: '朝阳区', parent: '' }, { code: '2', name: '朝外街道', parent: '1' }],
}

describe('search', () => {
  const { items, divisions, units } = indexes(directory, (k) => k)
  const codes = (q: string, recent: string[] = []) => items.search(q, recent).map((c) => c.code)

  it.each<[string, string, string[]]>([
    ['a name, prefix before inside', '路灯', ['01.01.001', '02.01.001']],
    ['two words, both needed', '物业 路灯', ['02.01.001']],
    ['a code', '01.01.002', ['01.01.002']],
    ['the start of a code before its middle', '01.', ['01.01.001', '01.01.002', '02.01.001']],
    ['full-width digits', '02.01', ['02.01.001']],
    ['a keyword', '照明', ['01.01.001']],
    ['an upper level', '道路', ['01.01.001', '01.01.002']],
    ['nothing', '地铁', []],
    ['blanks', '  ', []],
  ])('finds %s', (_, query, want) => {
    expect(codes(query)).toEqual(want)
  })

  it('puts recent use first among equals', () => {
    expect(codes('道路', ['01.01.002'])).toEqual(['01.01.002', '01.01.001'])
  })

  it('builds three levels', () => {
    const top = items.under('')
    expect(top.map((c) => c.name)).toEqual(['市政', '物业'])
    expect(items.under(items.under(top[0]!.code)[0]!.code).map((c) => c.name)).toEqual(['路灯不亮', '路面破损'])
    expect(items.size).toBe(3)
  })

  it('knows divisions and units', () => {
    expect(divisions.get('2')?.path).toEqual(['朝阳区', '朝外街道'])
    expect(divisions.under('1').map((c) => c.code)).toEqual(['2'])
    expect(units.search('朝外')[0]?.code).toBe('U1')
  })

  it('folds width and case', () => {
    expect(fold('ABc ')).toBe('abc')
  })
})

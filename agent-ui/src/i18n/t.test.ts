import { describe, expect, it } from 'vitest'
import { en } from './en'
import { clockTime, duration, fill, half, language, t, tWord, citizenName } from './t'
import { zh, type Key } from './zh'

const keys = Object.keys(zh) as Key[]
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort()

describe('texts', () => {
  it('are complete in both languages, with nothing left over', () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort())
    for (const k of keys) expect(en[k].trim(), k).not.toBe('')
  })

  it('have the same holes in both languages', () => {
    for (const k of keys) expect(holes(en[k]), k).toEqual(holes(zh[k]))
  })

  it('hold no Chinese in English', () => {
    for (const k of keys) expect(en[k], k).not.toMatch(/[\u4e00-\u9fff]/)
  })
})

describe('t', () => {
  it('fills, and leaves an unknown hole to be seen', () => {
    expect(fill('{a} {b}', { a: 1 })).toBe('1 {b}')
    language.value = 'en'
    expect(t('ring.left', { n: 7 })).toBe('7 s')
    language.value = 'zh-CN'
    expect(t('ring.left', { n: 7 })).toBe('7 秒')
  })

  it('translates words of the server it knows and shows the others', () => {
    expect(tWord('cause', 'citizen_ended')).toBe('市民挂断')
    expect(tWord('cause', 'new_cause')).toBe('new_cause')
  })

  it('takes the half of a message for the reader', () => {
    expect(half('地址不能为空 / the address is missing')).toBe('地址不能为空')
    language.value = 'en'
    expect(half('地址不能为空 / the address is missing')).toBe('the address is missing')
    expect(half('只有一半')).toBe('只有一半')
    language.value = 'zh-CN'
  })

  it('shows the city time and durations', () => {
    expect(clockTime('2026-11-24T08:15:30.125Z')).toBe('16:15')
    expect(duration(133_000)).toBe('02:13')
    expect(duration(3_723_000)).toBe('1:02:03')
    expect(duration(-5)).toBe('00:00')
  })
})

describe('citizenName', () => {
  it.each([
    ['', '市民'],
    ['w***k', 'w***k'],
    ['+86138****5678', '+86138****5678'],
    ['01M87YP9SF97AK76Y6****FFKT', '市民 FFKT'],
  ])('%s', (masked, want) => expect(citizenName(masked)).toBe(want))
})

import { describe, expect, it } from 'vitest'
import { readWhen, writeWhen } from './when'

const now = Date.parse('2026-11-24T08:30:00Z') // 16:30 in the city

describe('the time of an event', () => {
  it.each<[string, string, string | null]>([
    ['nothing', ' ', ''],
    ['a whole date', '2026-11-23 20:00', '2026-11-23T12:00:00.000Z'],
    ['a date of the browser', '2026-11-23T20:00', '2026-11-23T12:00:00.000Z'],
    ['slashes', '2026/11/3 9:05', '2026-11-03T01:05:00.000Z'],
    ['full width', '2026年11月23日 20:00', '2026-11-23T12:00:00.000Z'],
    ['a day of this year', '11-23 20:00', '2026-11-23T12:00:00.000Z'],
    ['a day that is still to come is last year’s', '12-31 23:00', '2025-12-31T15:00:00.000Z'],
    ['a time of today', '9:15', '2026-11-24T01:15:00.000Z'],
    ['a time still to come is yesterday’s', '22:00', '2026-11-23T14:00:00.000Z'],
    ['a year ahead stays as it is written', '2027-01-01 08:00', '2027-01-01T00:00:00.000Z'],
    ['no such day', '2026-02-30 10:00', null],
    ['no such hour', '25:00', null],
    ['no such minute', '12:60', null],
    ['words', '昨晚', null],
    ['a date alone', '2026-11-23', null],
  ])('%s', (_, text, want) => {
    expect(readWhen(text, now)).toBe(want)
  })

  it('is written as it is read', () => {
    expect(writeWhen('')).toBe('')
    expect(writeWhen('2026-11-23T20:00:00.000Z')).toBe('2026-11-24 04:00')
    expect(readWhen(writeWhen('2026-11-23T12:00:00.000Z'), now)).toBe('2026-11-23T12:00:00.000Z')
  })
})

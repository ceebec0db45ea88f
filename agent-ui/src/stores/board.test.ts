import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { percent, toneOf } from '../components/board/figures'
import { inSight } from '../components/board/rows'
import { windowAround } from '../form/window'
import type { Board, BoardAgent } from '../socket'
import { joined, useBoard } from './board'

const agent = (id: string, state: BoardAgent['state'] = 'ready'): BoardAgent => ({
  id, name: '', node: 'n1', state, reason: '', since: null, voice: { used: 0, of: 1 }, message: { used: 0, of: 0 },
})
const frame = (more: Partial<Board> = {}): Board => ({
  at: new Date().toISOString(), figures_at: null, classes: [], lines: [], waiting: [], states: {}, agents: [], gone: [], ...more,
})

describe('the board', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('begins its list with the first part and joins what has changed', () => {
    const board = useBoard()
    board.take({ type: 'board.agents', data: { first: true, agents: [agent('9')] } })
    board.take({ type: 'board.agents', data: { first: true, agents: [agent('1'), agent('2')] } })
    board.take({ type: 'board.agents', data: { first: false, agents: [agent('3')] } })
    board.take({ type: 'board', data: frame({ agents: [agent('2', 'talking')], gone: ['1'] }) })
    expect([...board.agents.values()].map((a) => `${a.id} ${a.state}`)).toEqual(['2 talking', '3 ready'])
  })

  it('keeps the list as it is when nobody has changed', () => {
    const board = useBoard()
    board.take({ type: 'board.agents', data: { first: true, agents: [agent('1')] } })
    const before = board.agents
    board.take({ type: 'board', data: frame() })
    expect(board.agents).toBe(before)
  })

  it('is stale after three seconds, and before the first word', () => {
    const board = useBoard()
    expect(board.stale).toBe(true)
    board.take({ type: 'board', data: frame({ at: new Date(board.now - 2000).toISOString() }) })
    expect(board.stale).toBe(false)
    board.now += 2000
    expect(board.stale).toBe(true)
  })

  it('does not change the list it was given', () => {
    const list = new Map([['1', agent('1')]])
    joined(list, [], ['1'])
    expect(list.size).toBe(1)
  })
})

describe('what stands in the page', () => {
  it.each([
    ['at the top', 500, 0, 300, { from: 0, to: 14 }],
    ['in the middle', 500, 3000, 300, { from: 96, to: 114 }],
    ['at the end', 500, 14_700, 300, { from: 486, to: 500 }],
    ['of a list that became shorter', 3, 3000, 300, { from: 3, to: 3 }],
    ['of nothing', 0, 0, 300, { from: 0, to: 0 }],
  ])('rows %s', (_, count, top, height, want) => expect(inSight(count, 30, top, height)).toEqual(want))

  it.each([
    ['a short thread', 20, null, { from: 0, to: 20 }],
    ['the newest of a long one', 1000, null, { from: 800, to: 1000 }],
    ['earlier ones', 1000, 940, { from: 740, to: 940 }],
    ['the very first', 1000, 10, { from: 0, to: 200 }],
    ['more than there is', 50, 400, { from: 0, to: 50 }],
  ])('messages: %s', (_, length, end, want) => expect(windowAround(length, end)).toEqual(want))
})

describe('figures', () => {
  it.each([[0.9615, '96.2%', 'good'], [0.85, '85.0%', 'warn'], [0.5, '50.0%', 'bad'], [null, '—', '']])('%s', (share, text, tone) => {
    expect(percent(share)).toBe(text)
    expect(toneOf(share, 0.95)).toBe(tone)
  })
})

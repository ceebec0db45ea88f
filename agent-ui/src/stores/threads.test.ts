import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readThread } from '../api/thread'
import { DraftStore } from '../form/store'
import { CommandError, type Conversation, type Message } from '../socket'
import { longestText, useThreads, type Lines } from './threads'

vi.mock('../api/thread', () => ({ readThread: vi.fn() }))

const contact = '01KDN00000000000000000000A'
const message = (seq: number, more: Partial<Message> = {}): Message => ({ id: `m${seq}`, seq, from: 'citizen', agent: '', text: `第 ${seq} 条`, at: '2026-11-24T08:00:00.000Z', ...more })
const said = (seq: number, more: Partial<Message> = {}, cmid = ''): { contact: string; cmid: string; message: Message } => ({ contact, cmid, message: message(seq, more) })
const refusal = (code: string): CommandError => new CommandError({ code: code as never, message: '' })
const settle = async (): Promise<void> => {
  for (let i = 0; i < 8; i++) await Promise.resolve()
}

/** What the house holds, read in pages of two. */
let held: Message[]
let lines: { send: ReturnType<typeof vi.fn<Lines['send']>>; typing: ReturnType<typeof vi.fn<Lines['typing']>> }
let put: ReturnType<typeof vi.spyOn>
let left: { contact: string; at: number; record: unknown }[]

beforeEach(async () => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  held = []
  left = []
  vi.mocked(readThread).mockReset().mockImplementation(async (_, after) => {
    const rest = held.filter((m) => m.seq > after)
    return { ok: true, status: 200, data: { messages: rest.slice(0, 2), more: rest.length > 2 } }
  })
  put = vi.spyOn(DraftStore.prototype, 'put').mockResolvedValue()
  vi.spyOn(DraftStore.prototype, 'drop').mockResolvedValue()
  vi.spyOn(DraftStore.prototype, 'wipe').mockResolvedValue()
  vi.spyOn(DraftStore.prototype, 'all').mockImplementation(async () => left as never)
  lines = { send: vi.fn<Lines['send']>().mockResolvedValue({}), typing: vi.fn<Lines['typing']>() }
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function started(): Promise<ReturnType<typeof useThreads>> {
  const threads = useThreads()
  await threads.start('1001', lines)
  return threads
}
const texts = (threads: ReturnType<typeof useThreads>): number[] => threads.of(contact).messages.map((m) => m.seq)

describe('a thread', () => {
  it('is read a page at a time, to its end', async () => {
    held = [1, 2, 3, 4, 5].map((n) => message(n))
    const threads = await started()
    await threads.read(contact)
    expect(texts(threads)).toEqual([1, 2, 3, 4, 5])
    expect(vi.mocked(readThread).mock.calls.map(([, after]) => after)).toEqual([0, 2, 4])
  })

  it('closes a gap by reading it, once', async () => {
    held = [1, 2, 3, 4].map((n) => message(n))
    const threads = await started()
    threads.heard(said(1))
    threads.heard(said(4))
    threads.heard(said(4))
    await settle()
    expect(texts(threads)).toEqual([1, 2, 3, 4])
    expect(vi.mocked(readThread).mock.calls.map(([, after]) => after)).toEqual([1, 3])
  })

  it('drops what it knows already', async () => {
    const threads = await started()
    for (const n of [1, 2, 2, 1]) threads.heard(said(n))
    expect(texts(threads)).toEqual([1, 2])
  })

  it('does not turn for ever on a page that does not follow', async () => {
    const threads = await started()
    vi.mocked(readThread).mockResolvedValue({ ok: true, status: 200, data: { messages: [message(7)], more: true } })
    await threads.read(contact)
    expect(vi.mocked(readThread)).toHaveBeenCalledTimes(1)
  })

  it('says when it could not be read', async () => {
    const threads = await started()
    vi.mocked(readThread).mockResolvedValue({ ok: false, status: 0, error: { code: 'unavailable', message: '' }, raw: null })
    await threads.read(contact)
    expect(threads.of(contact).failed).toBe(true)
  })

  it('follows what the conversation holds, but not while it rings', async () => {
    held = [message(1), message(2)]
    const threads = await started()
    threads.follow({ contact, state: 'ringing', last_seq: 2 } as Conversation)
    expect(vi.mocked(readThread)).not.toHaveBeenCalled()
    threads.follow({ contact, state: 'open', last_seq: 2 } as Conversation)
    await settle()
    threads.follow({ contact, state: 'open', last_seq: 2 } as Conversation)
    expect(texts(threads)).toEqual([1, 2])
    expect(vi.mocked(readThread)).toHaveBeenCalledTimes(1)
  })

  it('counts what the citizen wrote and nobody has seen', async () => {
    const threads = await started()
    threads.heard(said(1))
    threads.heard(said(2, { from: 'house' }))
    expect(threads.unread(contact)).toBe(1)
    threads.look(contact)
    threads.heard(said(3))
    expect(threads.unread(contact)).toBe(0)
    threads.look(null)
    threads.heard(said(4))
    expect(threads.unread(contact)).toBe(1)
  })

  it('believes that the citizen writes for ten seconds, or until the word is here', async () => {
    const threads = await started()
    threads.typing(contact, true)
    expect(threads.of(contact).typingUntil).toBe(Date.now() + 10_000)
    threads.heard(said(1))
    expect(threads.of(contact).typingUntil).toBe(0)
  })
})

describe('the composer', () => {
  it('sends trimmed text under one name and is free at once', async () => {
    const threads = await started()
    threads.write(contact, '  您好 \n')
    expect(threads.send(contact)).toBe(true)
    expect(threads.of(contact).draft).toBe('')
    expect(threads.of(contact).outgoing[0]?.state).toBe('sending')
    await settle()
    expect(lines.send).toHaveBeenCalledWith(contact, expect.stringMatching(/^[0-9A-Z]{26}$/), '您好')
    expect(threads.of(contact).outgoing).toEqual([])
  })

  it.each([['blank', '  \n '], ['too long', '字'.repeat(longestText + 1)]])('does not send what is %s', async (_, text) => {
    const threads = await started()
    threads.write(contact, text)
    expect(threads.send(contact)).toBe(false)
    expect(threads.of(contact).draft).toBe(text)
    expect(lines.send).not.toHaveBeenCalled()
  })

  it('counts characters, not halves of them', async () => {
    const threads = await started()
    threads.write(contact, '😀'.repeat(longestText))
    expect(threads.send(contact)).toBe(true)
  })

  it('keeps a message that was lost, and tries again under the same name', async () => {
    const threads = await started()
    lines.send.mockRejectedValueOnce(refusal('unavailable'))
    threads.write(contact, '您好')
    threads.send(contact)
    await settle()
    const [o] = threads.of(contact).outgoing
    expect(o?.state).toBe('lost')
    threads.retry(contact, o!.cmid)
    await settle()
    expect(lines.send.mock.calls[0]).toEqual(lines.send.mock.calls[1])
    expect(threads.of(contact).outgoing).toEqual([])
  })

  it('sends again by itself what was lost, not what was refused', async () => {
    const threads = await started()
    for (const code of ['unavailable', 'conflict']) {
      lines.send.mockRejectedValueOnce(refusal(code))
      threads.write(contact, code)
      threads.send(contact)
    }
    await settle()
    threads.again([contact])
    await settle()
    expect(lines.send.mock.calls.map(([, , text]) => text)).toEqual(['unavailable', 'conflict', 'unavailable'])
    expect(threads.of(contact).outgoing.map((o) => o.state)).toEqual(['refused'])
  })

  it('is confirmed by the event too, whichever is first', async () => {
    const threads = await started()
    let done: (v: unknown) => void = () => undefined
    lines.send.mockReturnValueOnce(new Promise((ok) => (done = ok)))
    threads.write(contact, '您好')
    threads.send(contact)
    const cmid = threads.of(contact).outgoing[0]!.cmid
    threads.heard(said(1, { from: 'agent', text: '您好' }, cmid))
    expect(threads.of(contact).outgoing).toEqual([])
    done({})
    await settle()
    expect(texts(threads)).toEqual([1])
  })

  it('takes an unsent message back before what is being written', async () => {
    const threads = await started()
    lines.send.mockRejectedValueOnce(refusal('conflict'))
    threads.write(contact, '一')
    threads.send(contact)
    await settle()
    threads.write(contact, '二')
    threads.withdraw(contact, threads.of(contact).outgoing[0]!.cmid)
    expect(threads.of(contact).draft).toBe('一\n二')
    expect(threads.of(contact).outgoing).toEqual([])
  })

  it('tells that the agent writes, at most each three seconds, and when it stops', async () => {
    const threads = await started()
    for (const text of ['a', 'ab', 'abc']) threads.write(contact, text)
    expect(lines.typing.mock.calls).toEqual([[contact, true]])
    vi.advanceTimersByTime(3000)
    threads.write(contact, 'abcd')
    threads.write(contact, '')
    expect(lines.typing.mock.calls).toEqual([[contact, true], [contact, true], [contact, false]])
  })

  it('is kept on this machine, and found after a reload with what was not sent', async () => {
    const threads = await started()
    threads.write(contact, '草稿')
    vi.advanceTimersByTime(250)
    expect(put).toHaveBeenCalledWith(`c:${contact}`, expect.any(Number), { draft: '草稿', outgoing: [] })
    setActivePinia(createPinia())
    left = [{ contact: `c:${contact}`, at: 1, record: { draft: '草稿', outgoing: [{ cmid: 'X', text: '未发', at: 1 }] } }]
    const later = await started()
    expect(later.of(contact).draft).toBe('草稿')
    later.again([contact])
    await settle()
    expect(lines.send).toHaveBeenCalledWith(contact, 'X', '未发')
  })

  it('leaves nothing behind at the end of the shift', async () => {
    const threads = await started()
    threads.write(contact, '草稿')
    await threads.wipe()
    expect(threads.all.size).toBe(0)
    expect(DraftStore.prototype.wipe).toHaveBeenCalled()
  })
})

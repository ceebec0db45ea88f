import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, outcome, type ErrorBody, type Schemas } from '../api/client'
import { newId, randomBytes } from '../browser/id'
import { DeskSocket, ServerClock, type Board, type BoardAgent, type DeskNotice, type LinkStatus, type World } from '../socket'

/** Data older than this is shown as standing still. */
export const staleMs = 3000

const world: World = {
  dial: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/desk/socket`),
  now: () => Date.now(),
  chance: () => Math.random(),
  random: randomBytes,
  after(ms, run) {
    const id = setTimeout(run, ms)
    return () => clearTimeout(id)
  },
}

/** The hall as a supervisor sees it, over a socket of its own that never asks for the phone. */
export const useBoard = defineStore('board', () => {
  const clock = new ServerClock(() => performance.now(), () => Date.now())
  const data = shallowRef<Board | null>(null)
  const agents = shallowRef<ReadonlyMap<string, BoardAgent>>(new Map())
  const link = ref<LinkStatus>('closed')
  const now = ref(Date.now())
  const age = computed(() => (data.value ? Math.max(0, now.value - Date.parse(data.value.at)) : Infinity))
  const stale = computed(() => age.value > staleMs)

  let socket: DeskSocket | null = null
  let tick: ReturnType<typeof setInterval> | null = null

  function watch(signedOut: () => void): void {
    if (socket) return
    socket = new DeskSocket({
      tab: newId(), build: import.meta.env.MODE, world, clock, phone: () => 'view',
      onStatus: (s) => {
        link.value = s
        if (s === 'signed_out') signedOut()
      },
      onWelcome: () => void socket?.command('board.watch', { on: true }).catch(() => undefined),
      onEvent: () => undefined,
      onNotice: take,
    })
    socket.open()
    tick ??= setInterval(() => (now.value = clock.now()), 250)
  }

  function take(n: DeskNotice): void {
    if (n.type === 'board.agents') agents.value = joined(n.data.first ? new Map() : agents.value, n.data.agents, [])
    if (n.type !== 'board') return
    data.value = n.data
    now.value = clock.now()
    if (n.data.agents.length > 0 || n.data.gone.length > 0) agents.value = joined(agents.value, n.data.agents, n.data.gone)
  }

  function leave(): void {
    if (tick !== null) clearInterval(tick)
    tick = null
    const s = socket
    socket = null
    s?.close()
    data.value = null
    agents.value = new Map()
  }

  /** A supervisor's pick; null when the agent's desk rings. */
  async function assign(contact: string, agent: string): Promise<ErrorBody | null> {
    const r = await outcome(api.POST('/contacts/{id}/assign', { params: { path: { id: contact } }, body: { agent } }))
    return r.ok ? null : r.error
  }

  async function recent(limit = 50): Promise<Schemas['Record'][] | null> {
    const r = await outcome(api.GET('/contacts', { params: { query: { limit } } }))
    return r.ok ? r.data.contacts : null
  }

  return { data, agents, link, now, age, stale, watch, leave, take, assign, recent }
})

/** A list with some replaced and some gone. */
export function joined(list: ReadonlyMap<string, BoardAgent>, changed: readonly BoardAgent[], gone: readonly string[]): ReadonlyMap<string, BoardAgent> {
  const next = new Map(list)
  for (const a of changed) next.set(a.id, a)
  for (const id of gone) next.delete(id)
  return next
}

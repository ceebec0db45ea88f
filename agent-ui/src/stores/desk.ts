import { defineStore } from 'pinia'
import { computed, nextTick, reactive, ref, shallowRef } from 'vue'
import { Attention } from '../browser/attention'
import { randomBytes, tabId } from '../browser/id'
import { PhoneTab } from '../browser/tab'
import { citizenName, half, language, t, tWord } from '../i18n/t'
import { Phone, type DeviceList, type MicrophoneFault, type Role, type Verdict } from '../phone'
import {
  CommandError, DeskSocket, initialState, reduce, ServerClock, welcomed,
  type BreakReason, type Call, type Conversation, type DeskEvent, type DeskNotice, type DeskState, type LegChanged, type LinkStatus, type Welcome, type World,
} from '../socket'
import { cardOf, cardOfConversation, useForms } from './forms'
import { useNotices } from './notices'
import { useSession } from './session'
import { useSettings } from './settings'
import { useThreads } from './threads'

/** Double-click protection: after an answer, hang-up is inert this long. */
const inertMs = 800
export const maxExtensions = 2

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

/** Where a call's audio is: '' at the desk's own node, and after the talk. */
function nodeOf(c: Call | null): string {
  return c && c.state !== 'wrapup' ? (c.node ?? '') : ''
}

/** Somebody is writing in a form: a ring must not slip another one under the hands. */
function typing(): boolean {
  return document.activeElement?.matches('#form input, #form textarea') ?? false
}

/** The desk: socket, state and phone of one signed-in agent, joined. */
export const useDesk = defineStore('desk', () => {
  const notices = useNotices()
  const forms = useForms()
  const threads = useThreads()
  const session = useSession()
  const settings = useSettings()
  const attention = new Attention()
  const clock = new ServerClock(() => performance.now(), () => Date.now())

  const state = shallowRef<DeskState>(initialState())
  const link = ref<LinkStatus>('closed')
  const welcomedOnce = ref(false)
  /** Server time, twice a second, for everything that counts. */
  const now = ref(Date.now())
  const busy = reactive(new Set<string>())
  const answeredAt = ref(-Infinity)
  const sound = ref(false)
  const microphone = ref<'closed' | 'open' | MicrophoneFault>('closed')
  const devices = shallowRef<DeviceList>({ inputs: [], outputs: [] })
  const quality = shallowRef<Verdict | null>(null)
  /** A device was pulled and this one stands in for it. */
  const standIn = ref<{ role: Role; label: string } | null>(null)
  const secondTab = ref(false)
  const dialogWanted = ref(false)

  let socket: DeskSocket | null = null
  let phone: Phone | null = null
  let tab: PhoneTab | null = null
  let node = ''
  let tick: ReturnType<typeof setInterval> | null = null

  const call = computed(() => state.value.call)
  const conversations = computed(() => state.value.conversations)
  const agent = computed(() => state.value.agent)
  const online = computed(() => link.value === 'open')
  const inCall = computed(() => call.value?.state === 'talking' || call.value?.state === 'held')
  const lineTitle = (c: Pick<Call, 'line'>): string => (language.value === 'en' ? c.line.title_en || c.line.title : c.line.title)

  /** The phone exists from the click on the sign-in page on, before the socket. */
  function ensurePhone(): Phone {
    phone ??= new Phone({
      command: (type, data) => (socket ? socket.command(type, data) : Promise.reject(new Error('no socket'))),
      choices: settings.kept.devices,
      gainControl: settings.kept.gainControl,
      events: {
        onConnection: (c) => (state.value = { ...state.value, leg: state.value.leg === 'proven' && c === 'connected' ? 'proven' : c }),
        onMicrophone: (fault) => (microphone.value = fault ?? 'open'),
        onDevices: (list) => (devices.value = list),
        onSwitched: switched,
        onQuality: (verdict) => (quality.value = verdict),
      },
    })
    return phone
  }

  /** Told in a passing message, and by a bar for as long as the device is a stand-in. */
  function switched(role: Role, label: string, back: boolean): void {
    notices.say(back ? 'good' : 'warn', t(back ? 'notice.deviceBack' : 'notice.switched', { label }))
    if (!back) standIn.value = { role, label }
    else if (standIn.value?.role === role) standIn.value = null
  }

  /** In the sign-in click: sound, notifications. */
  async function unlockSound(): Promise<boolean> {
    const p = ensurePhone()
    sound.value = await p.unlock()
    return sound.value
  }

  async function openMicrophone(): Promise<boolean> {
    const opened = await ensurePhone().openMicrophone()
    // An open microphone also lets sound out without a click.
    if (opened) sound.value = await ensurePhone().unlock()
    return opened
  }

  /** Starts the desk of the signed-in account. */
  async function start(): Promise<void> {
    if (socket || !session.account) return
    const account = session.account.account
    void forms.start(account)
    void threads.start(account, {
      send: (contact, cmid, text) => socket?.command('message.send', { contact, cmid, text }) ?? Promise.reject(new Error('no socket')),
      typing: (contact, on) => void (online.value && socket?.command('typing', { contact, on }).catch(() => undefined)),
    }).then(() => online.value && threads.again(state.value.conversations.map((c) => c.contact)))
    const p = ensurePhone()
    // After a reload in a call nothing waits for the microphone: it joins when it is open.
    if (microphone.value !== 'open') void openMicrophone()
    tab = new PhoneTab(account, { onLost: tabLost, onGained: () => void takePhone() })
    const owner = await tab.claim()
    secondTab.value = !owner
    socket = new DeskSocket({
      tab: tabId(!owner), build: import.meta.env.MODE, world, clock,
      phone: () => (tab?.owner ? 'ask' : 'view'),
      onStatus: linkChanged, onWelcome: greeted, onEvent: heard, onNotice: told,
    })
    socket.open()
    tick ??= setInterval(() => {
      now.value = clock.now()
      if (p.ringer.running !== sound.value) sound.value = p.ringer.running
    }, 250)
  }

  function linkChanged(s: LinkStatus): void {
    link.value = s
    if (s === 'signed_out') leave('expired')
  }

  function greeted(w: Welcome): void {
    const before = state.value
    node = w.node
    welcomedOnce.value = true
    now.value = clock.now()
    state.value = welcomed(before, w)
    dialogWanted.value = !w.phone && w.other !== null && !secondTab.value
    if (w.phone) void phone?.connect(w.node, !w.resumed && w.snapshot?.agent.leg === 'none')
    else phone?.drop()
    if (!w.resumed) void forms.refresh()
    follow(before)
    threads.again(state.value.conversations.map((c) => c.contact))
  }

  function heard(e: DeskEvent): void {
    const before = state.value
    state.value = reduce(before, e)
    if (e.type === 'phone.lost') phoneLost()
    if (e.type === 'leg.changed') legChanged(e.data)
    if (e.type === 'ticket.changed') forms.delivered(e.data.contact, e.data.number, e.data.delivery)
    if (e.type === 'message') threads.heard(e.data)
    if (e.type === 'conversation.stopped' && !conversationOf(e.data.contact)) missedConversation(e.data.contact, e.data.why)
    if (e.type === 'conversation.taken') takenConversation(e.data.contact)
    if (e.type === 'call.stopped' && state.value.call?.contact !== e.data.contact) forms.missed(e.data.contact)
    follow(before)
  }

  function legChanged({ node: at, gen, state: is }: LegChanged): void {
    if (at && is === 'disconnected') phone?.farLost(at, gen)
    if (at) return
    if (is === 'connected') phone?.nodeConnected(gen)
    if (is === 'disconnected') phone?.nodeLost(gen)
  }

  function told(n: DeskNotice): void {
    switch (n.type) {
      case 'leg.answer': return void phone?.answer(n.data)
      case 'leg.tone': return void phone?.tone(n.data)
      case 'call.quality': return void (n.data.contact === call.value?.contact && phone?.nodeMeasured(n.data.citizen.mos, n.data.agent.mos))
      case 'typing': return threads.typing(n.data.contact, n.data.on)
      case 'drain': return notices.say('info', t('notice.drain'))
      case 'kicked': return void (session.farewell = 'kicked')
    }
  }

  /** Everything that a change of state makes happen. */
  function follow(before: DeskState): void {
    const [was, is] = [before.call, state.value.call]
    const rang = was?.state === 'ringing' ? `${was.contact}/${was.token}` : ''
    const rings = is?.state === 'ringing' ? `${is.contact}/${is.token}` : ''
    if (rings !== rang) {
      stopRing()
      if (rings !== '' && is) startRing(is)
    }
    followConversations(before.conversations)
    if (state.value.stopped && state.value.stopped !== before.stopped) tellStop(state.value.stopped.why)
    if (is && is.contact !== was?.contact) void forms.open(cardOf(is), is.state !== 'ringing' || !typing())
    if (is && is.state !== 'ringing' && was?.state === 'ringing') forms.selected = is.contact
    if (is?.state === 'talking' && was?.state === 'ringing') answeredAt.value = performance.now()
    if (is?.apart_until && !was?.apart_until) phone?.unheard()
    if (was?.apart_until && is && !is.apart_until && is.state === 'talking') notices.say('good', t('notice.rejoined'))
    if (state.value.taken && state.value.taken.contact !== before.taken?.contact) toldTaken(state.value.taken.contact)
    if (was?.state === 'wrapup' && !is && !busy.has('wrapup.finish')) notices.say('info', t('notice.ended'))
    if (!is) quality.value = null
    const talking = is?.state === 'talking' || is?.state === 'held'
    void phone?.speak({ busy: talking || is?.state === 'ringing', talking, muted: (is?.muted ?? false) || is?.state === 'held', node: nodeOf(is) })
  }

  const conversationOf = (contact: string): Conversation | undefined => state.value.conversations.find((c) => c.contact === contact)

  /** New ones ring and get their card; each brings its thread up to date. */
  function followConversations(before: readonly Conversation[]): void {
    if (before === state.value.conversations) return
    for (const c of state.value.conversations) {
      const was = before.find((k) => k.contact === c.contact)
      if (!was) void forms.open(cardOfConversation(c), false)
      if (c.state === 'ringing' && (was?.state !== 'ringing' || was.token !== c.token)) ringConversation(c)
      threads.follow(c)
      if (was?.state === 'ringing' && c.state === 'open' && !typing() && !inCall.value) forms.selected = c.contact
      if (c.reply_overdue && was && !was.reply_overdue) notices.say('warn', t('chat.overdue', { who: citizenName(c.citizen) }))
    }
    const rings = state.value.conversations.some((c) => c.state === 'ringing')
    if (!call.value && !rings && before.some((c) => c.state === 'ringing')) stopRing()
  }

  function ringConversation(c: Conversation): void {
    const text = { line: lineTitle(c), citizen: citizenName(c.citizen) }
    // In a talk the citizen is heard, not a ring.
    if (state.value.phone && !call.value) {
      phone?.ringer.start()
      attention.start(t('chat.tabTitle', text), `${text.line} ${text.citizen}`, c.contact)
    }
    notices.alarm = t('chat.announce', text)
    void nextTick(() => {
      if (state.value.phone) void socket?.command('offer.shown', { contact: c.contact, token: c.token }).catch(() => undefined)
    })
  }

  function missedConversation(contact: string, why: string): void {
    forms.missed(contact)
    threads.forget(contact)
    const text = tWord('stopped', why)
    notices.say(why === 'unanswered' || why === 'unreachable' ? 'warn' : 'info', text)
  }

  function takenConversation(contact: string): void {
    notices.say('bad', t('chat.taken'))
    threads.forget(contact)
    void forms.handOver(contact)
  }

  /** The citizen waits for another agent, and the form goes along. */
  function toldTaken(contact: string): void {
    notices.say('bad', t('notice.taken'))
    notices.alarm = t('notice.taken')
    void forms.handOver(contact)
  }

  function startRing(c: Call): void {
    const text = { line: lineTitle(c), caller: c.caller || t('bar.anonymous') }
    if (state.value.phone) {
      phone?.ringer.start()
      attention.start(t('ring.tabTitle', text), `${text.line} ${text.caller}`, c.contact)
    }
    notices.alarm = t('ring.announce', text)
    void nextTick(() => {
      if (state.value.phone) void socket?.command('offer.shown', { contact: c.contact, token: c.token }).catch(() => undefined)
    })
  }

  function stopRing(): void {
    phone?.ringer.stop()
    attention.stop()
    notices.alarm = ''
  }

  function tellStop(why: string): void {
    const text = tWord('stopped', why)
    notices.alarm = text
    notices.say(why === 'unanswered' || why === 'unreachable' ? 'warn' : 'info', text)
  }

  function phoneLost(): void {
    phone?.drop()
    dialogWanted.value = !secondTab.value
  }

  function tabLost(): void {
    secondTab.value = true
    phone?.drop()
  }

  /** Moves the phone here, from another tab or another desk. */
  async function takePhone(): Promise<void> {
    dialogWanted.value = false
    await tab?.take()
    secondTab.value = false
    if (microphone.value !== 'open') await openMicrophone()
    if (!(await order('phone.take', {}))) return
    state.value = { ...state.value, phone: true, phoneElsewhere: null }
    await phone?.connect(node, true)
  }

  type Order = Parameters<DeskSocket['command']>

  /** Sends a command; failure is told in words. True on success. */
  async function order(...[type, data]: Order): Promise<boolean> {
    if (!socket || busy.has(type)) return false
    busy.add(type)
    try {
      await socket.command(type, data as never)
      return true
    } catch (error) {
      notices.say('bad', words(type, error))
      return false
    } finally {
      setTimeout(() => busy.delete(type), 50)
    }
  }

  function words(type: string, error: unknown): string {
    const e = error instanceof CommandError ? error : null
    if (e?.code === 'stale' && type.endsWith('.accept')) return t('notice.answerStale')
    if (e?.code === 'not_ready') return t('notice.notReady')
    if (!e || (e.code === 'unavailable' && e.body.message === '')) return t('notice.commandLost')
    return t('notice.commandFailed', { why: half(e.body.message || e.code) })
  }

  const answer = (): Promise<boolean> => onRing('call.accept')
  const decline = (): Promise<boolean> => onRing('call.decline')

  /** F2: the call first, then the conversation that came first. */
  async function answerFirst(): Promise<boolean> {
    if (call.value?.state === 'ringing') return answer()
    const ringing = state.value.conversations.find((c) => c.state === 'ringing')
    return ringing ? onConversation('conversation.accept', ringing) : false
  }

  async function onConversation(type: 'conversation.accept' | 'conversation.decline', c: Conversation): Promise<boolean> {
    if (c.state !== 'ringing' || !state.value.phone) return false
    return order(type, { contact: c.contact, token: c.token })
  }

  type Plain = 'conversation.park' | 'conversation.resume' | 'conversation.close' | 'wrapup.extend' | 'wrapup.finish'
  const conversationOrder = (type: Plain, contact: string): Promise<boolean> => order(type, { contact })

  async function onRing(type: 'call.accept' | 'call.decline'): Promise<boolean> {
    const c = call.value
    if (c?.state !== 'ringing' || !state.value.phone) return false
    return order(type, { contact: c.contact, token: c.token })
  }

  async function toggleHold(): Promise<void> {
    const c = call.value
    if (!c || !inCall.value) return
    await order(c.state === 'held' ? 'call.resume' : 'call.hold', { contact: c.contact })
  }

  async function toggleMute(): Promise<void> {
    const c = call.value
    if (!c || !inCall.value) return
    const on = !c.muted
    // The local track first: silence must not wait for the network.
    if (on) void phone?.speak({ busy: true, talking: true, muted: true, node: nodeOf(c) })
    if (!(await order('call.mute', { contact: c.contact, on })) && on) void phone?.speak({ busy: true, talking: true, muted: c.muted, node: nodeOf(c) })
  }

  async function hangup(): Promise<void> {
    const c = call.value
    if (!c || !inCall.value || performance.now() - answeredAt.value < inertMs) return
    await order('call.hangup', { contact: c.contact })
  }

  async function setReady(): Promise<void> {
    await order('agent.state', { state: 'ready' })
  }

  async function setBreak(reason: BreakReason): Promise<void> {
    await order('agent.state', { state: 'break', reason })
  }

  async function cancelPending(): Promise<void> {
    await order('agent.state', { state: 'none' })
  }

  async function extendWrapup(): Promise<void> {
    const c = call.value
    if (c?.state === 'wrapup' && c.extended < maxExtensions) await order('wrapup.extend', { contact: c.contact })
  }

  async function finishWrapup(): Promise<void> {
    const c = call.value
    if (c?.state === 'wrapup') await order('wrapup.finish', { contact: c.contact })
  }

  async function prove(): Promise<void> {
    if (microphone.value !== 'open') await openMicrophone()
    await phone?.prove()
  }

  /** Ends the shift: drafts go to the server, then everything here is forgotten. */
  async function signOut(): Promise<void> {
    await forms.pushAll()
    leave(null)
    await session.signOut()
  }

  function leave(why: 'expired' | null): void {
    stopRing()
    if (why && session.farewell === null) session.farewell = why
    if (tick !== null) clearInterval(tick)
    tick = null
    const s = socket
    socket = null
    if (why === null) s?.close()
    phone?.close()
    phone = null
    tab?.close()
    tab = null
    state.value = initialState()
    welcomedOnce.value = false
    microphone.value = 'closed'
    secondTab.value = false
    if (why === null) void forms.wipe()
    if (why === null) void threads.wipe()
    session.account = null
  }

  /** Why the agent cannot become ready now; '' when it can. */
  const notReadyWhy = computed(() => {
    if (!state.value.phone) return t('why.notHere')
    if (!online.value) return t('why.offline')
    if (microphone.value !== 'open' && microphone.value !== 'closed') return t(`mic.${microphone.value}`)
    if (!sound.value) return t('why.soundBlocked')
    if (state.value.leg !== 'proven') return t('why.noAudio')
    return ''
  })

  const inert = computed(() => now.value > 0 && performance.now() - answeredAt.value < inertMs)

  return {
    state, call, conversations, agent, link, online, welcomedOnce, now, busy, sound, microphone, devices, quality, standIn, secondTab, dialogWanted,
    inCall, inert, notReadyWhy, attention,
    unlockSound, openMicrophone, start, answer, answerFirst, decline, onConversation, conversationOrder, conversationOf, toggleHold, toggleMute, hangup, setReady, setBreak, cancelPending,
    extendWrapup, finishWrapup, prove, takePhone, signOut, lineTitle, phone: ensurePhone,
  }
})

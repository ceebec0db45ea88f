import { texts } from './texts.js'
import { Link, store } from './link.js'

const $ = (id) => document.getElementById(id)
const text = $('text')
let language = store.get('language', 'zh')
let t = texts[language]
let topics = []
let line = 'connecting' // connecting, open, broken, replaced
let open = true
let told = '' // what went wrong last
let typingUntil = 0
let reading = Promise.resolve()
const now = { conversation: '', state: 'none', agent: '', queue: null, events: [] }

function show() {
  t = texts[language]
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.title = t.title
  for (const e of document.querySelectorAll('[data-text]')) e.textContent = t[e.dataset.text]
  $('language').textContent = t.language
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN'
  $('broken').hidden = line !== 'broken' && line !== 'replaced'
  $('broken').textContent = line === 'replaced' ? t.reloaded : t.broken
  $('status').textContent = [told, status()].filter(Boolean).join(' ')
  const serving = now.state === 'waiting' || now.state === 'serving'
  $('close').hidden = !serving
  $('topics').hidden = serving || topics.length === 0
  showTopics()
  showLog()
  count()
}

function status() {
  if (typingUntil > Date.now() && now.state === 'serving') return t.typing
  switch (now.state) {
    case 'waiting': return t.waiting + (now.queue ? ' ' + place(now.queue) : '')
    case 'serving': return t.serving(now.agent)
    case 'closed': return t.closed
    default: return line === 'connecting' ? t.connecting : open ? t.hello : t.offline
  }
}

const place = (q) => t.before(q.place) + ' ' + (q.low === undefined ? t.noWait : t.wait(q.low, q.high))

function showTopics() {
  const select = $('topic')
  const chosen = select.value
  select.replaceChildren(new Option(t.anyTopic, ''), ...topics.map((o) => new Option(o.title[language], o.name)))
  select.value = chosen
}

function element(name, className, content) {
  const e = document.createElement(name)
  e.className = className
  e.textContent = content
  return e
}

function bubble(from, who, words, when, className = '') {
  const e = element('div', `message ${from} ${className}`, '')
  e.append(element('small', '', `${who} · ${when}`), element('p', '', words))
  return e
}

const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' })

function entry(e) {
  switch (e.kind) {
    case 'joined': return element('p', 'note', t.joined(e.agent))
    case 'closed': return element('p', 'note', t.over)
    case 'message': return bubble(e.from, e.from === 'citizen' ? t.me : e.from === 'agent' ? t.agent(e.agent) : t.house, e.text, clock(e.at))
    default: return element('p', 'note', '')
  }
}

function showLog() {
  const log = $('log')
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60
  const shown = now.events.map(entry)
  const known = new Set(now.events.map((e) => e.cmid))
  for (const m of link.outbox) {
    if (!known.has(m.cmid)) shown.push(bubble('citizen', t.me, m.text, t.pending, 'pending'))
  }
  // Only what is new is put in, so that a screen reader says it once.
  const same = shown.findIndex((e, i) => !log.children[i]?.isEqualNode(e))
  if (same >= 0 || log.children.length > shown.length) {
    const from = same < 0 ? shown.length : same
    while (log.children.length > from) log.lastChild.remove()
    log.append(...shown.slice(from))
  }
  if (atEnd) log.scrollTop = log.scrollHeight
}

function count() { $('count').textContent = text.value.length > 3500 ? `${[...text.value].length} / 4000` : '' }

// begin forgets the conversation before.
function begin(conversation) {
  Object.assign(now, { conversation, events: [], agent: '', queue: null })
  link.where = { conversation, seq: 0 }
}

// take keeps an event once, in order; a hole is read over HTTP.
function take(e) {
  if (e.conversation !== now.conversation) begin(e.conversation)
  if (e.seq <= link.where.seq) return
  if (e.seq > link.where.seq + 1) return fill()
  link.where.seq = e.seq
  now.events.push(e)
  if (e.kind === 'closed') now.state = 'closed'
  else if (e.kind === 'joined') Object.assign(now, { state: 'serving', agent: e.agent, queue: null })
  else if (now.state !== 'serving') now.state = 'waiting'
  if (e.from === 'agent') typingUntil = 0
  if (document.visibilityState === 'visible') link.write({ type: 'read', conversation: e.conversation, seq: e.seq })
}

function fill() {
  reading = reading.then(async () => {
    for (let more = true; more;) {
      const conversation = now.conversation
      const got = await link.history(conversation, link.where.seq)
      if (conversation !== now.conversation) return
      for (const e of got.events) if (e.seq === link.where.seq + 1) take(e)
      more = got.events.length === 100
    }
    show()
  }).catch(() => {}) // the next event or welcome asks again
}

function frame(f) {
  switch (f.type) {
    case 'welcome':
      if (f.conversation !== now.conversation && !now.conversation) begin(f.conversation)
      if (f.conversation === now.conversation) {
        Object.assign(now, { state: f.state, agent: f.agent ?? '', queue: f.queue ?? null })
        if (f.head_seq < link.where.seq) begin(f.conversation)
        if (link.polling && f.head_seq > link.where.seq) fill()
      } else if (link.polling) {
        begin(f.conversation)
        fill()
      }
      break
    case 'event': take(f); break
    case 'gap': if (f.conversation === now.conversation || !now.conversation) fill(); break
    case 'signal': signal(f); break
    case 'ack': told = ''; break
    default: return
  }
  show()
}

function signal(f) {
  if (f.signal === 'queue') now.queue = { place: f.place, low: f.low, high: f.high }
  if (f.signal === 'queued') Object.assign(now, { state: 'waiting', agent: '' })
  if (f.signal === 'typing') {
    typingUntil = f.on ? Date.now() + f.expires_ms : 0
    setTimeout(show, f.expires_ms)
  }
}

function submit() {
  const words = text.value
  if (!words.trim()) return
  if ([...words].length > 4000) { told = t.tooLong; return show() }
  link.send(words, $('topic').value)
  text.value = ''
  told = ''
  show()
  $('log').scrollTop = $('log').scrollHeight
  text.focus()
}

$('form').addEventListener('submit', (e) => { e.preventDefault(); submit() })
// What would break the line sends, unless Shift is held. An Enter that ends a Chinese composition
// breaks no line, whatever key codes the browser gives it, and is not for us.
let shift = false
for (const kind of ['keydown', 'keyup']) text.addEventListener(kind, (e) => { shift = e.shiftKey })
text.addEventListener('beforeinput', (e) => {
  if ((e.inputType !== 'insertLineBreak' && e.inputType !== 'insertParagraph') || shift || e.isComposing) return
  e.preventDefault()
  submit()
})
text.addEventListener('input', count)
$('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh'
  store.set('language', language)
  show()
})
$('close').addEventListener('click', async () => {
  if (!confirm(t.confirm)) return
  try { await link.close(now.conversation) } catch { told = t.broken }
  show()
  text.focus()
})

const link = new Link({
  frame, state(s) { line = s; show() },
  refused(m, code) { told = `${t.refused}: ${code === 'full' ? t.full : code === 'too_long' ? t.tooLong : m.text.slice(0, 20)}`; show() },
  dropped(n) { told = t.dropped(n) },
})

async function start() {
  show()
  for (let wait = 1000; ; wait = Math.min(2 * wait, 30000)) {
    try {
      const site = await (await fetch('v1/health/channel')).json()
      open = site.open
      topics = site.topics ?? []
      link.begin(site.app_key)
      return show()
    } catch {
      line = 'broken'
      show()
      await new Promise((go) => setTimeout(go, Math.random() * wait))
    }
  }
}

start()

// What the browser tests and the screenshots share: a browser, a fake node, a signed-in desk.
import { chromium } from 'playwright-core'
import { axeSource, FakeNode } from '../fake/node.mjs'

const flags = [
  '--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags })
}

/** Opens a desk; `gateway` gives it a real voice leg to prove. */
export async function openDesk(browser, { theme = 'light', language = 'zh-CN', width = 1366, height = 625, gateway = false, node: options = {}, context: given } = {}) {
  const node = await new FakeNode(options).start()
  const context = given ?? (await browser.newContext({ viewport: { width, height }, permissions: ['microphone', 'notifications', 'clipboard-write'], locale: language }))
  await context.addInitScript(([t, l]) => {
    if (!localStorage.getItem('hotline.settings')) localStorage.setItem('hotline.settings', JSON.stringify({ theme: t, language: l }))
  }, [theme, language])
  if (gateway) {
    const g = await context.newPage()
    await g.goto(`${node.url}/fake/gateway.html`)
    await until(() => node.gateway)
  }
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  const faults = []
  page.on('pageerror', (e) => faults.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/40[49]|422|401|ERR_|WebSocket/.test(m.text()) && faults.push(m.text()))
  await page.goto(`${node.url}/`)
  const at = (name) => page.locator(`[data-testid="${name}"]`)
  const close = async () => {
    if (!opened.delete(close)) return
    if (!given) await context.close()
    await node.stop()
  }
  opened.add(close)
  return { node, page, context, at, faults, close }
}

const opened = new Set()

/** Closes what a failed test left open. */
export async function closeAll() {
  for (const close of opened) await close()
}

export async function signIn({ at, page }) {
  await at('sign-in-account').fill('1024')
  await at('sign-in-password').fill('demo')
  await at('sign-in-submit').click()
  await at('ring-heard-yes').click()
  await page.waitForURL('**/')
  await page.locator('[data-testid="leg-state"][data-state="proven"]').waitFor({ state: 'attached' })
}

export async function makeReady(desk) {
  await desk.at('state-menu').click()
  await desk.at('state-ready').click()
  await desk.page.locator('[data-testid="agent-state"][data-state="ready"]').waitFor()
}

/** Waits for a thing in this process. */
export async function until(test, ms = 8000) {
  const end = Date.now() + ms
  while (Date.now() < end) {
    const got = test()
    if (got) return got
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error(`waited ${ms} ms in vain for ${test}`)
}

/** Waits until what was typed since then is in the browser's own store. */
export async function kept(desk, since, ms = 8000) {
  const newest = () => desk.page.evaluate(async () => {
    const done = (request) => new Promise((ok, no) => Object.assign(request, { onsuccess: () => ok(request.result), onerror: no }))
    const db = await done(indexedDB.open('hotline-desk'))
    const drafts = await done(db.transaction('drafts').objectStore('drafts').getAll())
    db.close()
    return Math.max(0, ...drafts.map((d) => d.at))
  })
  const end = Date.now() + ms
  while ((await newest()) < since) {
    if (Date.now() > end) throw new Error(`nothing typed was kept within ${ms} ms`)
    await new Promise((next) => setTimeout(next, 20))
  }
}

export async function pick(desk, field, words) {
  await desk.at(field).fill(words)
  await desk.page.locator(`[data-testid="${field}-option"]`).first().click()
}

/** Past of a citizen who calls often. */
export function past(node) {
  const day = 86400e3
  node.history = {
    count_30d: 3,
    contacts: [
      { id: '1', accepted: node.now(-2 * day), line: 'citizen', agent: '1031', cause: 'citizen_ended', talk_ms: 184_000 },
      { id: '2', accepted: node.now(-6 * day), line: 'citizen', agent: '1007', cause: 'agent_ended', talk_ms: 96_000 },
      { id: '3', accepted: node.now(-11 * day), line: 'citizen', agent: '', cause: 'abandoned_queue', talk_ms: 0 },
    ],
    tickets: [
      { number: '20261122-0003120-5', created_at: node.now(-2 * day), title: '望湖街道幸福里东门路灯不亮', state: 'working', state_text: '办理中', unit_name: '望湖街道办事处', delivery: 'delivered' },
      { number: '20261118-0001874-2', created_at: node.now(-6 * day), title: '小区垃圾清运不及时', state: 'closed', state_text: '已办结', unit_name: '望湖街道办事处', delivery: 'delivered' },
    ],
  }
}

export async function fillHalf(desk) {
  const { at } = desk
  await at('field-requester-name').fill('王女士')
  await at('field-place-address').fill('望湖路 18 号幸福里小区东门')
  await pick(desk, 'field-division', '望湖 幸福里')
  await at('field-title').fill('幸福里小区东门外路灯连续三天不亮')
  await at('field-content').fill('来电人反映：自 11 月 21 日晚起，小区东门外望湖路由北向南 4 盏路灯不亮，老人夜间出行不便，曾于 22 日反映，至今未修。希望尽快修复并回复。')
  await pick(desk, 'field-item', '市政 路灯')
  await desk.page.locator('[data-testid="proposal"]:not([data-unit=""])').waitFor()
}

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Violations go to `desk.told`. */
export async function axe(desk, state) {
  await desk.page.waitForTimeout(250)
  if (!(await desk.page.evaluate(() => 'axe' in window))) await desk.page.evaluate(axeSource())
  const found = await desk.page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags)
  const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join(' | ')}`)
  desk.told.push(...told.map((x) => `${state}: ${x}`))
}

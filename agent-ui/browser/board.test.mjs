// The board of a supervisor: figures, age, many seats, the pick, decisions; axe in each state.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { axe, closeAll, launch, openDesk, signIn, until } from './desk.mjs'

let browser
before(async () => (browser = await launch()))
afterEach(closeAll)
after(() => browser.close())

async function watching(options = {}) {
  const desk = await openDesk(browser, { width: 1600, height: 900, ...options, node: { role: 'supervisor', ...options.node } })
  const { at, node, page } = desk
  node.recent = [{ contact: '01KDNR00000000000000000001', channel: 'phone', line: 'citizen', source: '', caller: '', accepted: node.now(), held_ms: 0, talk_ms: 0, offers: 1, agent: '1009', cause: 'citizen_ended', recording: false, from_citizen: null, from_agent: null }]
  await page.goto(`${node.url}/board`)
  await at('sign-in-account').fill('2001')
  await at('sign-in-password').fill('demo')
  await at('sign-in-submit').click()
  await page.waitForURL('**/board')
  await at('board-class').first().waitFor()
  return desk
}
const voice = (desk) => desk.page.locator('[data-testid="board-class"][data-class="voice"]')

test('figures, lines, who waits and who works, without phone or microphone', async () => {
  const desk = await watching()
  const { at, node } = desk
  assert.equal(await voice(desk).locator('[data-testid="board-waiting"]').textContent(), '6')
  assert.equal(await voice(desk).locator('[data-testid="board-level"]').textContent(), '93.1%')
  assert.equal(await voice(desk).locator('[data-testid="board-loss"]').first().getAttribute('data-cause'), 'abandoned_queue')
  assert.equal(await at('board-line').count(), 4)
  assert.equal(await at('board-contact').count(), 6)
  assert.equal(await at('recent-contact').count(), 1)
  assert.equal(node.lastHello.phone, 'view')
  assert.equal(node.commands.filter((c) => c.type === 'leg.offer').length, 0)
  assert.deepEqual(desk.faults, [])
})

test('the age is always shown and turns red when the hall stands still', async () => {
  const desk = await watching()
  const { at, node, page } = desk
  await page.locator('[data-testid="board-age"][data-stale="false"]').waitFor()
  node.frozen = true
  await page.locator('[data-testid="board-age"][data-stale="true"]').waitFor({ timeout: 6000 })
  assert.match(await at('board-age').textContent(), /数据停滞 00:0[3-9]/)
  const waited = await voice(desk).locator('[data-testid="board-oldest"]').textContent()
  await until(async () => (await voice(desk).locator('[data-testid="board-oldest"]').textContent()) !== waited)
  node.frozen = false
  await page.locator('[data-testid="board-age"][data-stale="false"]').waitFor()
})

test('2,000 seats stay smooth, filtered and found', async () => {
  const desk = await watching({ node: { seats: 2000 } })
  const { at, node, page } = desk
  const shown = await at('board-agent').count()
  assert.ok(shown > 20 && shown < 150, `${shown} seats in the page`)
  assert.match(await at('board-agents').locator('h2').textContent(), /2000/)
  const slow = await page.evaluate(async () => {
    const grid = document.querySelector('[data-testid="board-agents"] .grid')
    let longest = 0
    for (let i = 0; i < 20; i++) {
      const at = performance.now()
      grid.scrollTop += 700
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))
      longest = Math.max(longest, performance.now() - at)
    }
    return longest
  })
  assert.ok(slow < 500, `a scroll took ${slow} ms`)
  await page.locator('[data-testid="board-state"][data-state="ready"]').click()
  await until(async () => (await page.locator('[data-testid="board-agent"]:not([data-state="ready"])').count()) === 0)
  await at('board-find').fill('1042')
  await until(async () => (await at('board-agent').count()) <= 1)
  await page.locator('[data-testid="board-state"][data-state="ready"]').click()
  await page.locator('[data-testid="board-agent"][data-agent="1042"]').waitFor()
  node.changed = [{ ...node.board.agents.find((a) => a.id === '1042'), state: 'held' }]
  await page.locator('[data-testid="board-agent"][data-agent="1042"][data-state="held"]').waitFor()
  node.changed = []
  node.gone = ['1042']
  await page.locator('[data-testid="board-agent"][data-agent="1042"]').waitFor({ state: 'detached' })
})

test('a supervisor picks by keyboard; a refusal is told in words', async () => {
  const desk = await watching()
  const { at, node, page } = desk
  await page.locator('[data-testid="board-contact"][data-contact="01KDNW00000000000000000003"] [data-testid="assign"]').focus()
  await page.keyboard.press('Enter')
  await at('assign-dialog').waitFor()
  await page.keyboard.press('ArrowDown')
  const second = await at('assign-option').nth(1).getAttribute('data-agent')
  node.refuseAssign = { code: 'conflict', message: `${second} 未示闲或已接满 / ${second} is not ready or has no room for it` }
  await page.keyboard.press('Enter')
  assert.match(await at('assign-fault').textContent(), /未示闲或已接满/)
  node.refuseAssign = null
  await page.keyboard.press('Enter')
  await at('assign-dialog').waitFor({ state: 'detached' })
  assert.deepEqual(node.assigned, { contact: '01KDNW00000000000000000003', agent: second })
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'assign')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await at('assign-dialog').waitFor({ state: 'detached' })
})

test('the way of a contact is told step by step, and the focus comes back', async () => {
  const desk = await watching()
  const { at, page } = desk
  await at('decisions').first().focus()
  await page.keyboard.press('Enter')
  await at('decision-step').first().waitFor()
  assert.equal(await at('decision-step').count(), 7)
  assert.match(await page.locator('[data-testid="decision-step"][data-kind="offered"]').first().textContent(), /等了 15 秒；在 general 中排第一；1012 空闲最久（35 秒）/)
  for (let i = 0; i < 6; i++) await page.keyboard.press('Tab')
  assert.ok(await page.evaluate(() => document.activeElement?.closest('[data-testid="decision-drawer"]') !== null), 'the focus left the drawer')
  await page.keyboard.press('Escape')
  await at('decision-drawer').waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'decisions')
})

test('the link comes back by itself', async () => {
  const desk = await watching()
  const { node, page } = desk
  node.cut = true
  for (const s of node.sockets) s.terminate()
  await page.locator('[data-testid="board-age"][data-stale="true"]').waitFor({ timeout: 8000 })
  node.cut = false
  await page.locator('[data-testid="board-age"][data-stale="false"]').waitFor({ timeout: 15_000 })
})

test('an agent has no board', async () => {
  const desk = await openDesk(browser)
  await signIn(desk)
  assert.equal(await desk.at('to-board').count(), 0)
  await desk.page.goto(`${desk.node.url}/board`)
  await desk.page.waitForURL(`${desk.node.url}/`)
})

for (const [theme, language] of [['light', 'zh-CN'], ['dark', 'en'], ['contrast', 'zh-CN']]) {
  test(`axe: ${theme}, ${language}`, async () => {
    const desk = await watching({ theme, language })
    const { at, node, page } = desk
    desk.told = []
    await axe(desk, 'board')
    await at('assign').first().click()
    await axe(desk, 'assign')
    await page.keyboard.press('Escape')
    await at('decisions').first().click()
    await at('decision-step').first().waitFor()
    await at('decision-facts').check()
    await axe(desk, 'decisions')
    await page.keyboard.press('Escape')
    node.frozen = true
    await page.locator('[data-testid="board-age"][data-stale="true"]').waitFor({ timeout: 6000 })
    await axe(desk, 'stale')
    assert.deepEqual(desk.told, [])
    assert.deepEqual(desk.faults, [])
  })
}

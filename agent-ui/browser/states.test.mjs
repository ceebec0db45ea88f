// Every state of the desk, in three looks and two languages, under axe: no violation.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { axeSource } from '../fake/node.mjs'
import { closeAll, fillHalf, launch, makeReady, openDesk, past } from './desk.mjs'

let browser
before(async () => (browser = await launch()))
afterEach(closeAll)
after(() => browser.close())

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

async function axe(desk, state) {
  await desk.page.waitForTimeout(250)
  if (!(await desk.page.evaluate(() => 'axe' in window))) await desk.page.evaluate(axeSource())
  const found = await desk.page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags)
  const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join(' | ')}`)
  desk.told.push(...told.map((x) => `${state}: ${x}`))
}

const looks = [['light', 'zh-CN'], ['light', 'en'], ['dark', 'zh-CN'], ['dark', 'en'], ['contrast', 'zh-CN'], ['contrast', 'en']]
for (const [theme, language] of looks) {
  test(`${theme}, ${language}`, async () => {
    const desk = await openDesk(browser, { theme, language })
    const { at, node, page } = desk
    desk.told = []
    past(node)
    await at('sign-in-account').waitFor()
    await axe(desk, 'sign-in')
    await at('sign-in-submit').click()
    await axe(desk, 'sign-in with faults')
    await at('sign-in-account').fill('1024')
    await at('sign-in-password').fill('demo')
    await at('sign-in-submit').click()
    await at('ring-heard-no').click()
    await axe(desk, 'sound check')
    await at('ring-heard-yes').click()
    await page.locator('[data-testid="leg-state"][data-state="proven"]').waitFor()
    await axe(desk, 'not ready')
    await makeReady(desk)
    await axe(desk, 'ready')
    node.offer()
    await at('ring-banner').waitFor()
    await axe(desk, 'ringing')
    await page.keyboard.press('F2')
    await page.locator('[data-testid="agent-state"][data-state="talking"]').waitFor()
    await fillHalf(desk)
    await axe(desk, 'talking')
    node.measure(3, 4.3)
    await at('quality').waitFor()
    node.apart()
    await at('bar-apart').waitFor()
    await axe(desk, 'the citizen hears that we reconnect')
    node.rejoin()
    await at('field-item').click()
    await axe(desk, 'tree open')
    await at('field-item').fill('路灯')
    await axe(desk, 'search open')
    await page.keyboard.press('Escape')
    await at('state-menu').click()
    await axe(desk, 'state menu')
    await at('state-break-meal').click()
    await at('state-pending').waitFor()
    await page.keyboard.press('F8')
    await page.keyboard.press('F4')
    await page.locator('[data-testid="call-state"][data-state="held"]').waitFor({ state: 'attached' })
    await axe(desk, 'held and muted, with a pending break')
    await at('field-title').fill('')
    await at('submit-ticket').click()
    await at('form-summary').waitFor()
    await axe(desk, 'faults')
    await at('reveal').click()
    await axe(desk, 'reveal')
    await at('field-title').fill('路灯不亮')
    await at('submit-ticket').click()
    await at('ticket-number').waitFor()
    node.wrapup()
    await at('wrapup').waitFor()
    await axe(desk, 'wrap-up')
    await at('settings').click()
    await at('settings-dialog').waitFor()
    await axe(desk, 'settings')
    await page.keyboard.press('Escape')
    await at('wrapup-finish').click()
    await page.locator('[data-testid="agent-state"][data-state="break"]').waitFor()
    await axe(desk, 'break, with a done contact')
    await at('state-menu').click()
    await at('state-ready').click()
    await page.locator('[data-testid="agent-state"][data-state="ready"]').waitFor()
    node.offer()
    await at('ring-banner').waitFor()
    await page.keyboard.press('F2')
    await page.locator('[data-testid="agent-state"][data-state="talking"]').waitFor()
    node.take()
    await at('bar-state').waitFor()
    await axe(desk, 'taken')
    node.elsewhere = { since: node.now(), from: '10.1.2.3' }
    node.epoch = 'next'
    for (const s of node.sockets) s.terminate()
    await at('phone-dialog').waitFor()
    await axe(desk, 'phone elsewhere')
    assert.deepEqual(desk.told, [])
    assert.deepEqual(desk.faults, [])
    await desk.close()
  })
}

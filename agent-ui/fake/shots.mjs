// `npm run shots [folder]`: pictures of the desk's states for human eyes.
import { mkdirSync } from 'node:fs'
import { fillHalf, launch, makeReady, openDesk, past, signIn } from '../browser/desk.mjs'

const folder = process.argv[2] ?? 'shots'
mkdirSync(folder, { recursive: true })
const only = process.argv[3] ?? ''
const browser = await launch()

async function run(theme, language, width, height) {
  const tag = `${theme}-${language.slice(0, 2)}-${width}`
  if (only && !tag.includes(only)) return
  const desk = await openDesk(browser, { theme, language, width, height })
  const shot = async (name) => {
    await desk.page.waitForTimeout(350)
    await desk.page.screenshot({ path: `${folder}/${tag}-${name}.png` })
  }
  await desk.at('sign-in-account').waitFor()
  await shot('1-sign-in')
  past(desk.node)
  await signIn(desk)
  await makeReady(desk)
  await shot('2-idle')
  desk.node.offer()
  await desk.at('ring-banner').waitFor()
  await shot('3-ringing')
  await desk.at('answer').click()
  await desk.page.locator('[data-testid="agent-state"][data-state="talking"]').waitFor()
  desk.node.setCall({ talk_since: desk.node.now(-133_000) })
  await fillHalf(desk)
  await desk.at('state-menu').click()
  await desk.at('state-break-meal').click()
  await desk.at('field-content').focus()
  await desk.page.locator('.form-scroll').evaluate((e) => e.scrollTo(0, 0))
  await shot('4-call')
  await desk.page.locator('.form-scroll').evaluate((e) => e.scrollTo(0, 9999))
  await shot('5-call-below')
  await desk.at('field-item').click()
  await desk.at('field-item').fill('路灯')
  await shot('6-picker')
  await desk.page.keyboard.press('Escape')
  await desk.at('field-lead-unit').fill('城市管理')
  await desk.page.locator('[data-testid="field-lead-unit-option"]').first().click()
  await desk.at('submit-ticket').click()
  await shot('7-faults')
  await desk.at('field-override-reason').fill('路灯权属为市政')
  await desk.at('submit-ticket').click()
  await desk.at('ticket-number').waitFor()
  desk.node.wrapup()
  await desk.page.waitForTimeout(500)
  await shot('8-wrapup')
  await desk.at('settings').click()
  await shot('9-settings')
  console.log(tag, desk.faults)
  await desk.close()
}

try {
  for (const [width, height] of [[1366, 625], [1920, 1080]]) {
    for (const theme of ['light', 'dark']) for (const language of ['zh-CN', 'en']) await run(theme, language, width, height)
  }
  await run('contrast', 'zh-CN', 1366, 625)
  await run('light', 'zh-CN', 683, 312)
} finally {
  await browser.close()
}

// `npm run images -- --url http://127.0.0.1:8080 --sip sip:12345@127.0.0.1:5060 --hotline ../bin/hotline`:
// the pictures of docs/desk.md, of a running node with its demo city and a citizen on its line.
import { spawn } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { launch, pick } from '../browser/desk.mjs'

const { values: o } = parseArgs({ options: {
  url: { type: 'string', default: 'http://127.0.0.1:8080' }, sip: { type: 'string', default: 'sip:12345@127.0.0.1:5060' },
  hotline: { type: 'string', default: fileURLToPath(new URL('../../bin/hotline', import.meta.url)) }, from: { type: 'string', default: '13812345678' },
  account: { type: 'string', default: '1001' }, password: { type: 'string', default: 'demo-1001' },
  out: { type: 'string', default: fileURLToPath(new URL('../../docs/images', import.meta.url)) },
} })
const most = 250 * 1024
mkdirSync(o.out, { recursive: true })
const browser = await launch()
const citizens = new Set()

/** A citizen who waits on the line until the other side, or we, hang up. */
function call() {
  const citizen = spawn(o.hotline, ['call', o.sip, '--from', o.from], { stdio: ['ignore', 'ignore', 'inherit'] })
  citizens.add(citizen)
  citizen.once('exit', () => citizens.delete(citizen))
  return { hangUp: () => new Promise((done) => (citizen.exitCode === null ? citizen.once('exit', done).kill('SIGINT') : done())) }
}

class Desk {
  constructor(page) {
    this.page = page
    this.at = (name) => page.locator(`[data-testid="${name}"]`)
  }

  async shot(name) {
    await this.page.mouse.move(683, 764)
    await this.page.waitForTimeout(600)
    const path = `${o.out}/${name}.png`
    await this.page.screenshot({ path })
    const size = statSync(path).size
    console.log(`${name}  ${Math.round(size / 1024)} KiB`)
    if (size > most) throw new Error(`${name} has ${size} bytes, more than ${most}`)
  }

  is(state) {
    return this.page.locator(`[data-testid="agent-state"][data-state="${state}"]`).waitFor()
  }

  /** Ends notices that would hide something. */
  async quiet() {
    for (const close of await this.page.locator('[data-testid="notice"] button').all()) await close.click({ timeout: 1000 }).catch(() => {})
  }

  async look(theme, language) {
    await this.at('settings').click()
    await this.at(language === 'en' ? 'language-en' : 'language-zh').click()
    await this.at(`theme-${theme}`).click()
    await this.page.keyboard.press('Escape')
    await this.at('settings-dialog').waitFor({ state: 'hidden' })
  }

  /** Both looks; the page follows the system's. */
  async both(name) {
    for (const colorScheme of ['light', 'dark']) {
      await this.page.emulateMedia({ colorScheme })
      await this.shot(`${name}-${colorScheme}`)
    }
    await this.page.emulateMedia({ colorScheme: 'light' })
  }

  async signIn() {
    await this.at('sign-in-account').fill(o.account)
    await this.at('sign-in-password').fill(o.password)
    await this.at('sign-in-submit').click()
    await this.at('ring-heard-yes').click()
    await this.page.locator('[data-testid="leg-state"][data-state="proven"]').waitFor()
    await this.ready()
  }

  async ready() {
    await this.at('state-menu').click()
    await this.at('state-ready').click()
    await this.is('ready')
  }

  async fill() {
    const { at } = this
    await at('field-requester-name').fill('陈女士')
    await at('field-place-address').fill('柳荫路 12 号南侧工地')
    await pick(this, 'field-division', '柳荫街道第一社区')
    await at('field-respondent').fill('南侧工地施工单位')
    await at('field-occurred-at').fill('22:30')
    await at('field-title').fill('柳荫路 12 号南侧工地夜间施工噪声扰民')
    await at('field-content').fill('来电人反映：柳荫路 12 号南侧工地近三日夜间十点半后仍在浇筑，持续到凌晨一点，影响老人和学生休息。希望核查夜间施工许可，责令按时停工，并回复。')
    await pick(this, 'field-item', '施工噪声')
    await this.page.locator('[data-testid="proposal"]:not([data-unit=""])').waitFor()
    await this.page.locator('.form-scroll').evaluate((e) => e.scrollTo(0, 0))
    await at('field-content').focus()
  }
}

async function run() {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, permissions: ['microphone', 'notifications'], locale: 'zh-CN', colorScheme: 'light' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const desk = new Desk(page)
  await page.goto(o.url)
  await desk.at('sign-in-account').waitFor()
  await desk.shot('sign-in-light')
  await desk.signIn()
  await desk.quiet()
  await desk.both('desk-idle')

  // An earlier call with a ticket gives the later one a history.
  let citizen = call()
  await desk.at('ring-banner').waitFor()
  await desk.at('ring-answer').click()
  await desk.is('talking')
  await desk.fill()
  await desk.at('field-title').fill('柳荫路路面积水，行人绕行')
  await desk.at('submit-ticket').click()
  await desk.at('ticket-number').waitFor()
  await page.waitForTimeout(9000)
  await citizen.hangUp()
  await desk.is('wrapup')
  await desk.at('wrapup-finish').click()
  await desk.is('ready')

  citizen = call()
  await desk.at('ring-banner').waitFor()
  await desk.quiet()
  await desk.both('desk-ringing')
  await desk.at('ring-answer').click()
  await desk.is('talking')
  await desk.fill()
  await desk.quiet()
  await page.waitForTimeout(4000)
  await desk.both('desk-call')
  await desk.look('auto', 'en')
  await desk.at('field-content').focus()
  await desk.shot('desk-call-en-light')
  await desk.look('auto')
  await desk.at('submit-ticket').click()
  await desk.page.locator('[data-testid="ticket-delivery"][data-state="delivered"]').waitFor()
  await citizen.hangUp()
  await desk.is('wrapup')
  await desk.quiet()
  await desk.both('desk-wrapup')
}

try {
  await run()
} finally {
  for (const c of citizens) c.kill('SIGINT')
  await browser.close()
}

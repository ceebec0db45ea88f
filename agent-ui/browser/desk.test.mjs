// What the desk does, seen from outside: keys, focus, drafts, losses, tabs, sound.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { closeAll, fillHalf, kept, launch, makeReady, openDesk, pick, signIn, until } from './desk.mjs'

let browser
before(async () => (browser = await launch()))
afterEach(closeAll)
after(() => browser.close())

const state = (desk, name) => desk.page.locator(`[data-testid="agent-state"][data-state="${name}"]`).waitFor()
const sent = (desk, type) => desk.node.commands.filter((c) => c.type === type)

async function ready(options) {
  const desk = await openDesk(browser, options)
  await signIn(desk)
  await makeReady(desk)
  return desk
}

async function talking(options) {
  const desk = await ready(options)
  desk.contact = desk.node.offer()
  await desk.at('ring-banner').waitFor()
  await desk.page.keyboard.press('F2')
  await state(desk, 'talking')
  return desk
}

test('a wrong password is told in words and keeps the account', async () => {
  const desk = await openDesk(browser)
  await desk.at('sign-in-account').fill('1024')
  await desk.at('sign-in-password').fill('wrong')
  await desk.at('sign-in-password').press('Enter')
  assert.match(await desk.at('sign-in-error').textContent(), /账号或密码不对/)
  assert.equal(await desk.at('sign-in-account').inputValue(), '1024')
  await desk.close()
})

test('a refused microphone is told in words', async () => {
  const context = await browser.newContext()
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
  })
  const desk = await openDesk(browser, { context })
  await desk.at('sign-in-account').fill('1024')
  await desk.at('sign-in-password').fill('demo')
  await desk.at('sign-in-submit').click()
  assert.match(await desk.at('microphone-error').textContent(), /麦克风被拒绝/)
  await desk.close()
  await context.close()
})

test('the leg is proven both ways, and idle sends nothing', async () => {
  const desk = await openDesk(browser, { gateway: true })
  await signIn(desk)
  const { node } = desk
  assert.ok(Math.abs(node.heard.hz - 1000) <= 20, `heard ${node.heard.hz} Hz`)
  assert.ok(node.heard.level > 0.01, `heard ${node.heard.level}`)
  assert.ok(node.microphone.packets >= 25, `${node.microphone.packets} packets from the desk`)
  assert.match(node.lastOffer.sdp, /a=group:BUNDLE/)
  const codecs = [...node.lastOffer.sdp.matchAll(/a=rtpmap:\d+ ([\w-]+\/\d+)/g)].map((m) => m[1].toUpperCase())
  assert.deepEqual(codecs, ['PCMA/8000', 'PCMU/8000', 'TELEPHONE-EVENT/8000'])
  await desk.page.waitForTimeout(600)
  const packets = node.microphone.packets
  await desk.page.waitForTimeout(800)
  assert.equal(node.microphone.packets, packets, 'an idle desk sent audio')
  await makeReady(desk)
  node.offer()
  await desk.at('ring-banner').waitFor()
  await desk.page.keyboard.press('F2')
  await state(desk, 'talking')
  await until(() => node.microphone.packets > packets + 10 && node.microphone.level > 0.001)
  await desk.page.keyboard.press('F8')
  await until(() => node.microphone.level < 0.001)
  assert.deepEqual(desk.faults, [])
  await desk.close()
})

test('the ring is acknowledged at once and leaves the focus where somebody types', async () => {
  const desk = await talking()
  await fillHalf(desk)
  desk.node.wrapup()
  desk.node.finish()
  await desk.at('field-title').focus()
  const from = Date.now()
  desk.node.offer()
  await until(() => sent(desk, 'offer.shown').length === 2)
  assert.ok(Date.now() - from < 500, `${Date.now() - from} ms`)
  await desk.at('ring-banner').waitFor()
  assert.equal(await desk.page.evaluate(() => document.activeElement.id), 'field-title')
  await desk.page.keyboard.press('End')
  await desk.page.keyboard.type('了')
  assert.equal(await desk.at('field-title').inputValue(), '幸福里小区东门外路灯连续三天不亮了', 'the form under the hands is still the same')
  assert.match(await desk.page.title(), /☎/)
  assert.equal(await desk.page.getAttribute('link[rel=icon]', 'href'), '/favicon-ring.svg')
  desk.node.stopRing('citizen_gone')
  await desk.at('ring-banner').waitFor({ state: 'detached', timeout: 200 })
  await desk.at('notice').filter({ hasText: '市民已挂断' }).waitFor()
  assert.doesNotMatch(await desk.page.title(), /☎/)
  await desk.close()
})

test('hang-up is inert for a moment after the answer', async () => {
  const desk = await ready()
  desk.node.offer()
  await desk.at('answer').click()
  await state(desk, 'talking')
  await desk.at('hangup').click({ force: true })
  assert.equal(sent(desk, 'call.hangup').length, 0)
  await desk.page.waitForTimeout(1100)
  await desk.page.keyboard.press('Shift+F2')
  assert.equal(sent(desk, 'call.hangup').length, 0, 'one press is not enough')
  await desk.page.keyboard.press('Shift+F2')
  await state(desk, 'wrapup')
  await desk.close()
})

test('by keyboard alone: ring, answer, fill, submit, finish', async () => {
  const desk = await talking()
  const { at, page, node } = desk
  await at('field-place-address').focus()
  await page.keyboard.type('望湖路 18 号')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.type('望湖 幸福里')
  await page.keyboard.press('Enter')
  await at('field-title').focus()
  await page.keyboard.type('路灯不亮')
  await page.keyboard.press('Tab')
  await page.keyboard.type('连续三天')
  await page.keyboard.press('Control+m')
  await page.keyboard.type('市政 路灯')
  await page.keyboard.press('Enter')
  await page.locator('[data-testid="proposal"]:not([data-unit=""])').waitFor()
  await page.keyboard.press('Control+Enter')
  await at('ticket-number').waitFor()
  await page.locator('[data-testid="ticket-delivery"][data-state="delivered"]').waitFor()
  node.wrapup()
  await at('wrapup-extend').click()
  await until(() => node.call?.extended === 1)
  await at('wrapup-finish').click()
  await state(desk, 'ready')
  assert.deepEqual(desk.faults, [])
  await desk.close()
})

test('faults are listed once, link to their fields, and clear nothing', async () => {
  const desk = await talking()
  await desk.at('field-title').fill('只有标题')
  await desk.at('submit-ticket').click()
  const summary = desk.at('form-summary')
  await summary.getByRole('link', { name: '诉求内容不能为空' }).click()
  assert.equal(await desk.page.evaluate(() => document.activeElement.id), 'field-content')
  assert.equal(await desk.at('field-title').inputValue(), '只有标题')
  await desk.page.keyboard.type('补上')
  await summary.getByRole('link', { name: '诉求内容不能为空' }).waitFor({ state: 'detached' })
  await desk.close()
})

test('a refusal by the server keeps the form and names the field', async () => {
  const desk = await talking()
  await fillHalf(desk)
  desk.node.refuseTicket = [{ field: 'place.address', code: 'invalid', message: '地址不在本市 / not in this city' }]
  await desk.at('submit-ticket').click()
  await desk.at('form-summary').getByRole('link', { name: '地址不在本市' }).waitFor()
  assert.match(await desk.at('field-place-address').inputValue(), /望湖路/)
  await desk.close()
})

test('a submit right after the last field waits for the proposal, also when the citizen hangs up', async () => {
  const desk = await talking()
  const { at, node } = desk
  node.delays.proposal = 1200
  await at('field-place-address').fill('望湖路 18 号')
  await pick(desk, 'field-division', '望湖 幸福里')
  await at('field-title').fill('路灯不亮')
  await at('field-content').fill('连续三天')
  await pick(desk, 'field-item', '市政 路灯')
  await at('field-confidential').click()
  await at('submit-ticket').click()
  node.wrapup()
  await desk.page.keyboard.press('Control+Enter')
  await at('ticket-number').waitFor()
  assert.equal(node.tickets.size, 1)
  assert.equal(await at('form-summary').count(), 0)
})

test('a refused submit whose fields are filled in since still says that nothing is registered', async () => {
  const desk = await talking()
  const { at, node } = desk
  await fillHalf(desk)
  await at('field-content').fill('')
  await at('submit-ticket').click()
  await at('form-summary').getByRole('link', { name: '诉求内容不能为空' }).waitFor()
  await at('field-content').fill('连续三天')
  await at('form-summary').filter({ hasText: '还没有登记' }).waitFor()
  await at('submit-ticket').click()
  await at('ticket-number').waitFor()
  assert.equal(node.tickets.size, 1)
})

test('a submit during a slow draft, pressed twice, registers once', async () => {
  const desk = await talking()
  const { at, page, node } = desk
  await fillHalf(desk)
  node.delays.draft = 1500
  node.delays.ticket = 300
  await at('save-draft').click()
  await page.keyboard.press('Control+Enter')
  await page.keyboard.press('Control+Enter')
  await at('ticket-number').waitFor()
  assert.equal(node.tickets.size, 1)
  await page.waitForTimeout(1500)
  assert.equal(await at('ticket-number').count(), 1)
  assert.equal(await at('draft-conflict').isVisible(), false)
})

test('a unit that is quicker than the answer is shown as delivered', async () => {
  const desk = await talking()
  desk.node.quickUnit = true
  await fillHalf(desk)
  await desk.at('submit-ticket').click()
  await desk.page.locator('[data-testid="ticket-delivery"][data-state="delivered"]').waitFor()
})

test('a submit that fails while another form is open says whose it was', async () => {
  const desk = await talking()
  const { at, page, node } = desk
  await fillHalf(desk)
  node.wrapup()
  node.finish()
  node.offer({ caller: '+86139****0000' })
  await at('ring-banner').waitFor()
  await page.keyboard.press('F2')
  await state(desk, 'talking')
  await page.locator(`[data-testid="inbox-row"][data-contact="${desk.contact}"]`).click()
  node.delays.ticket = 600
  node.refuseTicket = [{ field: 'place.address', code: 'invalid', message: '地址不在本市 / not in this city' }]
  await at('submit-ticket').click()
  await page.locator(`[data-testid="inbox-row"]:not([data-contact="${desk.contact}"])`).click()
  await at('notice').filter({ hasText: '+86138****5678' }).waitFor()
})

test('a draft is on the server within seconds and survives a reload', async () => {
  const desk = await talking()
  await desk.at('field-title').fill('路灯不亮')
  await until(() => desk.node.drafts.get(desk.contact)?.fields.title === '路灯不亮', 5000)
  const typed = Date.now()
  await desk.at('field-content').fill('刚打的字')
  await kept(desk, typed)
  desk.page.on('dialog', (d) => void d.accept())
  await desk.page.reload()
  await state(desk, 'talking')
  await desk.page.waitForFunction(() => document.getElementById('field-content')?.value === '刚打的字')
  await desk.at('draft-restored').waitFor()
  await desk.close()
})

test('a draft changed elsewhere is merged field by field', async () => {
  const desk = await talking()
  await desk.at('field-title').fill('路灯不亮')
  const draft = await until(() => desk.node.drafts.get(desk.contact), 5000)
  const fields = { ...draft.fields, title: '路灯坏了', content: '对方写的' }
  desk.node.drafts.set(desk.contact, { ...draft, revision: 9, agent: '1031', fields })
  await desk.at('field-title').fill('路灯三天不亮')
  await desk.at('save-draft').click()
  const dialog = desk.at('draft-conflict')
  await dialog.waitFor()
  assert.equal(await dialog.locator('tbody tr').count(), 1, 'only what both changed is asked')
  await desk.at('conflict-all-theirs').click()
  await desk.at('conflict-apply').click()
  await dialog.waitFor({ state: 'hidden' })
  assert.equal(await desk.at('field-title').inputValue(), '路灯坏了')
  assert.equal(await desk.at('field-content').inputValue(), '对方写的')
  await desk.close()
})

test('a lost answer to a submit can be repeated without a second ticket', async () => {
  const desk = await talking()
  await fillHalf(desk)
  let drop = true
  await desk.page.route('**/ticket', async (route) => {
    if (!drop) return route.continue()
    drop = false
    await route.fetch()
    await route.abort()
  })
  await desk.at('submit-ticket').click()
  await desk.at('form-summary').filter({ hasText: '不会重复登记' }).waitFor()
  await desk.at('submit-ticket').click()
  await desk.at('ticket-number').waitFor()
  assert.equal(desk.node.tickets.size, 1)
  await desk.close()
})

test('the socket comes back and resumes what was missed', async () => {
  const desk = await talking()
  for (const s of desk.node.sockets) s.terminate()
  desk.node.setCall({ state: 'held' })
  await desk.page.locator('[data-testid="call-state"][data-state="held"]').waitFor({ state: 'attached' })
  assert.equal(desk.node.lastHello.epoch, desk.node.epoch)
  assert.ok(desk.node.lastHello.last_seq > 0)
  await desk.close()
})

test('a command that finds no server is refused in words', async () => {
  const desk = await talking()
  desk.node.deaf = true
  await desk.page.keyboard.press('F4')
  await desk.at('notice').filter({ hasText: '服务器暂时连不上' }).waitFor()
  await desk.close()
})

test('a second tab is a view until the phone is moved there', async () => {
  const desk = await ready()
  const page = await desk.context.newPage()
  await page.goto(`${desk.node.url}/`)
  await page.locator('[data-testid="bar-tab"]').waitFor()
  assert.equal(desk.node.lastHello.phone, 'view')
  await page.locator('[data-testid="bar-tab-action"]').click()
  await page.locator('[data-testid="bar-tab"]').waitFor({ state: 'detached' })
  await desk.at('bar-tab').waitFor()
  await until(() => sent(desk, 'phone.take').length === 1)
  await desk.close()
})

test('a waiting tab takes over when the tab with the phone closes', async () => {
  const desk = await ready()
  const page = await desk.context.newPage()
  await page.goto(`${desk.node.url}/`)
  await page.locator('[data-testid="bar-tab"]').waitFor()
  await desk.page.close()
  await page.locator('[data-testid="bar-tab"]').waitFor({ state: 'detached' })
  await until(() => sent(desk, 'phone.take').length === 1)
  await desk.close()
})

test('a phone on another desk is asked for, then moved', async () => {
  const desk = await openDesk(browser)
  desk.node.elsewhere = { since: desk.node.now(-3600e3), from: '10.1.2.3' }
  await desk.at('sign-in-account').fill('1024')
  await desk.at('sign-in-password').fill('demo')
  await desk.at('sign-in-submit').click()
  await desk.at('ring-heard-yes').click()
  assert.match(await desk.at('phone-dialog').textContent(), /10\.1\.2\.3/)
  await desk.at('phone-take').click()
  await desk.page.locator('[data-testid="leg-state"][data-state="proven"]').waitFor()
  assert.equal(sent(desk, 'phone.take').length, 1)
  await desk.close()
})

test('Enter of an input method submits nothing', async () => {
  const desk = await openDesk(browser)
  await desk.at('sign-in-account').fill('1024')
  await desk.at('sign-in-password').focus()
  const cdp = await desk.context.newCDPSession(desk.page)
  await cdp.send('Input.imeSetComposition', { text: 'mi ma', selectionStart: 5, selectionEnd: 5 })
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: 'Enter', code: 'Enter' })
  await desk.page.waitForTimeout(200)
  assert.equal(await desk.at('sign-in-error').count(), 0)
  await desk.close()
})

test('timers follow the server, not the PC', async () => {
  const desk = await talking({ node: { skewMs: 3600_000 } })
  const timer = await desk.at('call-timer').textContent()
  assert.match(timer, /^00:0\d$/)
  await desk.close()
})

test('signing out forgets the drafts of this PC', async () => {
  const desk = await talking()
  await desk.at('field-title').fill('隐私')
  await desk.page.waitForTimeout(500)
  desk.node.wrapup()
  desk.node.finish()
  await state(desk, 'ready')
  await desk.at('state-menu').click()
  await desk.at('state-sign-out').click()
  await desk.at('sign-out-confirm').click()
  await desk.at('sign-in-account').waitFor()
  assert.equal(desk.node.drafts.get(desk.contact).fields.title, '隐私', 'the server has it')
  const left = await desk.page.evaluate(() => new Promise((done) => {
    const open = indexedDB.open('hotline-desk')
    open.onsuccess = () => {
      const all = open.result.transaction(['drafts', 'keys'])
      const [drafts, keys] = [all.objectStore('drafts').count(), all.objectStore('keys').count()]
      all.oncomplete = () => done([drafts.result, keys.result])
    }
  }))
  assert.deepEqual(left, [0, 0])
  await desk.close()
})

// Conversations: rings, the thread, the composer and its Enter, losses, a call beside them.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { closeAll, launch, makeReady, openDesk, signIn, until } from './desk.mjs'

let browser
before(async () => (browser = await launch()))
afterEach(closeAll)
after(() => browser.close())

const sent = (desk, type) => desk.node.commands.filter((c) => c.type === type)
const inState = (desk, state) => desk.page.locator(`[data-testid="conversation"][data-state="${state}"]`).waitFor()

async function ready(options) {
  const desk = await openDesk(browser, options)
  await signIn(desk)
  await makeReady(desk)
  return desk
}

async function chatting(options) {
  const desk = await ready(options)
  desk.contact = desk.node.chats.offer(options?.offer)
  await desk.at('chat-accept').click()
  await inState(desk, 'open')
  await desk.at('message').first().waitFor()
  return desk
}

/** What an input method does: a composition, keys that belong to it, then the word. */
async function compose(desk, text, enter) {
  const cdp = await desk.page.context().newCDPSession(desk.page)
  await cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: enter ? 'Enter' : 'Process', code: 'Enter' })
  return { commit: (word) => cdp.send('Input.insertText', { text: word }) }
}

test('a conversation rings, is shown to the node at once and accepted by F2', async () => {
  const desk = await ready()
  const { at, node, page } = desk
  const contact = node.chats.offer()
  await at('chat-ring').waitFor()
  await until(() => sent(desk, 'offer.shown').some((c) => c.data.contact === contact))
  assert.match(await at('chat-ring').textContent(), /w\*\*\*k/)
  await page.keyboard.press('F2')
  await inState(desk, 'open')
  assert.deepEqual(sent(desk, 'conversation.accept').map((c) => c.data), [{ contact, token: 1 }])
  assert.equal(await at('message').first().locator('.text').textContent(), '您好，我想问一下公租房怎么申请？')
  await until(async () => page.evaluate(() => document.activeElement?.id === 'composer'))
  await at('reply-clock').waitFor()
  assert.deepEqual(desk.faults, [])
})

test('a ring that went by leaves nothing, a declined one is told', async () => {
  const desk = await ready()
  const { at, node } = desk
  node.chats.offer()
  await at('chat-decline').click()
  await at('chat-ring').waitFor({ state: 'detached' })
  assert.equal(sent(desk, 'conversation.decline').length, 1)
  const contact = node.chats.offer()
  await at('chat-ring').waitFor()
  node.chats.stop(contact, 'citizen_gone')
  await at('chat-ring').waitFor({ state: 'detached' })
  assert.equal(await at('inbox-row').count(), 0)
})

test('Enter sends, Shift+Enter begins a line, and Enter of the input method does neither', async () => {
  const desk = await chatting()
  const { at, page } = desk
  await at('composer').focus()
  const composition = await compose(desk, 'nihao', true)
  await page.waitForTimeout(150)
  assert.equal(sent(desk, 'message.send').length, 0, 'half a word was sent')
  await composition.commit('你好')
  await page.waitForTimeout(50)
  assert.equal(await at('composer').inputValue(), '你好')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.insertText('请讲')
  assert.equal(sent(desk, 'message.send').length, 0)
  await page.keyboard.press('Enter')
  await until(() => sent(desk, 'message.send').length === 1)
  assert.equal(sent(desk, 'message.send')[0].data.text, '你好\n请讲')
  assert.equal(await at('composer').inputValue(), '')
  await page.locator('[data-testid="message"][data-from="agent"]').waitFor()
  await at('reply-clock').waitFor({ state: 'detached' })
  await page.keyboard.press('Enter')
  await page.waitForTimeout(100)
  assert.equal(sent(desk, 'message.send').length, 1, 'a blank message was sent')
  assert.deepEqual(desk.faults, [])
})

test('Ctrl+Enter in the composer sends the message, not the ticket', async () => {
  const desk = await chatting()
  await desk.at('composer').fill('您好')
  await desk.page.keyboard.press('Control+Enter')
  await until(() => sent(desk, 'message.send').length === 1)
  assert.equal(await desk.at('form-summary').count(), 0)
})

test('what is being written is there after a reload', async () => {
  const desk = await chatting()
  const { at, page, contact } = desk
  await at('composer').fill('请稍等，我查一下')
  await page.waitForTimeout(700)
  await page.reload()
  await page.locator(`[data-testid="inbox-row"][data-contact="${contact}"]`).click()
  await until(async () => (await at('composer').inputValue()) === '请稍等，我查一下')
})

test('a message that is lost goes again under the same name, and is said once', async () => {
  const desk = await chatting()
  const { at, node, page } = desk
  node.deaf = true
  await at('composer').fill('您好')
  await page.keyboard.press('Enter')
  await page.locator('[data-testid="outgoing"][data-state="sending"]').waitFor()
  await page.locator('[data-testid="outgoing"][data-state="lost"]').waitFor({ timeout: 8000 })
  node.deaf = false
  await at('message-retry').click()
  await page.locator('[data-testid="message"][data-from="agent"]').waitFor()
  const [first, second] = sent(desk, 'message.send')
  assert.equal(first.data.cmid, second.data.cmid)
  assert.equal(await at('outgoing').count(), 0)
  node.chats.said(second.data)
  assert.equal(await page.locator('[data-testid="message"][data-from="agent"]').count(), 1)
})

test('a message that is refused says why and can be taken back', async () => {
  const desk = await chatting()
  const { at, node, page } = desk
  node.refuse.set('message.send', { code: 'conflict', message: '对话已结束 / the conversation is over' })
  await at('composer').fill('再见')
  await page.keyboard.press('Enter')
  assert.match(await page.locator('[data-testid="outgoing"][data-state="refused"]').textContent(), /对话已结束/)
  await at('message-withdraw').click()
  assert.equal(await at('composer').inputValue(), '再见')
})

test('a gap in the messages is closed', async () => {
  const desk = await chatting()
  const { at, node, contact } = desk
  node.chats.write(contact, '第二条', { silent: true })
  node.chats.write(contact, '第三条')
  await until(async () => (await at('message').count()) === 3)
  assert.deepEqual(await at('message').locator('.text').allTextContents(), ['您好，我想问一下公租房怎么申请？', '第二条', '第三条'])
})

test('unread words are counted until they are looked at', async () => {
  const desk = await chatting()
  const { at, node, page, contact } = desk
  const second = node.chats.offer({ citizen: '周**' })
  await at('chat-accept').click()
  await page.locator(`[data-testid="conversation"][data-contact="${second}"]`).waitFor()
  node.chats.write(contact, '在吗')
  node.chats.write(contact, '还在吗')
  const row = page.locator(`[data-testid="inbox-row"][data-contact="${contact}"]`)
  await until(async () => /2$/.test((await row.locator('[data-testid="unread"]').textContent().catch(() => '')) ?? ''))
  await page.keyboard.press('Alt+ArrowDown')
  await row.locator('[data-testid="unread"]').waitFor({ state: 'detached' })
})

test('text of a stranger is text', async () => {
  const desk = await chatting({ offer: { texts: ['<img src=x onerror=alert(1)><b>粗</b>'] } })
  assert.equal(await desk.at('message').first().locator('.text').textContent(), '<img src=x onerror=alert(1)><b>粗</b>')
  assert.equal(await desk.page.locator('[data-testid="message"] img').count(), 0)
  assert.deepEqual(desk.faults, [])
})

test('a thread of 1,200 messages stays small in the page', async () => {
  const desk = await ready()
  const { at, node, page } = desk
  node.chats.offer({ texts: Array.from({ length: 1200 }, (_, i) => `第 ${i + 1} 条`) })
  await at('chat-accept').click()
  await page.locator('[data-testid="message"][data-seq="1200"]').waitFor()
  assert.equal(await at('message').count(), 200)
  await at('messages-earlier').click()
  await page.locator('[data-testid="message"][data-seq="950"]').waitFor({ state: 'attached' })
  assert.equal(await at('message').count(), 200)
  await at('messages-later').click()
  await page.locator('[data-testid="message"][data-seq="1200"]').waitFor()
})

test('a call beside conversations: the bar stays, and each has its place', async () => {
  const desk = await chatting()
  const { at, node, page, contact } = desk
  await at('composer').fill('请稍等')
  node.offer()
  await at('ring-banner').waitFor()
  await page.keyboard.press('F2')
  await page.locator('[data-testid="agent-state"][data-state="talking"]').waitFor()
  assert.match(await at('caller').textContent(), /138/)
  await page.locator(`[data-testid="inbox-row"][data-contact="${contact}"]`).click()
  assert.equal(await at('composer').inputValue(), '请稍等')
  await page.keyboard.press('F8')
  await until(() => sent(desk, 'call.mute').length === 1)
  node.chats.offer({ citizen: '周**' })
  await at('chat-ring').waitFor()
  await page.keyboard.press('F2')
  await until(() => sent(desk, 'conversation.accept').length === 2)
  assert.equal(await page.locator('[data-testid="conversation"]').getAttribute('data-contact'), contact, 'a new conversation slipped under the hands')
})

test('parked, taken up, ended, written up', async () => {
  const desk = await chatting()
  const { at, node, page, contact } = desk
  assert.equal(await at('conversation-park').getAttribute('aria-disabled'), 'true', 'parked while the citizen waits')
  await at('composer').fill('请问还有什么可以帮您？')
  await page.keyboard.press('Enter')
  await page.locator('[data-testid="conversation-park"]:not([aria-disabled])').click()
  await inState(desk, 'parked')
  await at('conversation-resume').click()
  await inState(desk, 'open')
  await at('conversation-close').click()
  await inState(desk, 'wrapup')
  assert.equal(await at('composer').count(), 0)
  await at('chat-wrapup-extend').click()
  await until(() => sent(desk, 'wrapup.extend').length === 1)
  await at('field-title').fill('公租房申请咨询')
  await at('chat-wrapup-finish').click()
  await inState(desk, 'ended')
  assert.equal(await at('field-title').inputValue(), '公租房申请咨询')
  assert.equal(node.chats.all.has(contact), false)
})

test('typing is told both ways', async () => {
  const desk = await chatting()
  const { at, node, page, contact } = desk
  for (const s of node.sockets) node.say(s, 'typing', { contact, on: true })
  await page.getByText('市民正在输入…').waitFor()
  await at('composer').pressSequentially('您好')
  await until(() => sent(desk, 'typing').length === 1)
  assert.deepEqual(sent(desk, 'typing')[0].data, { contact, on: true })
})

test('a conversation that is taken leaves the desk', async () => {
  const desk = await chatting()
  const { at, node, contact } = desk
  node.chats.all.delete(contact)
  node.emit('conversation.taken', { contact, token: 1 })
  await at('conversation').waitFor({ state: 'detached' })
  assert.match(await at('notice').first().textContent(), /已转给其他座席/)
})

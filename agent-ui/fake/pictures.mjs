// `npm run pictures [folder]`: inbox, board and decisions, of the built page with a made-up hall behind it.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { launch, makeReady, openDesk, past, signIn } from '../browser/desk.mjs'
import { lines } from './node.mjs'

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images', import.meta.url))
mkdirSync(folder, { recursive: true })
const browser = await launch()
const minute = 60e3

async function inbox(language, name) {
  const desk = await openDesk(browser, { language, width: 1366, height: 768 })
  const { at, node, page } = desk
  past(node)
  await signIn(desk)
  await makeReady(desk)
  node.offer()
  await at('ring-banner').waitFor()
  await page.keyboard.press('F2')
  await page.locator('[data-testid="agent-state"][data-state="talking"]').waitFor()
  const first = node.chats.offer({ citizen: '刘**', channel: 'wechat', topic: '公租房', texts: ['您好，我想问一下公租房怎么申请？', '我是外地户口，在本市工作满三年了。'] })
  const second = node.chats.offer({ citizen: 'w***k', channel: 'web', topic: '营业执照', line: lines.enterprise, texts: ['企业名称变更要带哪些材料？'] })
  const third = node.chats.offer({ citizen: '周**', channel: 'app', topic: '供暖', texts: ['家里暖气不热，已经两天了。'] })
  for (const contact of [first, second, third]) {
    await page.locator(`[data-testid="chat-ring"][data-contact="${contact}"] [data-testid="chat-accept"]`).click()
    await page.locator(`[data-testid="chat-ring"][data-contact="${contact}"]`).waitFor({ state: 'detached' })
  }
  node.chats.said({ contact: first, cmid: 'a', text: '您好，这里是 12345。非本市户籍职工可以申请，需要：\n1. 身份证和居住证\n2. 劳动合同和近一年社保记录\n3. 无房证明' })
  node.chats.write(first, '无房证明在哪里开？')
  node.chats.said({ contact: first, cmid: 'b', text: '在不动产登记中心或政务服务网都可以开，当场办结。' })
  node.chats.write(first, '好的，我爱人的也要开吗？')
  node.chats.set(second, { reply_due_at: node.now(1.2 * minute) })
  node.chats.said({ contact: third, cmid: 'c', text: '请告诉我小区名和楼号，我马上登记。' })
  node.chats.set(third, { state: 'parked' })
  node.chats.offer({ citizen: '139****0021', channel: 'weibo', topic: '路灯', waitedMs: 4100, texts: ['路灯坏了没人管吗'] })
  await page.locator(`[data-testid="inbox-row"][data-contact="${first}"]`).click()
  await at('composer').fill('需要的，夫妻双方都要提供。')
  await page.waitForTimeout(700)
  await page.screenshot({ path: `${folder}/${name}.png` })
  console.log(name, desk.faults)
  await desk.close()
}

async function board(language, name, seats) {
  const desk = await openDesk(browser, { language, width: 1366, height: 768, node: { role: 'supervisor', seats } })
  const { at, node, page } = desk
  node.recent = [['phone', '1009', 'citizen_ended'], ['wechat', '1031', ''], ['phone', '', 'abandoned_queue'], ['phone', '1044', 'agent_ended'], ['web', '1006', 'citizen_ended'], ['phone', '1017', 'citizen_ended']].map(([channel, agent, cause], i) => ({
    contact: `01KDNR0000000000000000000${i}`, channel, line: 'citizen', source: '', caller: '+86138****5678', accepted: node.now(-i * 47e3), held_ms: 0, talk_ms: 0, offers: 1, agent, cause, recording: false, from_citizen: null, from_agent: null,
  }))
  await page.goto(`${node.url}/board`)
  await at('sign-in-account').fill('2001')
  await at('sign-in-password').fill('demo')
  await at('sign-in-submit').click()
  await at('board-class').first().waitFor()
  await page.waitForTimeout(900)
  await page.screenshot({ path: `${folder}/${name}.png` })
  await at('decisions').nth(3).click()
  await at('decision-step').first().waitFor()
  await at('decision-facts').check()
  await page.waitForTimeout(400)
  await page.screenshot({ path: `${folder}/${name.replace('board', 'decisions')}.png` })
  await page.keyboard.press('Escape')
  await at('assign').nth(2).click()
  await page.waitForTimeout(300)
  if (process.argv[2]) await page.screenshot({ path: `${folder}/${name.replace('board', 'assign')}.png` })
  console.log(name, desk.faults)
  await desk.close()
}

try {
  await inbox('zh-CN', 'inbox')
  await board('zh-CN', 'board', 50)
  if (process.argv[2]) {
    await inbox('en', 'inbox-en')
    await board('en', 'board-en', 2000)
  }
} finally {
  await browser.close()
}

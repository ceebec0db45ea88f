// The desk in trouble: a reload, a second tab or PC, lost sound, lost devices, a lost socket, a bad network.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { closeAll, kept, launch, makeReady, openDesk, signIn, until } from './desk.mjs'

let browser
before(async () => (browser = await launch()))
afterEach(closeAll)
after(() => browser.close())

const state = (page, name) => page.locator(`[data-testid="agent-state"][data-state="${name}"]`).waitFor()
const sent = (desk, type) => desk.node.commands.filter((c) => c.type === type)
const gone = (at, name) => at(name).waitFor({ state: 'detached' })

async function ready(options) {
  const desk = await openDesk(browser, options)
  desk.page.on('dialog', (d) => void d.accept())
  await signIn(desk)
  await makeReady(desk)
  return desk
}

async function talking(options) {
  const desk = await ready(options)
  desk.contact = desk.node.offer()
  await desk.at('ring-banner').waitFor()
  await desk.page.keyboard.press('F2')
  await state(desk.page, 'talking')
  return desk
}

/** Waits until the node hears the desk's microphone from now on. */
async function heard(desk) {
  const before = desk.node.microphone?.packets ?? 0
  await until(() => {
    const m = desk.node.microphone
    return m && m.packets !== before && m.level > 0.001
  })
}

test('a reload in a call: audio within two seconds, the form, mute and hold are back', async () => {
  const desk = await talking({ gateway: true })
  await heard(desk)
  const typed = Date.now()
  await desk.at('field-title').fill('路灯不亮')
  await desk.page.keyboard.press('F8')
  await until(() => desk.node.call.muted)
  await kept(desk, typed)
  await desk.page.reload()
  await state(desk.page, 'talking')
  assert.equal(await desk.at('mute').getAttribute('aria-pressed'), 'true')
  await desk.page.waitForFunction(() => document.getElementById('field-title')?.value === '路灯不亮')
  await desk.page.keyboard.press('F8')
  await until(() => !desk.node.call.muted)
  await desk.page.keyboard.press('F4')
  await state(desk.page, 'held')
  await desk.page.reload()
  await state(desk.page, 'held')
  assert.equal(await desk.at('hold').getAttribute('aria-pressed'), 'true')
  await desk.page.keyboard.press('F4')
  await state(desk.page, 'talking')
  const { gen } = desk.node.lastOffer
  const from = Date.now()
  await desk.page.reload({ waitUntil: 'commit' })
  await until(() => desk.node.microphone.gen > gen && desk.node.microphone.packets > 0 && desk.node.microphone.level > 0.001)
  const took = Date.now() - from
  assert.ok(took < 2000, `${took} ms to audio`)
  console.log(`reload to audio: ${took} ms`)
  assert.deepEqual(desk.faults, [])
})

test('a reload while it rings brings the ring back, one in wrap-up the form', async () => {
  const desk = await ready()
  desk.node.offer()
  await desk.at('ring-banner').waitFor()
  await desk.page.reload()
  await desk.at('ring-banner').waitFor()
  await until(() => sent(desk, 'offer.shown').length === 2)
  await desk.page.keyboard.press('F2')
  await state(desk.page, 'talking')
  const typed = Date.now()
  await desk.at('field-title').fill('路灯不亮')
  await kept(desk, typed)
  desk.node.wrapup()
  await desk.at('wrapup').waitFor()
  await desk.page.reload()
  await desk.at('wrapup').waitFor()
  await desk.page.waitForFunction(() => document.getElementById('field-title')?.value === '路灯不亮')
  await desk.at('wrapup-finish').click()
  await state(desk.page, 'ready')
})

test('a citizen who hears that we reconnect is told of, then that all is well', async () => {
  const desk = await talking()
  desk.node.measure(4.3, 4.3)
  await desk.at('quality').waitFor()
  desk.node.apart(30_000)
  await gone(desk.at, 'quality')
  const bar = desk.at('bar-apart')
  assert.match(await bar.textContent(), /您的音频中断，市民正听到重连提示.*00:(29|30)/s)
  desk.node.rejoin()
  await gone(desk.at, 'bar-apart')
  await desk.at('notice').filter({ hasText: '声音已恢复' }).waitFor()
})

test('a citizen who is taken leaves, the draft goes along, and the remedy is at hand', async () => {
  const desk = await talking()
  desk.node.apart(2000)
  await desk.at('field-title').fill('路灯不亮')
  desk.node.take()
  await state(desk.page, 'not_ready')
  await desk.at('notice').filter({ hasText: '市民已回到队首' }).waitFor()
  await until(() => desk.node.drafts.get(desk.contact)?.fields.title === '路灯不亮')
  await gone(desk.at, 'inbox-row')
  assert.match(await desk.at('bar-state').textContent(), /曾经中断/)
  await desk.at('bar-state-action').click()
  await state(desk.page, 'ready')
})

test('a desk that comes back after its citizen was taken is told so', async () => {
  const desk = await talking()
  const typed = Date.now()
  await desk.at('field-title').fill('刚打的字')
  await kept(desk, typed)
  desk.node.epoch = 'next'
  await desk.page.goto('about:blank')
  await until(() => desk.node.sockets.size === 0)
  desk.node.take()
  await desk.page.goto(`${desk.node.url}/`)
  await desk.at('notice').filter({ hasText: '市民已回到队首' }).waitFor()
  await until(() => desk.node.drafts.get(desk.contact)?.fields.title === '刚打的字')
  await gone(desk.at, 'inbox-row')
})

test('a call moves to a second tab with its audio, and back when that closes', async () => {
  const desk = await talking({ gateway: true })
  await heard(desk)
  const second = await desk.context.newPage()
  await second.goto(`${desk.node.url}/`)
  await second.locator('[data-testid="bar-tab"]').waitFor()
  assert.match(await second.locator('[data-testid="bar-tab"]').textContent(), /电话在另一个标签页.*移到这里/s)
  const first = desk.node.lastOffer
  await second.locator('[data-testid="bar-tab-action"]').click()
  await desk.at('bar-tab').waitFor()
  await until(() => desk.node.lastOffer !== first)
  await heard(desk)
  await state(second, 'talking')
  const moved = desk.node.lastOffer
  await second.close()
  await gone(desk.at, 'bar-tab')
  await until(() => desk.node.lastOffer !== moved)
  await heard(desk)
})

test('another PC asks, takes the phone with the call, and this one looks on', async () => {
  const desk = await talking()
  for (const s of desk.node.sockets) {
    s.phone = false
    desk.node.say(s, 'phone.lost', { to: 'A-103' })
  }
  await desk.at('phone-dialog').waitFor()
  assert.match(await desk.at('phone-dialog').textContent(), /已在 A-103 登录，转到本机？/)
  await desk.at('phone-stay').click()
  assert.match(await desk.at('bar-phone').textContent(), /已转到另一台（A-103）/)
  assert.equal(await desk.at('hangup').getAttribute('aria-disabled'), 'true')
})

test('a lost socket leaves the call alone; commands wait five seconds, then are refused in words', async () => {
  const desk = await talking({ gateway: true })
  await heard(desk)
  desk.node.cut = true
  for (const s of desk.node.sockets) s.terminate()
  const bar = desk.at('bar-link')
  assert.match(await bar.textContent(), /信令重连中，通话不受影响/)
  await heard(desk)
  const from = Date.now()
  await desk.page.keyboard.press('F4')
  await desk.at('notice').filter({ hasText: '服务器暂时连不上' }).waitFor()
  assert.ok(Date.now() - from > 4500, 'it was refused too soon')
  const { gen } = desk.node.lastOffer
  desk.node.cut = false
  await desk.at('bar-link').waitFor({ state: 'detached', timeout: 12_000 })
  for (const s of desk.node.sockets) s.terminate()
  await desk.page.keyboard.press('F4') // and a command of the gap is carried out
  await state(desk.page, 'held')
  await desk.page.waitForTimeout(4000)
  assert.equal(desk.node.lastOffer.gen, gen, 'a connection that flows was touched')
})

test('a network that changed: ICE starts over on the same connection, with the next number', async () => {
  const desk = await talking({ gateway: true })
  await heard(desk)
  const first = desk.node.lastOffer
  await desk.page.evaluate(() => window.dispatchEvent(new Event('online')))
  await until(() => desk.node.lastOffer.gen > first.gen)
  const part = (name, sdp) => sdp.match(new RegExp(`a=${name}:(.*)`))[1]
  assert.equal(part('fingerprint', desk.node.lastOffer.sdp), part('fingerprint', first.sdp))
  assert.notEqual(part('ice-ufrag', desk.node.lastOffer.sdp), part('ice-ufrag', first.sdp))
  await heard(desk)
})

test('an offer whose answer the socket lost is made again, on the same connection', async () => {
  const desk = await talking({ gateway: true })
  const first = desk.node.lastOffer
  desk.node.cut = true
  for (const s of desk.node.sockets) s.terminate()
  await desk.page.evaluate(() => window.dispatchEvent(new Event('online')))
  await desk.page.waitForTimeout(5500) // the offer is given up
  desk.node.cut = false
  await gone(desk.at, 'bar-link')
  await desk.page.evaluate(() => window.dispatchEvent(new Event('online')))
  await until(() => desk.node.lastOffer.gen > first.gen)
  await heard(desk)
})

/** Devices that a test plugs and pulls. */
const bench = ({ settings }) => {
  localStorage.setItem('hotline.settings', JSON.stringify({ theme: 'light', language: 'zh-CN', ...settings }))
  const media = navigator.mediaDevices
  const real = media.getUserMedia.bind(media)
  const device = (kind, name) => ({ kind, deviceId: `${kind}-${name}`, label: name, groupId: name })
  let plugged = [device('audioinput', 'Jabra'), device('audioinput', 'Webcam'), device('audiooutput', 'Jabra'), device('audiooutput', 'Speaker')]
  const tracks = []
  media.enumerateDevices = async () => plugged
  media.getUserMedia = async (c) => {
    const inputs = plugged.filter((d) => d.kind === 'audioinput')
    const wanted = c.audio.deviceId?.exact
    const d = wanted ? inputs.find((i) => i.deviceId === wanted) : inputs[0]
    if (!d) throw new DOMException('none', inputs.length ? 'OverconstrainedError' : 'NotFoundError')
    const stream = await real({ audio: true })
    for (const t of stream.getAudioTracks()) {
      t.getSettings = () => ({ deviceId: d.deviceId })
      tracks.push({ d, t })
    }
    window.inUse = d.label
    return stream
  }
  HTMLMediaElement.prototype.setSinkId = async function (id) { window.sink = id }
  window.pull = (...names) => {
    plugged = plugged.filter((d) => !names.includes(d.label))
    for (const { d, t } of tracks) {
      if (!names.includes(d.label) || t.readyState === 'ended') continue
      t.stop()
      t.dispatchEvent(new Event('ended'))
    }
    media.dispatchEvent(new Event('devicechange'))
  }
  window.plug = (name) => {
    plugged = [...plugged, device('audioinput', name), device('audiooutput', name)]
    media.dispatchEvent(new Event('devicechange'))
  }
}

async function atBench(how, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 625 }, permissions: ['microphone'] })
  await context.addInitScript(bench, { settings })
  return { desk: await how({ context, gateway: true }), context }
}

test('a headset that is pulled: the next device goes on, and back when it is plugged in', async () => {
  const jabra = { id: 'audiooutput-Jabra', label: 'Jabra' }
  const { desk, context } = await atBench(talking, { devices: { microphone: null, headset: jabra, ringer: null } })
  await heard(desk)
  assert.equal(await desk.page.evaluate(() => window.inUse), 'Jabra')
  const { gen } = desk.node.lastOffer
  await desk.page.evaluate(() => window.pull('Jabra'))
  await desk.at('notice').filter({ hasText: '已切换到：Webcam' }).waitFor()
  await desk.at('bar-device').filter({ hasText: '耳机已拔出' }).waitFor()
  assert.equal(await desk.page.evaluate(() => window.inUse), 'Webcam')
  assert.equal(await desk.page.evaluate(() => window.sink), 'audiooutput-Speaker')
  await heard(desk)
  await desk.page.evaluate(() => window.plug('Jabra'))
  await desk.at('notice').filter({ hasText: '已切换回：Jabra' }).first().waitFor()
  await gone(desk.at, 'bar-device')
  assert.equal(await desk.page.evaluate(() => window.inUse), 'Jabra')
  assert.equal(await desk.page.evaluate(() => window.sink), 'audiooutput-Jabra')
  await heard(desk)
  assert.equal(desk.node.lastOffer.gen, gen, 'it was negotiated anew')
  assert.equal(await desk.at('bar-mic').count(), 0)
  assert.deepEqual(desk.faults, [])
  await context.close()
})

test('the last microphone gone in a call: nothing is sent, the operator is told, and it comes back', async () => {
  const { desk, context } = await atBench(talking)
  await heard(desk)
  await desk.page.evaluate(() => window.pull('Jabra', 'Webcam'))
  await desk.at('bar-mic').filter({ hasText: '没有找到麦克风' }).waitFor()
  await desk.page.waitForTimeout(500)
  const { packets } = desk.node.microphone
  await desk.page.waitForTimeout(1000)
  assert.equal(desk.node.microphone.packets, packets, 'a desk without a microphone sends packets: the node would not know')
  desk.node.apart()
  await desk.at('bar-apart').filter({ hasText: '市民听到“请稍候”' }).waitFor()
  await desk.page.evaluate(() => window.plug('Jabra'))
  await gone(desk.at, 'bar-mic')
  await heard(desk)
  desk.node.rejoin()
  await gone(desk.at, 'bar-apart')
  assert.deepEqual(desk.faults, [])
  await context.close()
})

test('the last microphone gone between calls: the desk asks for a proof, and cannot be ready', async () => {
  const { desk, context } = await atBench(ready)
  const before = sent(desk, 'leg.prove').length
  await desk.page.evaluate(() => window.pull('Jabra', 'Webcam'))
  await desk.at('bar-mic').waitFor()
  await until(() => sent(desk, 'leg.prove').length === before + 1)
  await desk.page.waitForTimeout(1500)
  await desk.page.evaluate(() => window.plug('Jabra'))
  await gone(desk.at, 'bar-mic')
  await until(() => sent(desk, 'leg.prove').length === before + 2)
  await context.close()
})

test('three bars and a word; the side is named after ten seconds, decimals are not for agents', async () => {
  const desk = await talking()
  const quality = desk.at('quality')
  desk.node.measure(4.3, 4.3)
  await desk.page.locator('[data-testid="quality"][data-word="good"]').waitFor()
  assert.equal(await quality.locator('.on').count(), 3)
  assert.equal((await quality.textContent()).trim(), '网络好')
  const bad = setInterval(() => desk.node.measure(3.1, 4.3), 2000)
  try {
    await desk.page.locator('[data-testid="quality"][data-word="poor"]').waitFor()
    assert.equal(await quality.getAttribute('data-side'), '')
    await desk.page.locator('[data-testid="quality"][data-side="citizen"]').waitFor({ timeout: 14_000 })
  } finally {
    clearInterval(bad)
  }
  assert.equal((await quality.textContent()).trim(), '网络差：市民侧')
  assert.equal(await quality.getAttribute('title'), null)
  desk.node.wrapup()
  await gone(desk.at, 'quality')
})

test('a supervisor at a desk sees the decimals', async () => {
  const desk = await talking({ node: { role: 'supervisor' } })
  desk.node.measure(4.3, 3.8)
  assert.match(await desk.at('quality').getAttribute('title'), /市民 4\.3.*上行 3\.8/)
})

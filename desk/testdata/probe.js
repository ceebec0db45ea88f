// A desk in few words: signs in, opens the socket, proves its audio and gets
// ready. What it comes to is the page's title.
const done = (text) => { document.title = text }
const ulid = () => Array.from(crypto.getRandomValues(new Uint8Array(26)), (b) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[b % 32]).join('')
document.addEventListener('securitypolicyviolation', (e) => done('CSP ' + e.violatedDirective))

async function connect(send) {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true })
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })
  const transceiver = pc.addTransceiver(mic.getAudioTracks()[0], { direction: 'sendrecv' })
  const known = RTCRtpReceiver.getCapabilities('audio').codecs
  transceiver.setCodecPreferences(known.filter((c) => /pcma|pcmu|telephone-event/i.test(c.mimeType) && c.clockRate === 8000))
  const sound = new AudioContext()
  const ear = sound.createAnalyser()
  ear.fftSize = 16384
  pc.ontrack = (e) => {
    const player = document.querySelector('audio')
    player.srcObject = e.streams[0] ?? new MediaStream([e.track])
    player.play()
    sound.createMediaStreamSource(player.srcObject).connect(ear)
  }
  await pc.setLocalDescription(await pc.createOffer())
  await new Promise((ok) => {
    if (pc.iceGatheringState === 'complete') ok()
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && ok()
  })
  send('leg.offer', { node: 'n1', gen: 1, sdp: pc.localDescription.sdp })
  return { pc, ear, sound }
}

function measure({ ear, sound }) {
  const wave = new Float32Array(4096)
  ear.getFloatTimeDomainData(wave)
  const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length)
  const bins = new Float32Array(ear.frequencyBinCount)
  ear.getFloatFrequencyData(bins)
  const top = bins.reduce((best, x, i) => (x > bins[best] ? i : best), 0)
  return { gen: 1, level, hz: (top * sound.sampleRate) / ear.fftSize }
}

async function main() {
  const r = await fetch('/api/v1/session', { method: 'POST', body: JSON.stringify({ account: '1001', password: 'secret' }) })
  if (!r.ok) return done('sign-in ' + r.status)
  const me = await fetch('/api/v1/session')
  if (!me.ok) return done('the cookie did not come back')
  const ws = new WebSocket('ws://' + location.host + '/desk/socket')
  const send = (type, data) => ws.send(JSON.stringify({ v: 1, id: ulid(), type, data }))
  let leg
  ws.onopen = () => ws.send(JSON.stringify({ v: 1, type: 'hello', data: { epoch: '', last_seq: 0, tab: ulid(), phone: 'ask', build: 'probe' } }))
  ws.onclose = (e) => done('closed ' + e.code)
  ws.onmessage = async (e) => {
    const f = JSON.parse(e.data)
    switch (f.type) {
      case 'ping': return ws.send(JSON.stringify({ v: 1, type: 'pong', data: f.data }))
      case 'error': return done('error ' + e.data)
      case 'welcome': leg = await connect(send); return
      case 'leg.answer': return leg.pc.setRemoteDescription({ type: 'answer', sdp: f.data.sdp })
      case 'leg.tone': return void setTimeout(() => send('leg.heard', measure(leg)), 800)
      case 'leg.changed':
        if (f.data.state === 'connected') send('leg.prove', {})
        if (f.data.state === 'proven') send('agent.state', { state: 'ready' })
        return
      case 'agent.changed': if (f.data.state === 'ready') done('ready')
    }
  }
}
main().catch((e) => done('failed: ' + e))

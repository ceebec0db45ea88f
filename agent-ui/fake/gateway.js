// The other end of the desk's voice leg: answers, plays the proof tone, measures the microphone.
const context = new AudioContext()
const out = context.createMediaStreamDestination()
const socket = new WebSocket(`ws://${location.host}/fake/gateway-socket`)
const say = (m) => socket.send(JSON.stringify(m))
let pc = null
let gen = 0
let print = ''
let listening = 0
const printOf = (sdp) => sdp.match(/a=fingerprint:(.*)/)?.[1] ?? ''

socket.onmessage = async (e) => {
  const m = JSON.parse(e.data)
  if (m.type === 'offer') await answer(m)
  if (m.type === 'tone') tone(m)
}

async function answer(m) {
  gen = m.gen
  // The same certificate is the same connection: ICE starts over on it. Any other is a new page.
  if (!pc || pc.connectionState === 'closed' || printOf(m.sdp) !== print) fresh()
  print = printOf(m.sdp)
  await pc.setRemoteDescription({ type: 'offer', sdp: m.sdp })
  await pc.setLocalDescription(await pc.createAnswer())
  if (pc.iceGatheringState !== 'complete') await new Promise((done) => pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done()))
  say({ type: 'answer', gen, sdp: pc.localDescription.sdp })
}

function fresh() {
  clearInterval(listening)
  pc?.close()
  pc = new RTCPeerConnection()
  pc.addTrack(out.stream.getAudioTracks()[0], out.stream)
  pc.onconnectionstatechange = () => say({ type: 'state', gen, state: pc.connectionState === 'closed' ? 'failed' : pc.connectionState })
  pc.ontrack = (e) => listen(e.streams[0] ?? new MediaStream([e.track]))
}

function tone(m) {
  const osc = context.createOscillator()
  osc.frequency.value = m.hz
  const gain = context.createGain()
  gain.gain.value = 0.4
  osc.connect(gain).connect(out)
  osc.start()
  osc.stop(context.currentTime + m.ms / 1000)
}

function listen(stream) {
  const element = new Audio()
  element.srcObject = stream
  void element.play()
  const analyser = context.createAnalyser()
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  clearInterval(listening)
  const of = gen
  listening = setInterval(async () => {
    analyser.getFloatTimeDomainData(samples)
    const level = Math.sqrt(samples.reduce((s, x) => s + x * x, 0) / samples.length)
    let packets = 0
    ;(await pc.getStats()).forEach((s) => s.type === 'inbound-rtp' && (packets = s.packetsReceived))
    say({ type: 'heard', gen: of, level, packets })
  }, 50)
}

// `npm run fake`: a fake node on port 8099 with a call every half minute for whoever is ready.
import { FakeNode, lines } from './node.mjs'

const node = await new FakeNode({ port: Number(process.env.PORT ?? 8099) }).start()
node.history = { count_30d: 2, contacts: [], tickets: [] }
console.log(`fake node: ${node.url}  account 1024, password demo`)
setInterval(() => {
  if (node.agent.state === 'ready') node.offer({ line: Math.random() < 0.7 ? lines.citizen : lines.enterprise })
}, 30_000)
setInterval(() => {
  const until = node.call?.until && Date.parse(node.call.until) < Date.now()
  if (until && node.call.state === 'ringing') node.stopRing('unanswered', 'not_ready', 'unanswered')
  else if (until && node.call.state === 'wrapup') node.finish()
}, 500)

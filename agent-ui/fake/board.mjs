// A hall to show: lines, who waits, seats, figures; and one contact's way.
const names = ['王芳', '李强', '张伟', '刘洋', '陈静', '杨帆', '赵磊', '黄蕾', '周敏', '吴涛', '徐丽', '孙浩', '马超', '朱琳', '胡军', '郭佳']
const line = (name, title, title_en) => ({ name, title, title_en })
const citizen = line('citizen', '市民热线', "Citizens' line")
const enterprise = line('enterprise', '企业专线', 'Enterprise line')
const foreign = line('foreign', '外语服务', 'Foreign languages')

const figure = (offered, served, inTime, lost, short, more = {}) => ({
  offered, served, in_time: inTime, lost, short, callback: 0, refused: 0, overdue: 0,
  service_level: served + lost > 0 ? inTime / (served + lost) : null, connect_rate: served + lost > 0 ? served / (served + lost) : null, ...more,
})

/** Seats in the proportions of a working hall. */
export function seats(n) {
  const kinds = [...Array(11).fill('talking'), 'held', 'ringing', 'wrapup', 'wrapup', ...Array(6).fill('ready'), 'break', 'break', 'not_ready', 'busy']
  return Array.from({ length: n }, (_, i) => {
    const state = kinds[i % kinds.length]
    const used = ['talking', 'held', 'ringing', 'wrapup', 'busy'].includes(state) ? 1 : 0
    return {
      id: String(1001 + i), name: state === 'busy' ? '' : names[i % names.length], node: state === 'busy' ? 'node-2' : 'node-1', state,
      reason: state === 'break' ? 'meal' : state === 'not_ready' ? 'unanswered' : '', since: state === 'busy' ? null : new Date(Date.now() - ((i * 37) % 540) * 1000).toISOString(),
      voice: { used, of: 1 }, message: { used: i % 5 === 0 ? 2 : 0, of: i % 5 === 0 ? 3 : 0 },
    }
  })
}

export function board(n = 75) {
  const agents = seats(n)
  const states = {}
  for (const a of agents) states[a.state] = (states[a.state] ?? 0) + 1
  const waiting = (contact, l, cls, channel, waited, place, bucket) => ({ contact, line: l, class: cls, channel, waited_ms: waited, place, bucket })
  return {
    classes: [
      {
        class: 'voice', goal_ms: 15_000, waiting: 6, oldest_ms: 19_400, today: figure(1284, 1241, 1187, 34, 21), day: figure(2630, 2540, 2432, 71, 44, { overdue: 2 }),
        losses: [{ cause: 'abandoned_queue', n: 58 }, { cause: 'abandoned_ringing', n: 41 }, { cause: 'abandoned_greeting', n: 17 }, { cause: 'refused_full', n: 12 }, { cause: 'node_lost', n: 2 }],
      },
      {
        class: 'message', goal_ms: 180_000, waiting: 3, oldest_ms: 41_000, today: figure(312, 301, 288, 6, 0), day: figure(690, 668, 640, 13, 0),
        losses: [{ cause: 'citizen_ended', n: 9 }, { cause: 'abandoned_queue', n: 4 }],
      },
    ],
    lines: [
      { line: citizen, class: 'voice', waiting: 5, oldest_ms: 19_400, today: figure(1102, 1066, 1014, 30, 20), day: figure(2260, 2180, 2076, 64, 40) },
      { line: citizen, class: 'message', waiting: 3, oldest_ms: 41_000, today: figure(290, 280, 268, 6, 0), day: figure(640, 620, 594, 12, 0) },
      { line: enterprise, class: 'voice', waiting: 0, oldest_ms: 0, today: figure(121, 119, 117, 2, 1), day: figure(244, 239, 235, 4, 3) },
      { line: foreign, class: 'voice', waiting: 1, oldest_ms: 8200, today: figure(61, 56, 46, 5, 0), day: figure(126, 118, 97, 8, 1) },
    ],
    waiting: [
      waiting('01KDNW00000000000000000001', citizen, 'message', 'wechat', 41_000, 0, 'general'),
      waiting('01KDNW00000000000000000002', citizen, 'message', 'web', 33_500, 1, 'general'),
      waiting('01KDNW00000000000000000003', citizen, 'voice', 'phone', 19_400, 0, 'general'),
      waiting('01KDNW00000000000000000004', citizen, 'voice', 'phone', 14_100, 1, 'dialect'),
      waiting('01KDNW00000000000000000005', foreign, 'voice', 'phone', 8200, 0, 'en.2'),
      waiting('01KDNW00000000000000000006', citizen, 'voice', 'phone', 3900, 2, 'general'),
    ],
    states, agents,
  }
}

/** One contact's way, as the node tells it. */
export function decisions(node) {
  const step = (ms, kind, agent, facts, zh, en) => ({ at: node.now(ms - 95_000), kind, agent, facts, text: { zh, en } })
  return [
    step(0, 'accepted', '', {}, '诉求进入系统', 'The house took the contact'),
    step(4100, 'queued', '', { line: 'citizen', queue: 'public', buckets: 'dialect', steps: '15000:general', band: '0', credit: '0', trail: 'hours:open,speaks:dialect' },
      '进入排队 public（线路 citizen）；先在 dialect 中等待；满 15 秒再加 general；依据：hours:open,speaks:dialect', 'Joined the queue public of line citizen; waits in dialect; after 15 s in general too; by: hours:open,speaks:dialect'),
    step(19_100, 'widened', '', { added: 'general' }, '还没有人接，扩大到 general', 'Nobody yet: waits in general too'),
    step(19_120, 'offered', '1012', { by: 'entered', via: 'general', waited: '15020', score: '1795507200000', tier: '0', load: '0', idle: '35200', others: '2', next: '1009' },
      '等了 15 秒；在 general 中排第一；1012 空闲最久（35 秒），另有 2 个空闲座席，下一位是 1009', 'Waited 15 s; first in general; 1012 had been free the longest (35 s), 2 more seats were free, next would have been 1009'),
    step(34_130, 'offer_ended', '1012', { why: 'unanswered' }, '1012 没有接：振铃超时', '1012 did not take it: it rang to the end'),
    step(34_150, 'offered', '1009', { by: 'entered', via: 'general', waited: '30050', score: '1795507200000', tier: '0', load: '0', idle: '49800', others: '1', next: '1021' },
      '等了 30 秒；在 general 中排第一；1009 空闲最久（50 秒），另有 1 个空闲座席，下一位是 1021', 'Waited 30 s; first in general; 1009 had been free the longest (50 s), 1 more seats were free, next would have been 1021'),
    step(36_900, 'connected', '1009', {}, '与 1009 接通', 'Connected with 1009'),
  ]
}

/** What five seconds of a call looked like. */
export interface Interval {
  /** Round trip, ms. */
  rttMs: number
  /** Mean time in the jitter buffer, ms. */
  jitterBufferMs: number
  /** Share of samples that had to be invented, 0…1; late packets count. */
  loss: number
}

export type QualityWord = 'good' | 'fair' | 'poor'

/**
 * Mean opinion score 1…4.5 by a shortened E-model (ITU-T G.107) for G.711 with
 * concealment.
 */
export function mos(i: Interval): number {
  const d = i.rttMs / 2 + i.jitterBufferMs + 20
  const p = i.loss * 100
  const r = 93.2 - 0.024 * d - 0.11 * Math.max(0, d - 177.3) - (95 * p) / (p + 25.1)
  if (r <= 0) return 1
  const score = 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)
  return Math.min(4.5, Math.max(1, score))
}

/** One word an operator can act on. */
export function word(score: number): QualityWord {
  if (score >= 4) return 'good'
  return score >= 3.6 ? 'fair' : 'poor'
}

/** Mean opinion scores of a talk; null where nothing is known. */
export interface Scores {
  /** The citizen, as the node hears them. */
  citizen: number | null
  /** This desk, as the node hears it. */
  agent: number | null
  /** What this desk hears of the node. */
  own: number | null
}

export type Side = 'mine' | 'citizen' | 'both'

/** What an operator is told. */
export interface Verdict {
  word: QualityWord
  /** Whose side is bad, once it has been for ten seconds. */
  side: Side | null
  scores: Scores
}

/** How long a side is bad before it is named: nobody acts on a hiccup. */
export const nameAfterMs = 10_000
const bad = 3.6
/** Scores that are older say nothing about now. */
const staleMs = 8000

/** Joins what the node and the browser measure, and names the side at fault. */
export class QualityJudge {
  private node: { at: number; citizen: number | null; agent: number | null } | null = null
  private self: { at: number; own: number } | null = null
  private badSince: { mine: number | null; citizen: number | null } = { mine: null, citizen: null }

  /** The node's word; 0 means that nothing arrived. */
  hearNode(citizen: number, agent: number, nowMs: number): void {
    this.node = { at: nowMs, citizen: citizen || null, agent: agent || null }
  }

  hearSelf(own: number, nowMs: number): void {
    this.self = { at: nowMs, own }
  }

  /** Null while nothing is known. */
  verdict(nowMs: number): Verdict | null {
    const node = this.node && nowMs - this.node.at < staleMs ? this.node : null
    const own = this.self && nowMs - this.self.at < staleMs ? this.self.own : null
    const scores = { citizen: node?.citizen ?? null, agent: node?.agent ?? null, own }
    const known = Object.values(scores).filter((s) => s !== null)
    if (known.length === 0) return null
    return { word: word(Math.min(...known)), side: this.side(scores, nowMs), scores }
  }

  private side(s: Scores, nowMs: number): Side | null {
    const citizen = s.citizen !== null && s.citizen < bad
    // What the citizen's network lost, this desk cannot hear either: that is not its own fault.
    const mine = (s.agent !== null && s.agent < bad) || (s.own !== null && s.own < bad && !citizen)
    const since = this.badSince
    since.citizen = citizen ? (since.citizen ?? nowMs) : null
    since.mine = mine ? (since.mine ?? nowMs) : null
    const named = (at: number | null): boolean => at !== null && nowMs - at >= nameAfterMs
    if (named(since.mine)) return named(since.citizen) ? 'both' : 'mine'
    return named(since.citizen) ? 'citizen' : null
  }

  /** Forgets, between calls. */
  reset(): void {
    this.node = null
    this.self = null
    this.badSince = { mine: null, citizen: null }
  }
}

interface Counters {
  at: number
  total: number
  concealed: number
  bufferDelay: number
  emitted: number
  rttMs: number
}

/** Turns the running counters of getStats into intervals of at least 5 s. */
export class QualityMeter {
  private past: Counters[] = []

  /** Takes a report; null until 5 s of samples lie between two of them. */
  take(report: Iterable<Record<string, unknown>>, nowMs: number): Interval | null {
    const now = countersOf(report, nowMs)
    this.past = [...this.past.filter((c) => nowMs - c.at <= 6000), now]
    const before = this.past[0]
    if (!before || now.at - before.at < 4500 || now.total <= before.total) return null
    const emitted = now.emitted - before.emitted
    return {
      rttMs: now.rttMs,
      jitterBufferMs: emitted > 0 ? (1000 * (now.bufferDelay - before.bufferDelay)) / emitted : 0,
      loss: Math.max(0, now.concealed - before.concealed) / (now.total - before.total),
    }
  }

  /** Forgets, between calls. */
  reset(): void {
    this.past = []
  }
}

function countersOf(report: Iterable<Record<string, unknown>>, at: number): Counters {
  const c: Counters = { at, total: 0, concealed: 0, bufferDelay: 0, emitted: 0, rttMs: 0 }
  const num = (x: unknown): number => (typeof x === 'number' ? x : 0)
  for (const s of report) {
    if (s.type === 'inbound-rtp' && s.kind === 'audio') {
      c.total = num(s.totalSamplesReceived)
      c.concealed = num(s.concealedSamples) - num(s.silentConcealedSamples)
      c.bufferDelay = num(s.jitterBufferDelay)
      c.emitted = num(s.jitterBufferEmittedCount)
    }
    if (s.type === 'candidate-pair' && s.nominated === true) c.rttMs = 1000 * num(s.currentRoundTripTime)
  }
  return c
}

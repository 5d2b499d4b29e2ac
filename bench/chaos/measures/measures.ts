import { LatencyHistogram, type LatencySummary } from '../../load/latency-histogram.js'
import type { Observation, ObservationOf } from '../history/observation.js'

/** What a history says of speed and availability: counts, latencies with and without faults, waits around each fault. */

/** So long after a fault its effects are still counted as its own. */
const AFTERMATH_MS = 5_000
/** Messages sent this shortly before a fault may be under way when it strikes. */
const BEFORE_MS = 1_000
/** A conversation that waits longer than this for an answer is interrupted. */
const INTERRUPTED_MS = 500

export interface FaultMeasures {
  readonly number: number
  readonly fault: string
  readonly targets: readonly string[]
  /** Milliseconds since the run began. */
  readonly at: number
  readonly lastedMs: number
  /** Messages first sent from shortly before it until shortly after it. */
  readonly latency: LatencySummary
  /** Conversations in which somebody waited for longer than half a second. */
  readonly interrupted: number
  /** The longest wait from sending a message until it was acknowledged, of the median and of the worst such conversation. */
  readonly interruptionMedianMs: number
  readonly interruptionMaxMs: number
  /** Sessions that ended against their will meanwhile. */
  readonly sessionsLost: number
  /** Answers of the kind "not now", by code. */
  readonly refused: Readonly<Record<string, number>>
}

export interface RunMeasures {
  readonly lines: number
  readonly lastedMs: number
  readonly conversations: number
  readonly slots: number
  readonly sendings: number
  readonly sentAgain: number
  readonly acknowledged: number
  readonly delivered: number
  readonly streamed: number
  readonly pages: number
  readonly finalReads: number
  readonly finalMessages: number
  readonly sessions: number
  readonly sessionsLost: number
  readonly crashes: number
  /** Latency from the first sending to the acknowledgement of what was sent far from any fault. */
  readonly calm: LatencySummary
  readonly faults: readonly FaultMeasures[]
}

interface Message {
  readonly conversation: string
  readonly sentAt: number
  readonly ackedAt: number
}

interface FaultTimes {
  readonly begin: ObservationOf<'fault'>
  end: number
}

export class Measures {
  private readonly sentAt = new Map<string, number>()
  private readonly messages: Message[] = []
  private readonly acknowledged = new Set<string>()
  private readonly faults = new Map<number, FaultTimes>()
  private readonly losses: number[] = []
  private readonly refusals: { readonly at: number; readonly code: string }[] = []
  private readonly slots = new Set<number>()
  private readonly counts = {
    lines: 0,
    conversations: 0,
    sendings: 0,
    sentAgain: 0,
    delivered: 0,
    streamed: 0,
    pages: 0,
    finalReads: 0,
    finalMessages: 0,
    sessions: 0,
    crashes: 0,
  }
  private lastAt = 0

  see(observation: Observation): void {
    const { counts } = this
    counts.lines++
    this.lastAt = Math.max(this.lastAt, observation.at)
    switch (observation.type) {
      case 'conversation':
        counts.conversations++
        this.slots.add(observation.slot)
        return
      case 'sending':
        counts.sendings++
        if (observation.conflicts) return
        if (this.sentAt.has(observation.id)) counts.sentAgain++
        else this.sentAt.set(observation.id, observation.at)
        return
      case 'sent': {
        const { id, at, conversation } = observation
        if (this.acknowledged.has(id)) return
        this.acknowledged.add(id)
        this.messages.push({ conversation, sentAt: this.sentAt.get(id) ?? at, ackedAt: at })
        return
      }
      case 'refused':
        this.refusals.push({ at: observation.at, code: observation.code })
        return
      case 'delivered':
        counts.delivered += observation.messages.length
        return
      case 'streamed':
        counts.streamed += observation.messages.length
        return
      case 'page':
        counts.pages++
        return
      case 'full-read':
        counts.finalReads++
        counts.finalMessages += observation.messages.length
        return
      case 'connected':
        counts.sessions++
        return
      case 'closed':
        if (!observation.wanted) this.losses.push(observation.at)
        return
      case 'fault':
        if (observation.phase === 'begin') {
          this.faults.set(observation.number, { begin: observation, end: Number.POSITIVE_INFINITY })
        } else {
          const fault = this.faults.get(observation.number)
          if (fault !== undefined) fault.end = observation.at
        }
        return
    }
  }

  finish(): RunMeasures {
    const periods = [...this.faults.values()].map(({ begin, end }) => ({
      from: begin.at - BEFORE_MS,
      to: Math.min(end, this.lastAt) + AFTERMATH_MS,
    }))
    const calm = new LatencyHistogram()
    for (const { sentAt, ackedAt } of this.messages) {
      if (!periods.some(({ from, to }) => from <= sentAt && sentAt <= to)) calm.addMillis(ackedAt - sentAt)
    }
    return {
      ...this.counts,
      lastedMs: this.lastAt,
      slots: this.slots.size,
      acknowledged: this.acknowledged.size,
      sessionsLost: this.losses.length,
      calm: calm.summary(),
      faults: [...this.faults.values()].map((fault) => this.around(fault)),
    }
  }

  private around({ begin, end: ended }: FaultTimes): FaultMeasures {
    const end = Math.min(ended, this.lastAt)
    const isDuring = (at: number) => at >= begin.at - BEFORE_MS && at <= end + AFTERMATH_MS
    const latency = new LatencyHistogram()
    const longest = new Map<string, number>()
    for (const { conversation, sentAt, ackedAt } of this.messages) {
      if (!isDuring(sentAt) || ackedAt < begin.at) continue
      const tookMs = ackedAt - sentAt
      latency.addMillis(tookMs)
      if (tookMs > INTERRUPTED_MS) longest.set(conversation, Math.max(longest.get(conversation) ?? 0, tookMs))
    }
    const waits = [...longest.values()].sort((a, b) => a - b)
    const refused: Record<string, number> = {}
    for (const { at, code } of this.refusals) {
      if (isDuring(at) && code !== 'CONFLICT') refused[code] = (refused[code] ?? 0) + 1
    }
    return {
      number: begin.number,
      fault: begin.fault,
      targets: begin.targets,
      at: begin.at,
      lastedMs: end - begin.at,
      latency: latency.summary(),
      interrupted: waits.length,
      interruptionMedianMs: waits[Math.floor(waits.length / 2)] ?? 0,
      interruptionMaxMs: waits.at(-1) ?? 0,
      sessionsLost: this.losses.filter(isDuring).length,
      refused,
    }
  }
}

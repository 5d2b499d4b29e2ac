import { Gauge, type Registry } from 'prom-client'
import type { Logger } from '../logger.js'

/** An engine as operators know it: `Cassandra` at `10.0.0.1:9042,10.0.0.2:9042`. */
export interface Engine {
  readonly name: 'Cassandra' | 'Consul' | 'Redis' | 'Kafka'
  readonly where: string
}

interface Away {
  readonly engine: Engine
  readonly since: Date
  why: string
  told: number
}

const TELL_AGAIN_MS = 10_000
const TRY_AGAIN_MS = 1_000
const SLOW_MS = 3_000

/**
 * Which engines answer, for the log, the metric `chat4all_engine_up` and /readyz. An engine that is away is told when
 * it goes, every ten seconds while it is waited for, and when it is back: never for each call that fails.
 */
export class EngineHealth {
  private readonly logger: Logger
  private readonly up: Gauge<'engine'>
  private readonly aways = new Map<Engine['name'], Away>()
  private stopped = false

  constructor(logger: Logger, registry: Registry) {
    this.logger = logger
    this.up = new Gauge({
      name: 'chat4all_engine_up',
      help: 'Whether an engine that this process uses answers it: 1, or 0',
      labelNames: ['engine'],
      registers: [registry],
    })
  }

  /** It does not answer. `meanwhile`: what that means, for the log. */
  away(engine: Engine, reason: string, meanwhile: string): void {
    this.up.set({ engine: engine.name }, 0)
    const { since, told } = this.aways.get(engine.name) ?? { since: new Date(), told: 0 }
    const why = reason.split('\n', 1)[0]!
    const now = Date.now()
    const tell = now - told >= TELL_AGAIN_MS
    this.aways.set(engine.name, { engine, since, why, told: tell ? now : told })
    if (!tell) return
    const fields = { engine: engine.name, where: engine.where, since: since.toISOString(), why }
    this.logger.warn(fields, `${engine.name} does not answer: ${meanwhile}`)
  }

  back(engine: Engine): void {
    this.up.set({ engine: engine.name }, 1)
    const away = this.aways.get(engine.name)
    if (away === undefined) return
    this.aways.delete(engine.name)
    const fields = { engine: engine.name, where: engine.where, away_ms: Date.now() - away.since.getTime() }
    this.logger.info(fields, `${engine.name} answers`)
  }

  /** Why this process is not ready, as far as this engine is concerned. */
  reason(name: Engine['name']): string | undefined {
    const away = this.aways.get(name)
    return away && `${name} at ${away.engine.where} does not answer since ${away.since.toISOString()}: ${away.why}`
  }

  /** Tries until it succeeds: whoever starts a server before its engines gets both, in whatever order. */
  async until<Result>(engine: Engine, attempt: () => Promise<Result>): Promise<Result> {
    for (;;) {
      // One that is paused takes a connection and then says nothing.
      const slow = setTimeout(() => this.away(engine, `no answer within ${SLOW_MS} ms`, 'waiting for it'), SLOW_MS)
      try {
        const result = await attempt()
        this.back(engine)
        return result
      } catch (error) {
        this.away(engine, (error as Error).message, 'waiting for it')
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS))
        if (this.stopped) throw error
      } finally {
        clearTimeout(slow)
      }
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    this.stopped = true
  }
}

import { type StartedProcess, startProcess } from '../../servers/running-server.js'
import type { Recorder } from '../history/history-file.js'

/** An edge or a shard-node: a process of its own, that is started, stopped, paused and killed by its pid. */

const READY_MS_MAX = 180_000
const POLL_MS = 50

export interface ComponentOptions {
  readonly name: string
  readonly role: 'edge' | 'shard-node'
  /** Where it answers /readyz; an edge's clients come there too. */
  readonly port: number
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
  readonly processors?: string | undefined
}

export class Component {
  readonly name: string
  readonly role: 'edge' | 'shard-node'
  readonly port: number
  private readonly options: ComponentOptions
  private readonly recorder: Recorder
  private running: StartedProcess | undefined
  /** Times that it ended without having been asked to. */
  readonly crashes: string[] = []
  private ending = false

  constructor(options: ComponentOptions, recorder: Recorder) {
    this.options = options
    this.recorder = recorder
    this.name = options.name
    this.role = options.role
    this.port = options.port
  }

  get pid(): number | undefined {
    return this.running?.pid
  }

  /** Starts it without waiting. */
  start(): void {
    if (this.running !== undefined) return
    const { args, environment, logFile, processors } = this.options
    const started = startProcess({ command: process.execPath, args, environment, logFile, processors })
    this.running = started
    this.ending = false
    this.tell('started', started.pid)
    void started.ended.then((how) => {
      this.tell('ended', started.pid, how)
      if (!this.ending) this.crashes.push(`${this.name}: ${how}`)
      if (this.running === started) this.running = undefined
    })
  }

  /** Resolves when it says that it is ready, rejects when it does not in time. */
  async ready(msMax = READY_MS_MAX): Promise<void> {
    const until = performance.now() + msMax
    while (!(await this.isReady())) {
      if (this.running === undefined) throw new Error(`${this.name} ended before it was ready: ${this.options.logFile}`)
      if (performance.now() > until)
        throw new Error(`${this.name} was not ready within ${msMax} ms: ${this.options.logFile}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    this.tell('ready', this.pid ?? 0)
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(2_000) })
      await response.arrayBuffer()
      return response.ok
    } catch {
      return false
    }
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.ending = true
    await this.running?.kill()
  }

  /** SIGTERM; resolves when it has ended by itself. */
  async stop(): Promise<void> {
    this.ending = true
    await this.running?.stop()
  }

  pause(): void {
    if (this.pid !== undefined) process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    if (this.pid !== undefined) process.kill(this.pid, 'SIGCONT')
  }

  private tell(event: 'started' | 'ready' | 'ended', pid: number, detail?: string): void {
    const at = this.recorder.now()
    this.recorder.record({ type: 'process', at, name: this.name, pid, event, ...(detail !== undefined && { detail }) })
  }
}

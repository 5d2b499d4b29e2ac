import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Checker, type Verdict } from './checker/checker.js'
import type { PopulationSize } from './clients/conversation-plan.js'
import { StreamRecorder } from './clients/stream-recorder.js'
import { Workload } from './clients/workload.js'
import { Cluster, type ClusterOptions } from './cluster/cluster.js'
import { schedule } from './faults/schedule.js'
import { Tormentor } from './faults/tormentor.js'
import { HistoryFile, type Recorder, readHistory } from './history/history-file.js'
import type { Observation } from './history/observation.js'
import { Measures, type RunMeasures } from './measures/measures.js'
import { Random } from './random.js'

/** One chaos run from the start of the cluster to the verdict. */

export interface ChaosSettings {
  readonly seed: number
  readonly cluster: Omit<ClusterOptions, 'folder'>
  readonly population: PopulationSize
  readonly messagesPerSecond: number
  /** Without faults, to have something to compare with. */
  readonly calmMs: number
  readonly faultsMs: number
  readonly faults: readonly string[]
  /** How long everything may take to come to rest. */
  readonly settleMsMax: number
}

export interface ChaosResult {
  readonly settings: ChaosSettings
  readonly folder: string
  readonly measures: RunMeasures
  readonly verdict: Verdict
}

const POLL_MS = 100
const READ_TRIES = 5
const TRY_AGAIN_MS = 500
/** Full reads under way at once. */
const READERS = 8

type Progress = (text: string) => void

export const HISTORY_FILE = 'history.jsonl'

/** Runs, checks, and writes `result.json` beside the history. `folder`: of this run alone. */
export async function runChaos(settings: ChaosSettings, folder: string, progress: Progress): Promise<ChaosResult> {
  mkdirSync(folder, { recursive: true })
  const file = new HistoryFile(join(folder, HISTORY_FILE))
  try {
    await new ChaosRun(settings, folder, file, progress).run()
  } finally {
    file.close()
  }
  progress(`checking ${file.lines.toLocaleString('en-US')} lines`)
  const { measures, verdict } = await checkFolder(folder)
  const result: ChaosResult = { settings, folder, measures, verdict }
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify(result, null, 1)}\n`)
  return result
}

/** Checks a kept history. */
export async function checkFolder(folder: string): Promise<{ measures: RunMeasures; verdict: Verdict }> {
  const checker = new Checker()
  const measures = new Measures()
  await readHistory(join(folder, HISTORY_FILE), (observation, line) => {
    checker.see(observation, line)
    measures.see(observation)
  })
  return { measures: measures.finish(), verdict: checker.finish() }
}

class ChaosRun implements Recorder {
  /** How far conversations are known to go. */
  private readonly heads = new Map<string, number>()
  private readonly settings: ChaosSettings
  private readonly folder: string
  private readonly file: HistoryFile
  private readonly progress: Progress
  private readonly random: Random

  constructor(settings: ChaosSettings, folder: string, file: HistoryFile, progress: Progress) {
    this.settings = settings
    this.folder = folder
    this.file = file
    this.progress = progress
    this.random = new Random(settings.seed)
  }

  now(): number {
    return this.file.now()
  }

  record(observation: Observation): void {
    this.file.record(observation)
    if (observation.type !== 'sent' && observation.type !== 'delivered') return
    const seq = observation.type === 'sent' ? observation.seq : observation.upto
    if (seq > (this.heads.get(observation.conversation) ?? 0)) this.heads.set(observation.conversation, seq)
  }

  async run(): Promise<void> {
    const { settings, folder, progress } = this
    this.record({
      type: 'run',
      at: this.now(),
      startedAt: new Date().toISOString(),
      seed: settings.seed,
      streamed: settings.cluster.kafka,
      settings: { ...settings },
    })
    const cluster = await Cluster.prepare({ ...settings.cluster, folder }, this)
    let workload: Workload | undefined
    let stream: StreamRecorder | undefined
    try {
      progress(`starting ${cluster.name}: ${settings.cluster.edges} edges, ${settings.cluster.nodes} shard-nodes`)
      await cluster.start()
      workload = this.workloadOf(cluster)
      await workload.setUp()
      if (settings.cluster.kafka) {
        stream = new StreamRecorder(cluster.addresses('kafka'), cluster.messagesTopic, this)
        await stream.start()
      }
      await this.torment(cluster, workload)
      await this.settle(cluster, workload, stream)
    } finally {
      await workload?.close()
      await stream?.close()
      await stream?.deleteTopic().catch(() => {})
      await cluster.end()
    }
  }

  private workloadOf(cluster: Cluster): Workload {
    const { settings } = this
    return new Workload({
      size: settings.population,
      messagesPerSecond: settings.messagesPerSecond,
      credentials: cluster,
      edges: cluster.clientPorts,
      recorder: this,
      random: this.random,
    })
  }

  private async torment(cluster: Cluster, workload: Workload): Promise<void> {
    const { settings, progress } = this
    workload.start()
    await pause(settings.calmMs)
    const { faults, faultsMs: durationMs } = settings
    const planned = schedule({ faults, durationMs }, this.random.fork('faults'))
    progress(`${planned.length} faults in ${Math.round(durationMs / 1000)} s`)
    const tormentor = new Tormentor(cluster, this, progress)
    await tormentor.carryOut(planned)
    this.failures.push(...tormentor.failures)
  }

  private readonly failures: string[] = []

  private async settle(cluster: Cluster, workload: Workload, stream: StreamRecorder | undefined): Promise<void> {
    const { settleMsMax } = this.settings
    await pause(this.settings.calmMs)
    workload.stop()
    this.progress('settling')
    const began = this.now()
    const deadline = began + settleMsMax
    // Whoever lives on has to hear what is said now.
    workload.sayEverywhere()
    const unfinished = (): string[] => [
      ...workload.unfinished(this.heads),
      ...(stream === undefined ? [] : this.behind(stream)),
    ]
    while (unfinished().length > 0 && this.now() < deadline) await pause(POLL_MS)
    const tookMs = this.now() - began
    const left = [...this.failures, ...unfinished(), ...cluster.components.flatMap(({ crashes }) => crashes)]
    left.push(...(await this.readEverything(cluster, workload)))
    this.record({ type: 'settled', at: this.now(), tookMs, unfinished: left })
  }

  private behind(stream: StreamRecorder): string[] {
    return [...this.heads].flatMap(([conversation, head]) => {
      const streamed = stream.heads.get(conversation) ?? 0
      return streamed < head ? [`the stream has ${conversation} up to ${streamed}, and it goes to ${head}`] : []
    })
  }

  /** Every member reads every conversation over its session, and the app reads it over each edge. Tells what failed. */
  private async readEverything(cluster: Cluster, workload: Workload): Promise<string[]> {
    this.progress('reading everything')
    const failures: string[] = []
    const reads: (() => Promise<void>)[] = []
    for (const { id } of workload.talks) {
      for (const device of workload.devices) {
        if (!device.memberOf.has(id)) continue
        reads.push(async () => {
          const read = await tried(() => device.readAll(id))
          if (read === undefined) failures.push(`${device.name} cannot read ${id}`)
          else this.finalRead(device.name, 'socket', id, read)
        })
      }
      for (const { name: edge } of cluster.edges) {
        reads.push(async () => {
          const read = await tried(() => workload.rest.readAll(edge, id).catch(() => undefined))
          if (read === undefined) failures.push(`${id} cannot be read over REST at ${edge}`)
          else this.finalRead('rest', 'rest', id, { ...read, edge })
          const told = await tried(async () => (await workload.rest.askCursors(edge, id)) || undefined)
          if (told === undefined) failures.push(`the cursors of ${id} cannot be read over REST at ${edge}`)
        })
      }
    }
    const next = async (): Promise<void> => {
      for (let read = reads.pop(); read !== undefined; read = reads.pop()) await read()
    }
    await Promise.all(Array.from({ length: READERS }, next))
    return failures
  }

  private finalRead(
    reader: string,
    way: 'socket' | 'rest',
    conversation: string,
    read: Pick<Extract<Observation, { type: 'full-read' }>, 'askedAt' | 'head' | 'edge' | 'messages'>,
  ): void {
    this.record({ type: 'full-read', at: this.now(), reader, way, conversation, final: true, ...read })
  }
}

async function tried<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let i = 0; i < READ_TRIES; i++) {
    const result = await attempt()
    if (result !== undefined) return result
    await pause(TRY_AGAIN_MS)
  }
  return undefined
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

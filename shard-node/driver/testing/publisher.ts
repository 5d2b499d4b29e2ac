import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { logRecord, Reader } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import type { StreamEvent } from '@chat4all/storage'
import { kafkaEventSource } from '@chat4all/storage/kafka'

/** For tests of a real process that publishes to a real Kafka. */

const brokers = testEngine('CHAT4ALL_TEST_KAFKA')
const program = fileURLToPath(new URL('./publisher-process.js', import.meta.url))
const folders: string[] = []
const processes: ChildProcess[] = []
after(async () => {
  for (const child of processes) child.kill('SIGKILL')
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

export class Publisher {
  readonly process: ChildProcess
  /** By conversation. */
  readonly acknowledged: Map<string, number>

  constructor(folder: string, topic: string, acknowledged: Map<string, number>, ...killAt: number[]) {
    this.acknowledged = acknowledged
    this.process = fork(program, [folder, brokers, topic, ...killAt.map(String)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    processes.push(this.process)
    this.process.on('message', (name) => {
      if (name !== 'ready') acknowledged.set(String(name), (acknowledged.get(String(name)) ?? 0) + 1)
    })
  }

  get total(): number {
    return [...this.acknowledged.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when so many more are acknowledged. */
  async says(more: number): Promise<void> {
    const target = this.total + more
    while (this.total < target) await once(this.process, 'message')
  }

  async exit(): Promise<NodeJS.Signals | number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
    return this.process.signalCode ?? this.process.exitCode
  }

  async stop(): Promise<void> {
    this.process.send('stop')
    assert.equal(await this.exit(), 0)
  }
}

/** Reads the topic as a consumer does: what is at or below the last seq is dropped. */
export async function readAll(topic: string, acknowledged: ReadonlyMap<string, number>): Promise<{ doubles: number }> {
  const source = kafkaEventSource({ brokers: brokers.split(','), clientId: 'test', topic, partitions: 3 })
  const heads = new Map<string, number>()
  let wrong: string | undefined
  let doubles = 0
  const take = ({ record }: StreamEvent): void => {
    const decoded = logRecord.read(new Reader(record))
    if (decoded.type !== 'messages') return
    for (let seq = decoded.first as number; seq < decoded.first + decoded.count; seq++) {
      const head = heads.get(decoded.conversation) ?? 0
      if (seq <= head) doubles++
      else if (seq === head + 1) heads.set(decoded.conversation, seq)
      else wrong ??= `${decoded.conversation}: ${seq} after ${head}`
    }
  }
  await source.follow(randomUUID(), async (events) => events.forEach(take))
  const missing = () => [...acknowledged].filter(([name, count]) => (heads.get(name) ?? 0) < count)
  const deadline = Date.now() + 60_000
  while (missing().length > 0 && wrong === undefined) {
    assert.ok(Date.now() < deadline, `missing: ${missing().join(' ')}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await source.close()
  assert.equal(wrong, undefined)
  return { doubles }
}

export async function place(): Promise<{ folder: string; topic: string; acknowledged: Map<string, number> }> {
  const folder = await mkdtemp(join(tmpdir(), 'publisher-'))
  folders.push(folder)
  return { folder, topic: `messages-${randomUUID()}`, acknowledged: new Map() }
}

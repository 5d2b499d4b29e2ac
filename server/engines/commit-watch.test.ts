import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, Offset } from '@chat4all/protocol'
import type { NodeLogs } from '@chat4all/storage'
import { type CommitWatch, watchCommits } from './commit-watch.js'

const log = 'node.1' as LogId
const entry = new Uint8Array(1)

/** A log whose calls end when the test says so, and a clock that stands until then. */
class World {
  now = 0
  readonly told: (string | undefined)[] = []
  readonly opened: LogId[] = []
  checks = 0
  private calls: { resolve: (value: never) => void; reject: (error: Error) => void }[] = []
  readonly watch: CommitWatch

  constructor() {
    const call = (): Promise<never> => new Promise((resolve, reject) => this.calls.push({ resolve, reject }))
    const logs = {
      open: call,
      append: call,
      list: call,
      isSealed: () => {
        this.checks++
        return call()
      },
    } as unknown as NodeLogs
    this.watch = watchCommits(logs, {
      onFault: (fault) => this.told.push(fault),
      onOpened: (name) => this.opened.push(name),
      elapsed: () => this.now,
    })
  }

  pass(ms: number): void {
    this.now += ms
    this.watch.look()
  }

  async end(how: 'succeeds' | 'fails'): Promise<void> {
    for (const { resolve, reject } of this.calls.splice(0)) {
      if (how === 'succeeds') resolve(undefined as never)
      else reject(new Error('no answer'))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }

  async openLog(): Promise<void> {
    const opening = this.watch.logs.open(log)
    await this.end('succeeds')
    await opening
  }
}

test('appends that are answered say nothing; one that is not says so after two seconds, and until it is', async () => {
  const world = new World()
  await world.openLog()
  assert.deepEqual(world.opened, [log])
  const append = (offset: number) => world.watch.logs.append(log, offset as Offset, entry).catch(() => {})
  void append(0)
  world.pass(1_900)
  await world.end('succeeds')
  void append(1)
  world.pass(1_900)
  // Failed and tried again is unanswered since the first time.
  await world.end('fails')
  void append(1)
  assert.deepEqual(world.told, [])
  world.pass(200)
  assert.deepEqual(world.told, ['nothing can be stored: no answer'])
  world.pass(5_000)
  await world.end('succeeds')
  world.pass(0)
  assert.deepEqual(world.told, ['nothing can be stored: no answer', undefined])
})

test('an idle node finds out too, and asks only once a second', async () => {
  const world = new World()
  await world.openLog()
  world.pass(500)
  assert.equal(world.checks, 0)
  world.pass(500)
  assert.equal(world.checks, 1)
  await world.end('succeeds')
  world.pass(900)
  assert.equal(world.checks, 1)
  world.pass(200)
  assert.equal(world.checks, 2)
  world.pass(2_100)
  assert.equal(world.told.length, 1)
  await world.end('succeeds')
  world.pass(0)
  assert.equal(world.told.at(-1), undefined)
})

test('what a log that is over still lacked does not count against the next one', async () => {
  const world = new World()
  await world.openLog()
  void world.watch.logs.append(log, 0 as Offset, entry).catch(() => {})
  world.pass(2_500)
  assert.equal(world.told.length, 1)
  const opening = world.watch.logs.open('node.2' as LogId)
  await world.end('succeeds')
  await opening
  world.pass(0)
  assert.equal(world.told.at(-1), undefined)
})

test('a node that waits for its store to begin anew waits no longer than it is to run', {
  timeout: 30_000,
}, async () => {
  const world = new World()
  const waits = assert.rejects(world.watch.logs.list())
  await world.end('fails')
  world.watch.stop()
  await waits
  // Nor does a question that is under way then begin another.
  const asks = assert.rejects(world.watch.logs.list(), /no answer/)
  await world.end('fails')
  await asks
})

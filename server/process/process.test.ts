import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { NodeId } from '@chat4all/protocol'
import { parseMembers } from '@chat4all/router'
import { keptSecret } from './kept-secret.js'
import { guardRing, RingChangedError } from './ring-guard.js'
import { describeStorageFailure } from './storage-failure.js'

const folder = mkdtempSync(join(tmpdir(), 'chat4all-process-'))
after(() => rmSync(folder, { recursive: true }))

describe('a kept secret', () => {
  test('is made once, long, and readable by its owner only', () => {
    const file = join(folder, 'deep', 'token-key')
    const secret = keptSecret(file, 'base64')
    assert.equal(Buffer.from(secret, 'base64').length, 32)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    chmodSync(file, 0o644)
    assert.equal(keptSecret(file, 'base64'), secret)
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })

  test('an empty file is an error that says what to do, not an empty secret', () => {
    const file = join(folder, 'empty')
    writeFileSync(file, '\n')
    assert.throws(() => keptSecret(file, 'base64'), /empty is empty: delete it/)
  })
})

describe('the guard of the ring', () => {
  const members = parseMembers('a@127.0.0.1:1,b@127.0.0.1:2')
  const node = 'a' as NodeId

  test('lets a node start again with the same members, in any order and at other addresses', () => {
    const dataDir = join(folder, 'ring')
    guardRing(dataDir, node, members)
    guardRing(dataDir, node, parseMembers('b@10.0.0.2:2,a@10.0.0.1:1'))
  })

  test('refuses other members, and tells both lists and why', () => {
    const dataDir = join(folder, 'ring-changed')
    guardRing(dataDir, node, members)
    const grown = parseMembers('a@h:1,b@h:2,c@h:3')
    assert.throws(
      () => guardRing(dataDir, node, grown),
      (error: Error) =>
        error instanceof RingChangedError && /a\*1, b\*1 .* now given a\*1, b\*1, c\*1.*begin anew/.test(error.message),
    )
    assert.throws(() => guardRing(dataDir, 'b' as NodeId, members), /belongs to the node a; b needs .* its own/)
  })
})

test('a failure of storage says what failed, where, and what to do', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const wrapped = new Error('append to log n1.x failed', { cause: full })
  assert.match(
    describeStorageFailure(wrapped, '/data'),
    /the storage in \/data failed \(append to log n1\.x failed\): the disk is full: free some space/,
  )
  assert.match(describeStorageFailure(new Error('odd'), '/data'), /see the error/)
})

describe('the end of the process', () => {
  /** Runs a program on the lifecycle; resolves with its exit code and what it wrote. */
  function run(
    program: string,
    signals: readonly NodeJS.Signals[] = [],
    stopMsMax = 60_000,
  ): Promise<{ code: number | null; log: string }> {
    const prelude = `
      import { Lifecycle } from ${JSON.stringify(new URL('./lifecycle.js', import.meta.url).href)}
      import { createLogger } from ${JSON.stringify(new URL('../logger.js', import.meta.url).href)}
      const lifecycle = new Lifecycle(createLogger('info'), ${stopMsMax})
      const running = { stop: async () => {}, abandon() { console.error('sessions told') } }
      setInterval(() => {}, 1000)
      const ready = () => console.log('ready')
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + program])
    let log = ''
    let sent = 0
    child.stderr.on('data', (chunk) => {
      log += chunk
      if (sent === 1 && signals.length === 2 && log.includes('draining')) child.kill(signals[sent++])
    })
    child.stdout.once('data', () => {
      if (signals.length > 0) child.kill(signals[sent++])
    })
    return new Promise((resolve) => child.once('exit', (code) => resolve({ code, log })))
  }

  test('a signal drains, then exits 0', async () => {
    const { code, log } = await run(
      `lifecycle.started({ ...running, stop: async () => console.error('drained') }); ready()`,
      ['SIGTERM'],
    )
    assert.equal(code, 0)
    assert.match(log, /draining.*\n.*drained.*\n.*stopped/)
  })

  test('a second signal stops at once', async () => {
    const never = `lifecycle.started({ ...running, stop: () => new Promise(() => {}) }); ready()`
    assert.equal((await run(never, ['SIGINT', 'SIGINT'])).code, 130)
  })

  test('a drain that hangs is given up', async () => {
    const never = `lifecycle.started({ ...running, stop: () => new Promise(() => {}) }); ready()`
    const { code, log } = await run(never, ['SIGTERM'], 300)
    assert.equal(code, 1)
    assert.match(log, /draining took too long/)
  })

  test('a signal before anything runs stops at once', async () => {
    assert.equal((await run('ready()', ['SIGTERM'])).code, 143)
  })

  test('an error that nobody caught is logged and ends the process, also as a rejection', async () => {
    for (const throws of [`setImmediate(() => { throw new Error('broken') })`, `Promise.reject(new Error('broken'))`]) {
      const { code, log } = await run(`lifecycle.started(running); ${throws}`)
      assert.equal(code, 1)
      assert.match(log, /"level":60.*broken/)
    }
  })

  test('failed storage tells the sessions, says what to do and exits 74', async () => {
    const { code, log } = await run(
      `lifecycle.started(running)
       lifecycle.storageFailed(Object.assign(new Error('disk'), { code: 'ENOSPC' }), '/data')`,
    )
    assert.equal(code, 74)
    assert.match(log, /the disk is full: free some space[\s\S]*sessions told/)
  })
})

test('secrets are not logged, whatever they are called', async () => {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('../logger.js', import.meta.url).href)}
    const s = 'hunter2'
    createLogger('info').info({ token: s, a: { client_secret: s, authorization: s }, secret: s }, 'x')
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  assert.match(log, /\[redacted\]/)
  assert.doesNotMatch(log, /hunter2/)
})

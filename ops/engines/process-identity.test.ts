import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { identityOf, isPaused, livingPid, parseStat, residentBytes, uptimeMs } from './process-identity.js'

const skip = process.platform !== 'linux' && 'needs /proc'

test('a name with spaces and parentheses does not shift the fields', () => {
  const rest = Array.from({ length: 40 }, (_, index) => index + 4).join(' ')
  assert.deepEqual(parseStat(`77 (a) b) (c d) S ${rest}`), { state: 'S', started: '22' })
  assert.equal(parseStat(`77 (gone) Z ${rest}`), undefined)
})

test('a process that lives is known by its identity', { skip }, () => {
  const identity = identityOf(process.pid)
  assert.ok(identity !== undefined)
  assert.equal(livingPid(identity), process.pid)
  assert.ok(uptimeMs(process.pid)! > 0)
  assert.ok(residentBytes(process.pid)! > 1_000_000)
})

test('a pid that was given out again is another process; so is a file that holds nonsense', { skip }, () => {
  assert.equal(livingPid(`${process.pid} 1`), undefined)
  for (const text of ['', 'x', '-1 5', '0 0', String(process.pid)]) assert.equal(livingPid(text), undefined, text)
})

test('a killed process is gone, a stopped one is paused', { skip }, async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'])
  await once(child.stdout, 'data')
  const identity = identityOf(child.pid!)!
  assert.equal(isPaused(child.pid!), false)
  child.kill('SIGSTOP')
  while (!isPaused(child.pid!)) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(livingPid(identity), child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(livingPid(identity), undefined)
})

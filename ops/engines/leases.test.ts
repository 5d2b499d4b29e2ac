import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Leases } from './leases.js'

describe('leases of engines', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const folders: string[] = []
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true })
  })
  const open = () => {
    const folder = mkdtempSync(join(tmpdir(), 'chat4all-leases-'))
    folders.push(folder)
    return new Leases(join(folder, 'leases'))
  }
  /** Another test run. */
  const other = process.ppid

  test('the last test run that gives an engine back may stop it', () => {
    const leases = open()
    leases.take('kafka', process.pid, false)
    leases.take('kafka', other, true)
    assert.equal(leases.release('kafka', process.pid), false)
    assert.equal(leases.release('kafka', other), true)
  })

  test('what somebody started before the tests, or while they run, is not stopped', () => {
    const leases = open()
    leases.keep('kafka')
    leases.take('kafka', process.pid, true)
    leases.take('redis', process.pid, false)
    leases.keep('redis')
    assert.equal(leases.release('kafka', process.pid), false)
    assert.equal(leases.release('redis', process.pid), false)
  })

  test('what ran without anybody having said so is somebody’s', () => {
    const leases = open()
    leases.take('kafka', process.pid, true)
    assert.equal(leases.release('kafka', process.pid), false)
  })

  test('a test run that was killed holds nothing', async () => {
    const leases = open()
    const killed = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    leases.take('kafka', killed.pid!, false)
    leases.take('kafka', process.pid, true)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    assert.equal(leases.release('kafka', process.pid), true)
  })

  test('an engine that was stopped, or never leased, is wanted by nobody, and not to be stopped again', () => {
    const leases = open()
    assert.equal(leases.release('kafka', process.pid), false)
    leases.take('kafka', process.pid, false)
    leases.forget('kafka')
    assert.equal(leases.release('kafka', process.pid), false)
    assert.throws(() => leases.take('kafka', 2 ** 30, false), /no process has the pid/)
  })
})

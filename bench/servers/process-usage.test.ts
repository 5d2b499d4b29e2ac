import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuMicros, machineBusyMicros, residentKilobytes } from './process-usage.js'

const STEP_MICROS = 10_000

test('the kernel’s count of CPU time agrees with the process’s own, to its steps', () => {
  let sum = 0
  for (let i = 0; i < 2e7; i++) sum += Math.sqrt(i)
  assert.ok(sum > 0)
  const before = process.cpuUsage()
  const counted = cpuMicros(process.pid)
  const after = process.cpuUsage()
  assert.ok(counted >= before.user + before.system - 2 * STEP_MICROS)
  assert.ok(counted <= after.user + after.system + 2 * STEP_MICROS)
  assert.ok(machineBusyMicros() > 0)
})

test('memory is that in RAM, and of a process that is gone there is none to tell', () => {
  const told = residentKilobytes(process.pid)
  const own = process.memoryUsage.rss() / 1024
  assert.ok(told > own / 2 && told < own * 2, `${told} KB told, ${own} KB by the process itself`)
  assert.throws(() => residentKilobytes(0x7fffffff))
})

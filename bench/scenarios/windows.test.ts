import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../load/deferred.js'
import type { Dialect } from '../load/dialect.js'
import { dialectOf } from '../load/dialects/dialect-of.js'
import { startFakeServer } from '../load/fake-server.js'
import type { WindowsSettings } from './settings.js'
import { runWindows } from './windows.js'

const WINDOW_MS = 50
/** Enough that some fall into a window, however slow the machine is. */
const ACKNOWLEDGED_MIN = 100

/** Calls back once so many messages were acknowledged. */
function counting(dialect: Dialect, enough: () => void): Dialect {
  let acknowledged = 0
  return {
    ...dialect,
    openConversation: (index, text, sender, readers) =>
      dialect.openConversation(
        index,
        text,
        {
          acknowledged(...told) {
            sender.acknowledged(...told)
            if (++acknowledged === ACKNOWLEDGED_MIN) enough()
          },
          refused: (...told) => sender.refused(...told),
          chunkRead: () => sender.chunkRead(),
          closed: (reason) => sender.closed(reason),
        },
        readers,
      ),
  }
}

for (const pace of [{ inFlight: 2 }, { messagesPerSecond: 400 }] satisfies WindowsSettings['pace'][]) {
  test(`load at ${JSON.stringify(pace)} is measured window by window until it is told to stop`, async () => {
    const server = await startFakeServer()
    const stopped = deferred()
    try {
      const target = { port: server.port, pid: process.pid, processes: { one: process.pid, gone: 0x7fff_fff0 } }
      const { windows, outcome } = await runWindows(
        counting(dialectOf('chat4all', target), () => stopped.resolve()),
        target,
        { scenario: 'windows', conversations: 3, pace, textBytes: 128, warmupMs: 0, windowMs: WINDOW_MS },
        () => {},
        stopped.promise,
      )
      assert.ok(windows.length >= 1, `${windows.length} windows`)
      assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
      const measured = windows.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
      assert.ok(outcome.acknowledged >= ACKNOWLEDGED_MIN && measured <= outcome.acknowledged)
      assert.deepEqual(Object.keys(windows[0]!.processCpuMicros), ['one'])
      for (const [index, window] of windows.entries()) {
        if (index > 0) assert.ok(window.fromMicros >= windows[index - 1]!.toMicros)
      }
    } finally {
      server.close()
    }
  })
}

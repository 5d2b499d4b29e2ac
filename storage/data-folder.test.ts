import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDataFolder } from './data-folder.js'
import { DataFolderInUseError } from './data-folder-in-use-error.js'

const CHILD_FOLDER = 'CHAT4ALL_TEST_DATA_FOLDER'

const childFolder = process.env[CHILD_FOLDER]
if (childFolder !== undefined) {
  await openDataFolder(childFolder)
  process.send!('open')
  process.once('message', () => process.exit())
} else {
  test('a second process is told which one has the folder, and gets it when that one was killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chat4all-folder-'))
    try {
      const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [CHILD_FOLDER]: folder } })
      await once(child, 'message')
      await assert.rejects(openDataFolder(folder), (error: unknown) => {
        assert.ok(error instanceof DataFolderInUseError)
        assert.equal(error.pid, child.pid)
        assert.match(error.message, new RegExp(`in use by process ${child.pid}`))
        return true
      })
      child.kill('SIGKILL')
      await once(child, 'exit')
      await (await openDataFolder(folder)).close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a folder is open once within a process, too, and free after close', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chat4all-folder-'))
    try {
      const first = await openDataFolder(join(folder, 'not', 'there', 'yet'))
      await assert.rejects(openDataFolder(first.path), { name: 'DataFolderInUseError', pid: process.pid })
      await first.close()
      await (await openDataFolder(first.path)).close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

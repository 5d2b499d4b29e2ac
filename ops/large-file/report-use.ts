import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

// Loaded before a program (`node --import`): leaves behind how much processor time the program took, all its threads.

const path = process.env.LARGE_FILE_USE
if (isMainThread && path !== undefined) {
  process.once('exit', () => writeFileSync(path, JSON.stringify(process.cpuUsage())))
}

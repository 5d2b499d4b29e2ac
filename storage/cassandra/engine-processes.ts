import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** For tests: the Cassandra processes that `ops/engines` started on this machine, by way of its command. */

const run = promisify(execFile)

export interface CassandraProcess {
  readonly pid: number
  /** `host:port`. */
  readonly address: string
}

export async function cassandraProcesses(): Promise<CassandraProcess[]> {
  const { stdout } = await engines('status', 'cassandra')
  return [...stdout.matchAll(/^\s+cassandra-\d\s+(\S+)\s.*\bpid (\d+)/gm)].map(([, address, pid]) => ({
    pid: Number(pid),
    address: address!,
  }))
}

/** Starts those of the three that do not run; resolves when all answer. */
export async function startCassandras(): Promise<void> {
  await engines('start', 'cassandra', '--processes', '3')
}

function engines(...args: string[]) {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package-lock.json'))) folder = dirname(folder)
  return run(process.execPath, [join(folder, 'ops/dist/engines/main.js'), ...args])
}

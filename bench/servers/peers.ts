import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchFolder } from './folders.js'
import { type RunningServer, type StartedProcess, startProcess } from './running-server.js'

/** Starts the servers that ours is compared with. Each prints `listening PORT`. */

async function running(process: StartedProcess): Promise<RunningServer> {
  const [, port] = await process.line(/^listening (\d+)$/)
  return {
    target: { port: Number(port), pid: process.pid },
    stop: () => process.stop(),
    kill: () => process.kill(),
  }
}

export function startUwsRelay(processors: string | undefined): Promise<RunningServer> {
  return running(
    startProcess({ command: process.execPath, args: [join(benchFolder, 'peers/uws-relay/main.mjs')], processors }),
  )
}

export function startSocketIo(processors: string | undefined): Promise<RunningServer> {
  const folder = join(benchFolder, 'peers/socket-io')
  if (!existsSync(join(folder, 'node_modules'))) mustRun('npm', ['ci'], folder)
  return running(startProcess({ command: process.execPath, args: [join(folder, 'main.mjs')], processors }))
}

let centrifugeBinary: string | undefined

export function startCentrifuge(processors: string | undefined): Promise<RunningServer> {
  if (centrifugeBinary === undefined) {
    const binary = join(mkdtempSync(join(tmpdir(), 'chat4all-bench-')), 'centrifuge-peer')
    mustRun('go', ['build', '-o', binary, '.'], join(benchFolder, 'peers/centrifuge'))
    centrifugeBinary = binary
  }
  return running(startProcess({ command: centrifugeBinary, args: [], processors }))
}

function mustRun(command: string, args: string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} in ${cwd}: ${error?.message ?? stderr}`)
}

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { benchFolder, repositoryFolder } from '../servers/folders.js'

/** What a figure depends on besides the code. */
export interface Circumstances {
  readonly date: string
  readonly commit: string
  /** Whether files differed from the commit. */
  readonly modified: boolean
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  readonly peers: Readonly<Record<string, string>>
}

export function circumstances(): Circumstances {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: repositoryFolder, encoding: 'utf8' }).trim()
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short=10', 'HEAD'),
    modified: git('status', '--porcelain', '--untracked-files=no') !== '',
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    peers: peerVersions(),
  }
}

function peerVersions(): Record<string, string> {
  const goModule = readFileSync(join(benchFolder, 'peers/centrifuge/go.mod'), 'utf8')
  const socketIo = JSON.parse(readFileSync(join(benchFolder, 'peers/socket-io/package.json'), 'utf8'))
  const own = JSON.parse(readFileSync(join(benchFolder, 'package.json'), 'utf8'))
  return {
    centrifuge: /centrifugal\/centrifuge (\S+)/.exec(goModule)?.[1] ?? 'unknown',
    'socket-io': socketIo.dependencies['socket.io'],
    'uws-relay': own.dependencies['uWebSockets.js'],
  }
}

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run-command.js'

export interface GoProgram {
  readonly module: string
  readonly version: string
  /** The package with `main`; the module itself unless given. */
  readonly main?: string
  readonly binary: string
  /** Further programs of the module: their names, and their packages. */
  readonly besides?: Readonly<Record<string, string>>
  readonly go: string
  /** Further lines of go.mod (require, replace). */
  readonly lines?: readonly string[]
  readonly ldflags?: string
}

/**
 * Builds a program from the Go module proxy into `folder`. The versions of everything that it needs are those of the
 * release itself: its go.sum is taken from the module, so nothing is resolved anew.
 */
export async function goProgram(folder: string, program: GoProgram): Promise<void> {
  const making = `${folder}.part`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  const lines = [
    `module chat4all.local/${program.binary}`,
    `go ${program.go}`,
    `require ${program.module} ${program.version}`,
    ...(program.lines ?? []),
  ]
  writeFileSync(join(making, 'go.mod'), `${lines.join('\n')}\n`)
  const environment = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' }
  const info = JSON.parse(
    await run('go', ['mod', 'download', '-json', `${program.module}@${program.version}`], {
      folder: making,
      environment,
    }),
  ) as { Dir: string }
  const sums = join(info.Dir, 'go.sum')
  if (existsSync(sums)) copyFileSync(sums, join(making, 'go.sum'))
  const binaries = { [program.binary]: program.main ?? program.module, ...program.besides }
  const flags = program.ldflags === undefined ? [] : [`-ldflags=${program.ldflags}`]
  for (const [binary, main] of Object.entries(binaries)) {
    await run('go', ['build', '-o', join(making, binary), ...flags, main], { folder: making, environment })
  }
  renameSync(making, folder)
}

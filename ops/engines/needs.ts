import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Engine, Need } from './engine.js'
import { hasProgram } from './run-command.js'

/** What engines need from the machine, and what to do when it is missing. */
export const NEED = {
  /** For Cassandra 5, which knows neither older nor newer ones. */
  java17: { programs: ['java'], remedy: 'install a Java 17 runtime', fault: () => wrongJava((major) => major === 17) },
  java: { programs: ['java'], remedy: 'install a Java 17 runtime', fault: () => wrongJava((major) => major >= 17) },
  maven: { programs: ['mvn'], remedy: 'install Apache Maven 3.8 or newer' },
  go: { programs: ['go'], remedy: 'install Go 1.24 or newer' },
} as const satisfies Record<string, Need>

/** The need of a program that Debian's apt can fetch, without installing it, if it is not there. */
export function programOrApt(program: string, what: string): Need {
  return { programs: [program, 'apt-get'], remedy: `install ${what}` }
}

/** What this machine lacks for an engine, each with its remedy; what is installed needs no installer any more. */
export function missingFor(engine: Engine): string[] {
  if (!existsSync('/proc/self/stat')) return ['ops/engines knows processes by /proc: it needs Linux']
  return engine.needs.flatMap((need) => {
    const { programs, remedy, fault } = need
    if (engine.isInstalled() && (need === NEED.maven || need === NEED.go)) return []
    if (!programs.some(hasProgram))
      return [`${programs.join(' and ')} ${programs.length > 1 ? 'are' : 'is'} missing; ${remedy}`]
    const wrong = fault?.()
    return wrong === undefined ? [] : [`${wrong}; ${remedy}`]
  })
}

function wrongJava(isGood: (major: number) => boolean): string | undefined {
  const { stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8', timeout: 20_000 })
  if (error !== undefined) return `java cannot be run (${error.message})`
  const major = javaMajor(stderr)
  if (major === undefined) return `java -version says something unknown: ${stderr.split('\n')[0]}`
  return isGood(major) ? undefined : `java is version ${major}`
}

/** The major version in what `java -version` prints. */
export function javaMajor(text: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? []
  if (first === undefined) return undefined
  // Before 9, the major version was the second number.
  return Number(first === '1' ? second : first)
}

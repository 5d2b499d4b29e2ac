import type { Rule, Violation } from '../repository.js'
import { lineAt } from '../source-text.js'

// Put together from parts, so that this file does not hold what it looks for.
const HOMES = ['work', 'root', 'home/[a-z]+', 'Users/[A-Za-z]+'].join('|')
const HOSTS = [
  'registry npmjs',
  'registry yarnpkg',
  'files pythonhosted',
  'static crates',
  'proxy golang',
  'deb debian',
]

const TRACES: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(?<![\\w.~$}/-])/(?:${HOMES})/`, 'g'), 'a path of one machine: write it relative to the repository'],
  [new RegExp(HOSTS.map((host) => host.replace(' ', '\\.')).join('|'), 'g'), 'the host of a package registry'],
]

/** What is committed works, and makes sense, on any machine. */
export const noMachineTraces: Rule = (repository) => {
  const violations: Violation[] = []
  for (const [file, text] of repository.files) {
    for (const [pattern, says] of TRACES) {
      for (const match of text.matchAll(pattern)) {
        violations.push({ file, line: lineAt(text, match.index), says: `${match[0]} is ${says}` })
      }
    }
  }
  return violations
}

/** Who installs chooses the registry (and checks what it gives by `integrity`). */
export const noDownloadAddresses: Rule = (repository) =>
  [...repository.files].flatMap(([file, text]) => {
    if (!file.endsWith('package-lock.json')) return []
    const match = /"resolved": "(?:https?|git)/.exec(text)
    if (match === null) return []
    const says = 'holds download addresses: delete it and run `npm install` (.npmrc leaves them out)'
    return [{ file, line: lineAt(text, match.index), says }]
  })

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CHECKERS } from './checkers/index.js'
import { PLANTED_BUGS } from './planted-bugs.js'

const spec = readFileSync(new URL('../../shard-node/core/SPEC.md', import.meta.url), 'utf8')

/** Cells of the table rows below a heading. */
function rows(heading: string): string[][] {
  const section = spec.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('|---'))
  return lines.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('SPEC.md and the checkers name the same invariants', () => {
  const named = rows('Invariants').map(([number, , file]) => [Number(number), file])
  const files = readdirSync(new URL('./checkers/', import.meta.url))
    .filter((file) => /^\d+-.*\.js$/.test(file))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  const found = files.map((file) => [Number.parseInt(file, 10), `\`${file.replace('.js', '.ts')}\``])
  assert.deepEqual(named, found)
  assert.deepEqual(
    named.map(([number]) => number),
    [...CHECKERS.keys()],
  )
})

test('SPEC.md and the planted bugs tie the same rules to the same invariants', () => {
  const named = rows('Rules').map(([, , rule, bug, breaks]) => ({ rule, bug, breaks }))
  const planted = PLANTED_BUGS.map(({ name, rule, breaks }) => ({
    rule: `\`${rule.off}\``,
    bug: name,
    breaks: breaks.join(', '),
  }))
  const byBug = (a: { bug: string | undefined }, b: { bug: string | undefined }) =>
    (a.bug ?? '').localeCompare(b.bug ?? '')
  assert.deepEqual(named.sort(byBug), planted.sort(byBug))
})

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/**
 * A compiled test and where it comes from, relative to the repository.
 * @typedef {{ readonly compiled: string, readonly source: string }} TestFile
 */

/**
 * Finds the compiled tests of all workspaces. One whose source is gone would test code that nobody has any more:
 * it is deleted, with what was compiled beside it.
 *
 * @param {string} root
 * @returns {TestFile[]}
 */
export function findTests(root) {
  /** @type {{ workspaces: string[] }} */
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return workspaces.flatMap((workspace) => {
    const dist = join(root, workspace, 'dist')
    /** @type {TestFile[]} */
    const tests = []
    for (const compiled of compiledTests(dist)) {
      const source = join(root, workspace, relative(dist, compiled)).replace(/\.js$/, '.ts')
      if (existsSync(source) || existsSync(`${source}x`)) tests.push({ compiled, source: relative(root, source) })
      else deleteCompiled(compiled)
    }
    return tests.sort((a, b) => (a.source < b.source ? -1 : 1))
  })
}

/**
 * @param {string} dist
 * @returns {string[]}
 */
function compiledTests(dist) {
  if (!existsSync(dist)) return []
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && !name.split(sep).includes('node_modules'))
    .map((name) => join(dist, name))
}

/** @param {string} compiled */
function deleteCompiled(compiled) {
  const stem = compiled.replace(/\.js$/, '')
  for (const suffix of ['.js', '.js.map', '.d.ts', '.d.ts.map']) rmSync(stem + suffix, { force: true })
}

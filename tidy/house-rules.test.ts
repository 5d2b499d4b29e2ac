import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readRepository } from './repository.js'
import { RULES } from './rules/index.js'

const repository = readRepository(fileURLToPath(new URL('../../', import.meta.url)))

for (const [name, rule] of Object.entries(RULES)) {
  test(name, { skip: repository === undefined ? 'this is no git checkout' : false }, () => {
    const lines = rule(repository!).map(
      ({ file, line, says }) => `${file}${line === undefined ? '' : `:${line}`} ${says}`,
    )
    assert.ok(lines.length === 0, `\n${lines.join('\n')}`)
  })
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRepository } from './repository.js'
import { INDEX, withIndex } from './rules/decisions.js'

/** Writes the index of docs/decisions/ anew: part of `npm run docs`. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const repository = readRepository(root)
if (repository === undefined) throw new Error('this is no git checkout')
writeFileSync(join(root, INDEX), withIndex(repository, repository.files.get(INDEX) ?? '# Decisions\n'))

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vectorFiles } from './vector-files.js'

/** Writes the files of vectors anew: part of `npm run docs`. */
for (const [path, text] of vectorFiles()) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

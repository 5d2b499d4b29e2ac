import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { referenceFiles } from './reference-files.js'

/** Writes the reference anew: part of `npm run docs`. */
for (const [path, text] of referenceFiles()) {
  const file = fileURLToPath(new URL(`../../../docs/${path}`, import.meta.url))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

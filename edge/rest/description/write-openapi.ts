import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openApiText } from './openapi-file.js'

/** Writes docs/api/openapi.json: `npm run openapi -w @chat4all/edge`. */
const file = fileURLToPath(new URL('../../../../docs/api/openapi.json', import.meta.url))
await writeFile(file, openApiText())
console.log(`wrote ${file}`)

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The bench package's folder; this file runs from its dist/servers/. */
export const benchFolder = join(dirname(fileURLToPath(import.meta.url)), '../..')
export const repositoryFolder = join(benchFolder, '..')

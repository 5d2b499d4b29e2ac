import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything that engines install, write and log stands below this ignored folder, and nothing outside of it. */
export const ENGINES = process.env.CHAT4ALL_ENGINES_DIR ?? join(root(), '.engines')

export const installFolder = (name: string, version: string) => join(ENGINES, 'install', `${name}-${version}`)
export const runFolder = (instance: string) => join(ENGINES, 'run', instance)

function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package-lock.json'))) folder = dirname(folder)
  return folder
}

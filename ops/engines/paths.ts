import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything that engines install, write and log stands below this ignored folder, and nothing outside of it. */
export const ENGINES = process.env.CHAT4ALL_ENGINES_DIR ?? join(root(), '.engines')

export const installFolder = (name: string, version: string) => join(ENGINES, 'install', `${name}-${version}`)

/**
 * Besides the engines that everybody here shares there can be sets of their own, which use the same programs but have
 * their own processes, ports and data: for a test that kills them, say. The variable names the set.
 */
const set = process.env.CHAT4ALL_ENGINES_SET ?? ''
if (!/^[a-z0-9-]*$/.test(set)) throw new Error('CHAT4ALL_ENGINES_SET is a name of a-z, 0-9 and -')

/** What belongs to one set of engines: ports, processes, leases. */
export const SET_FOLDER = set === '' ? ENGINES : join(ENGINES, 'sets', set)
export const runFolder = (instance: string) => join(SET_FOLDER, 'run', instance)

function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package-lock.json'))) folder = dirname(folder)
  return folder
}

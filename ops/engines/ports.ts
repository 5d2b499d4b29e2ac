import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listening } from './listening.js'
import { SET_FOLDER } from './paths.js'

/**
 * The ports of this checkout's engines. Two checkouts on one machine, a CI run beside a working copy say, must not meet
 * in one engine: the tests of one would read what the other wrote. So each chooses a block of ports of its own, once,
 * and keeps it in `.engines/ports.json` (each set of engines, where there are several), because some engines write their ports into their data.
 */

/** A name's place is its port within the block: append only. */
const PORT_NAMES = [
  ...['redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'],
  ...['redis-bus-1', 'redis-bus-2', 'redis-bus-3', 'redis-bus-4', 'redis-bus-5', 'redis-bus-6'],
  ...['kafka', 'kafka-controller'],
  ...['cassandra', 'cassandra-storage', 'cassandra-storage-tls'],
  ...['cassandra-jmx-1', 'cassandra-jmx-2', 'cassandra-jmx-3'],
  ...['consul', 'consul-serf', 'consul-server'],
  ...['s3', 'toxiproxy'],
  ...['nomad', 'nomad-rpc', 'nomad-serf'],
  ...['prometheus', 'alertmanager'],
]

const BLOCK_PORTS = 40
const FIRST_BLOCK = 11_000
const BLOCKS = 150

interface KeptPorts {
  readonly first: number
  /** Ports that somebody wants elsewhere, by name. */
  readonly ports?: Readonly<Record<string, number>>
}

let kept: KeptPorts | undefined

/** The port of that name here: `kafka`, `redis-3`. */
export function port(name: string): number {
  kept ??= readOrChoose()
  return portIn(kept, name)
}

/** The port of that name, by what a checkout keeps. */
export function portIn({ first, ports }: KeptPorts, name: string): number {
  const index = PORT_NAMES.indexOf(name)
  if (index < 0) throw new Error(`no port is called ${name}`)
  return ports?.[name] ?? first + index
}

/** The first port of a block in which nobody listens; which block is tried first follows from the folder. */
export function chooseBlock(folder: string, taken: readonly string[]): number {
  const takenPorts = new Set(taken.map((address) => Number(address.split(':').at(-1))))
  let hash = 0
  for (const character of folder) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003
  for (let tries = 0; tries < BLOCKS; tries++) {
    const first = FIRST_BLOCK + ((hash + tries) % BLOCKS) * BLOCK_PORTS
    const isFree = !Array.from({ length: BLOCK_PORTS }, (_, index) => first + index).some((at) => takenPorts.has(at))
    if (isFree) return first
  }
  throw new Error(`no block of ${BLOCK_PORTS} free ports from ${FIRST_BLOCK} on: stop engines of other checkouts`)
}

function readOrChoose(): KeptPorts {
  const file = join(SET_FOLDER, 'ports.json')
  if (existsSync(file)) {
    const read = JSON.parse(readFileSync(file, 'utf8')) as KeptPorts
    if (!Number.isInteger(read.first)) throw new Error(`${file}: "first" must be the first port of a block`)
    return read
  }
  mkdirSync(SET_FOLDER, { recursive: true })
  try {
    // Of two that choose at the same time, the second takes what the first wrote.
    writeFileSync(file, `${JSON.stringify({ first: chooseBlock(SET_FOLDER, listening()) })}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return JSON.parse(readFileSync(file, 'utf8')) as KeptPorts
}

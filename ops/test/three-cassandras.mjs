import { existsSync, readdirSync, rmSync } from 'node:fs'
import { freemem } from 'node:os'
import { dirname, join } from 'node:path'
import { VARIABLES } from './engines.mjs'
import { firstLine, readExports } from './engines-command.mjs'

const START_MS_MAX = 8 * 60_000
const WIPE_MS_MAX = 60_000
/** What they need, with something to spare for the tests. */
const MEMORY_BYTES_MIN = 4e9
const VARIABLE = VARIABLES['cassandra-3'] ?? ''
/** The name of a set of engines that only one test run uses, which may kill them: with its pid. */
const OWN_SET = /^test-run-(\d+)$/

/**
 * Three Cassandras that replicate, for one test run alone, because its tests kill them: a set of engines of its own,
 * beside those that all tests of the checkout share.
 */
export class ThreeCassandras {
  /** @param {import('./engines-command.mjs').EnginesCommand} command */
  constructor(command) {
    this.command = command
    this.env = command.env
  }

  /** @returns {Promise<import('./engines.mjs').Found>} */
  async start() {
    if (this.env.CHAT4ALL_TEST_KILLED !== 'yes')
      return {
        why: 'three Cassandras that are killed again and again take minutes: set CHAT4ALL_TEST_KILLED=yes to have them',
      }
    if (freemem() < MEMORY_BYTES_MIN)
      return { why: `three Cassandras need ${MEMORY_BYTES_MIN / 1e9} GB of free memory` }
    await this.#wipeAbandoned()
    this.command.print('Starting three Cassandras for the tests that kill them …')
    this.env.CHAT4ALL_ENGINES_SET = `test-run-${process.pid}`
    const { code, errors } = await this.command.run(['start', 'cassandra', '--processes', '3'], START_MS_MAX)
    if (code === 'late') return { why: `they did not start within ${START_MS_MAX / 60_000} min` }
    if (code !== 0) {
      this.command.print(`Three Cassandras did not start:\n${errors}`)
      return { why: firstLine(errors) }
    }
    const { output } = await this.command.run(['env', 'cassandra'], WIPE_MS_MAX)
    const where = readExports(output)[VARIABLE] ?? ''
    this.env[VARIABLE] = where
    return { where, by: 'engines' }
  }

  /** Stops them, with their data. */
  async wipe() {
    const set = this.env.CHAT4ALL_ENGINES_SET
    if (set !== undefined && OWN_SET.test(set)) await this.#wipeSet(set)
  }

  /** A test run that was killed could not stop its own. */
  async #wipeAbandoned() {
    const sets = this.#setsFolder()
    for (const set of existsSync(sets) ? readdirSync(sets) : []) {
      const pid = OWN_SET.exec(set)?.[1]
      if (pid !== undefined && !isAlive(Number(pid))) await this.#wipeSet(set)
    }
  }

  /** @param {string} set */
  async #wipeSet(set) {
    this.env.CHAT4ALL_ENGINES_SET = set
    const { code, errors } = await this.command.run(['wipe', 'cassandra'], WIPE_MS_MAX)
    delete this.env.CHAT4ALL_ENGINES_SET
    if (code === 0) rmSync(join(this.#setsFolder(), set), { recursive: true, force: true })
    else this.command.print(`Cassandras of a test run may still run (CHAT4ALL_ENGINES_SET=${set}): ${errors}`)
  }

  #setsFolder() {
    return join(this.env.CHAT4ALL_ENGINES_DIR ?? join(dirname(this.command.main), '../../../.engines'), 'sets')
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

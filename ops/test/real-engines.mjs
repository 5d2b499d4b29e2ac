import { existsSync } from 'node:fs'
import { PID_VARIABLES, VARIABLES } from './engines.mjs'
import { firstLine, readExports } from './engines-command.mjs'
import { ThreeCassandras } from './three-cassandras.mjs'

/** Minutes for a machine that has never built them; what was built until then is not lost. */
const INSTALL_MS_MAX = 15 * 60_000
const START_MS_MAX = 5 * 60_000
const RELEASE_MS_MAX = 60_000
/** The only engine that is started for some suites alone, after all others. */
const THREE = 'cassandra-3'
/** Builds yield to the tests that run meanwhile: those have times to keep. */
const BUILD_NICENESS = 15

/**
 * The engines that a test run starts by way of `ops/engines`: for this process (a lease), so that they are stopped again
 * when no other test run wants them and nobody had started them before.
 */
export class RealEngines {
  /** @type {Map<string, import('./engines.mjs').Found>} */
  found = new Map()
  /** @type {string[]} Engines to be started. */
  #wanted = []
  #mayHaveStarted = false

  /** @param {import('./engines-command.mjs').EnginesCommand} command Its environment is told where engines are. */
  constructor(command) {
    this.command = command
    this.env = command.env
    this.three = new ThreeCassandras(command)
  }

  /**
   * Looks which of these are named by variables, and installs the others where that can be done: while other tests run.
   * @param {readonly string[]} engines
   */
  async install(engines) {
    for (const engine of engines) {
      const where = this.env[VARIABLES[engine] ?? '']
      if (where) this.found.set(engine, { where, by: 'variable' })
      else if (this.env.CHAT4ALL_TEST_ENGINES === 'none')
        this.found.set(engine, { why: 'CHAT4ALL_TEST_ENGINES is none' })
      else if (!existsSync(this.command.main)) this.found.set(engine, { why: 'ops/engines is not compiled' })
      else this.#wanted.push(engine)
    }
    const until = Date.now() + INSTALL_MS_MAX
    // One after the other, the quick ones first: two builds at once would leave the tests no processor.
    for (const engine of this.#wanted) {
      const { code, errors } = await this.command.run(
        ['install', engine === THREE ? 'cassandra' : engine],
        until - Date.now(),
        BUILD_NICENESS,
      )
      if (code === 0) continue
      const why =
        code === 'late'
          ? `its installation was not done ${INSTALL_MS_MAX / 60_000} min after the start of the tests; \`node ops/dist/engines/main.js install\` goes on where it stopped`
          : firstLine(errors)
      this.found.set(engine, { why })
    }
  }

  /**
   * Starts what was installed.
   * @param {readonly string[]} [stopped] Engines that tests stop: they are told the process of one that did not run before.
   */
  async start(stopped = []) {
    const installed = this.#wanted.filter((engine) => engine !== THREE && !this.found.has(engine))
    if (installed.length === 0) return
    this.command.print(`Starting ${installed.join(', ')} for the tests that need them …`)
    this.#mayHaveStarted = true
    // What a test starts of its own is for this run too.
    this.env.CHAT4ALL_ENGINES_LEASE = String(process.pid)
    const until = Date.now() + START_MS_MAX
    await Promise.all(
      installed.map(async (engine) => {
        const pidVariable = stopped.includes(engine) ? PID_VARIABLES[engine] : undefined
        const ranBefore = pidVariable !== undefined && (await this.#pidOf(engine)) !== undefined
        const { code, errors } = await this.command.run(['start', engine], until - Date.now())
        if (code !== 0) {
          const why = code === 'late' ? `it did not start within ${START_MS_MAX / 60_000} min` : firstLine(errors)
          this.found.set(engine, { why })
          if (code !== 'late') this.command.print(`${engine} did not start:\n${errors}`)
          return
        }
        const { output } = await this.command.run(['env', engine], START_MS_MAX)
        const variables = readExports(output)
        Object.assign(this.env, variables)
        if (pidVariable !== undefined && !ranBefore) this.env[pidVariable] = await this.#pidOf(engine)
        this.found.set(engine, { where: variables[VARIABLES[engine] ?? ''] ?? 'here', by: 'engines' })
      }),
    )
  }

  /**
   * @param {string} engine
   * @returns {Promise<string | undefined>} undefined when it does not run, or is more than one process.
   */
  async #pidOf(engine) {
    const { code, output } = await this.command.run(['pid', engine], RELEASE_MS_MAX)
    return code === 0 ? /^(\d+)\n$/.exec(output)?.[1] : undefined
  }

  /** Stops what was started, unless somebody else wants it. */
  async release() {
    if (!this.#mayHaveStarted) return
    this.#mayHaveStarted = false
    const { code, errors } = await this.command.run(['release'], RELEASE_MS_MAX)
    if (code !== 0) this.command.print(`Engines may still run (node ops/dist/engines/main.js status): ${errors}`)
  }

  /** Starts the three Cassandras of this run alone, if a suite wants them. */
  async startThree() {
    if (this.#wanted.includes(THREE) && !this.found.has(THREE)) this.found.set(THREE, await this.three.start())
  }

  /** When the run is interrupted, and after the last suite. */
  async end() {
    await this.three.wipe()
    await this.release()
  }
}

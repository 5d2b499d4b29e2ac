import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BY_HAND, VARIABLES } from './engines.mjs'

/** Minutes for a machine that has never built them; what was built until then is not lost. */
const INSTALL_MS_MAX = 15 * 60_000
const START_MS_MAX = 5 * 60_000
const RELEASE_MS_MAX = 60_000
/** Builds yield to the tests that run meanwhile: those have times to keep. */
const BUILD_NICENESS = 15

/**
 * The engines that a test run starts by way of `ops/engines`, as a process of its own: it is compiled TypeScript, and
 * this has to work before that does. They are started for this process (a lease), and stopped again when no other test
 * run wants them and nobody had started them before.
 */
export class RealEngines {
  /** @type {Map<string, import('./engines.mjs').Found>} */
  found = new Map()
  /** @type {string[]} Engines to be started. */
  #wanted = []
  #mayHaveStarted = false
  #saysProgress = false
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set()

  /**
   * @param {string} root
   * @param {NodeJS.ProcessEnv} env Told where engines are, for the tests that inherit it.
   * @param {(line: string) => void} print
   */
  constructor(root, env, print) {
    this.main = join(root, 'ops/dist/engines/main.js')
    this.env = env
    this.print = print
  }

  /**
   * Looks which of these are named by variables, and installs the others where that can be done: while other tests run.
   * @param {readonly string[]} engines
   */
  async install(engines) {
    for (const engine of engines) {
      const where = this.env[VARIABLES[engine] ?? '']
      if (where) this.found.set(engine, { where, by: 'variable' })
      else if (engine in BY_HAND) this.found.set(engine, { why: BY_HAND[engine] ?? '' })
      else if (this.env.CHAT4ALL_TEST_ENGINES === 'none')
        this.found.set(engine, { why: 'CHAT4ALL_TEST_ENGINES is none' })
      else if (!existsSync(this.main)) this.found.set(engine, { why: 'ops/engines is not compiled' })
      else this.#wanted.push(engine)
    }
    const until = Date.now() + INSTALL_MS_MAX
    // One after the other, the quick ones first: two builds at once would leave the tests no processor.
    for (const engine of this.#wanted) {
      const { code, errors } = await this.#run(['install', engine], until - Date.now(), BUILD_NICENESS)
      if (code === 0) continue
      const why =
        code === 'late'
          ? `its installation was not done ${INSTALL_MS_MAX / 60_000} min after the start of the tests; \`node ops/dist/engines/main.js install ${engine}\` goes on where it stopped`
          : firstLine(errors)
      this.found.set(engine, { why })
    }
  }

  /** From now on nobody reads test results: a long build says that it goes on. */
  sayProgress() {
    this.#saysProgress = true
  }

  /** Starts what was installed. */
  async start() {
    const installed = this.#wanted.filter((engine) => !this.found.has(engine))
    if (installed.length === 0) return
    this.print(`Starting ${installed.join(', ')} for the tests that need them …`)
    this.#mayHaveStarted = true
    // What a test starts of its own is for this run too.
    this.env.CHAT4ALL_ENGINES_LEASE = String(process.pid)
    const until = Date.now() + START_MS_MAX
    await Promise.all(
      installed.map(async (engine) => {
        const { code, errors } = await this.#run(['start', engine], until - Date.now())
        if (code !== 0) {
          const why = code === 'late' ? `it did not start within ${START_MS_MAX / 60_000} min` : firstLine(errors)
          this.found.set(engine, { why })
          if (code !== 'late') this.print(`${engine} did not start:\n${errors}`)
          return
        }
        const { output } = await this.#run(['env', engine], START_MS_MAX)
        const variables = readExports(output)
        Object.assign(this.env, variables)
        this.found.set(engine, { where: variables[VARIABLES[engine] ?? ''] ?? 'here', by: 'engines' })
      }),
    )
  }

  /** Stops what was started, unless somebody else wants it. */
  async release() {
    if (!this.#mayHaveStarted) return
    this.#mayHaveStarted = false
    const { code, errors } = await this.#run(['release'], RELEASE_MS_MAX)
    if (code !== 0) this.print(`Engines may still run (node ops/dist/engines/main.js status): ${errors}`)
  }

  /** Ends what installs or starts at the moment. */
  interrupt() {
    for (const child of this.#children) endGroup(child)
  }

  /**
   * @param {readonly string[]} args
   * @param {number} msMax
   * @param {number} [niceness]
   * @returns {Promise<{ code: number | 'late', output: string, errors: string }>}
   */
  #run(args, msMax, niceness) {
    if (msMax <= 0) return Promise.resolve({ code: 'late', output: '', errors: '' })
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [this.main, ...args], {
        // A group of its own, so that a build that takes too long ends with all that it has begun.
        detached: true,
        env: { ...this.env, CHAT4ALL_ENGINES_LEASE: String(process.pid) },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      this.#children.add(child)
      if (niceness !== undefined && child.pid !== undefined) setPriority(child.pid, niceness)
      let output = ''
      let errors = ''
      let isLate = false
      createInterface(child.stdout).on('line', (line) => {
        output += `${line}\n`
        if (args[0] === 'install' && (this.#saysProgress || !/installing, /.test(line))) this.print(line)
      })
      child.stderr.on('data', (chunk) => {
        errors += chunk
      })
      const timer = setTimeout(() => {
        isLate = true
        endGroup(child)
      }, msMax)
      child.on('error', (error) => {
        errors += error.message
      })
      child.on('close', (code) => {
        clearTimeout(timer)
        this.#children.delete(child)
        resolve({ code: isLate ? 'late' : (code ?? 1), output, errors })
      })
    })
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function endGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** @param {string} text */
function firstLine(text) {
  return text.split('\n')[0] || 'no reason was given'
}

/**
 * Reads `export NAME=value` lines.
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function readExports(text) {
  return Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
}

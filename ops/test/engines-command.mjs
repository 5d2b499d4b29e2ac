import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'

const GIVES_BACK = ['release', 'wipe']

/**
 * `ops/engines` as a process: it is compiled TypeScript, and the runner of the tests has to work before that does.
 */
export class EnginesCommand {
  /** Whether a long build says that it goes on: while test results are printed, nobody reads that. */
  saysProgress = false
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set()
  #isInterrupted = false

  /**
   * @param {string} main
   * @param {NodeJS.ProcessEnv} env
   * @param {(line: string) => void} print
   */
  constructor(main, env, print) {
    this.main = main
    this.env = env
    this.print = print
  }

  /** Ends what installs or starts at the moment; from now on engines are only given back. */
  interrupt() {
    this.#isInterrupted = true
    for (const child of this.#children) endGroup(child)
  }

  /**
   * @param {readonly string[]} args
   * @param {number} msMax
   * @param {number} [niceness]
   * @returns {Promise<{ code: number | 'late', output: string, errors: string }>}
   */
  run(args, msMax, niceness) {
    const isAllowed = !this.#isInterrupted || GIVES_BACK.includes(args[0] ?? '')
    if (msMax <= 0 || !isAllowed) return Promise.resolve({ code: 'late', output: '', errors: '' })
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
        if (args[0] === 'install' && (this.saysProgress || !/installing, /.test(line))) this.print(line)
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
export function firstLine(text) {
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

import { relative } from 'node:path'
import { inspect } from 'node:util'

/** Node's closing lines: they go last, together and summed over several runs, so that people and CI find them. */
const CLOSING = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) (\d+(?:\.\d+)?)$/

/**
 * Prints the events of node's test runner: one line per file as it ends, a failure at once and in full, and all
 * failures by name once more before the closing lines.
 */
export class Report {
  /** @type {string[]} */
  #failures = []
  /** @type {Map<string, number>} */
  #closing = new Map()
  #file = ''
  #passed = 0
  #failed = 0
  #skipped = 0
  #milliseconds = 0

  /**
   * @param {(line: string) => void} print
   * @param {(file: string) => string} nameOf What to call a compiled test.
   */
  constructor(print, nameOf) {
    this.print = print
    this.nameOf = nameOf
  }

  /**
   * @param {{ type: string, data: any }} event
   */
  take({ type, data }) {
    switch (type) {
      case 'test:pass':
      case 'test:fail':
        return this.#result(type === 'test:pass', data)
      case 'test:stdout':
      case 'test:stderr':
        return this.print(data.message.replace(/\n$/, ''))
      case 'test:diagnostic':
        return this.#diagnostic(data)
    }
  }

  /** @param {any} data */
  #diagnostic({ nesting, message }) {
    const [, name, count] = (nesting === 0 && CLOSING.exec(message)) || []
    if (name === undefined) this.print(`  ${message}`)
    else this.#closing.set(name, (this.#closing.get(name) ?? 0) + Number(count))
  }

  /**
   * @param {boolean} passed
   * @param {any} data
   */
  #result(passed, data) {
    const file = this.nameOf(data.file ?? data.name)
    if (file !== this.#file) this.#endFile()
    this.#file = file
    // What runs inside a suite is counted; the suite itself is not a test.
    const isSuite = data.details.type === 'suite'
    if (data.nesting === 0) this.#milliseconds += data.details.duration_ms
    if (passed) {
      if (data.skip !== undefined && data.skip !== false) {
        this.#skipped++
        this.print(
          `- ${file}: ${data.name} — skipped${typeof data.skip === 'string' && data.skip ? `: ${data.skip}` : ''}`,
        )
      } else if (!isSuite) this.#passed++
      return
    }
    if (data.todo !== undefined && data.todo !== false) return
    const { error } = data.details
    // A suite fails because a test in it did, which was printed.
    if (error?.failureType === 'subtestsFailed') return
    this.#failed++
    this.#failures.push(`${file}: ${data.name}`)
    this.print(`✖ ${file}: ${data.name}`)
    this.print(indent(describe(error)))
  }

  #endFile() {
    if (this.#file === '') return
    const counts = [`${this.#passed} passed`]
    if (this.#failed > 0) counts.push(`${this.#failed} failed`)
    if (this.#skipped > 0) counts.push(`${this.#skipped} skipped`)
    const mark = this.#failed > 0 ? '✖' : '✔'
    this.print(`${mark} ${this.#file}: ${counts.join(', ')} (${Math.round(this.#milliseconds)} ms)`)
    this.#file = ''
    this.#passed = this.#failed = this.#skipped = this.#milliseconds = 0
  }

  /**
   * Prints what stands at the end: failures by name, `notes`, and the sums.
   * @param {readonly string[]} notes
   * @returns {boolean} whether tests ran and none failed
   */
  close(notes) {
    this.#endFile()
    const count = (/** @type {string} */ name) => this.#closing.get(name) ?? 0
    if (this.#failures.length > 0) this.print('\nFailed:')
    for (const failure of this.#failures) this.print(`✖ ${failure}`)
    this.print('')
    for (const note of notes) this.print(note)
    if (count('tests') === 0) this.print('No test ran.')
    for (const [name, sum] of this.#closing) this.print(`ℹ ${name} ${sum}`)
    return count('tests') > 0 && count('fail') === 0 && count('cancelled') === 0 && this.#failures.length === 0
  }
}

/** @param {any} error */
function describe(error) {
  // Node wraps what the test threw; a time-out or a crash of the file has no cause.
  const cause = error?.cause ?? error
  // The message of a failed assertion has the difference; the values, which would follow whole, only bury it.
  const text = cause?.code === 'ERR_ASSERTION' && cause.stack ? cause.stack : inspect(cause, { depth: 6 })
  return text.replace(/\n +at .*\(?node:.*/g, '')
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^/gm, '    ')
}

/**
 * @param {string} root
 * @param {readonly import('./find-tests.mjs').TestFile[]} tests
 * @returns {(file: string) => string} The source of a compiled test, relative to the repository.
 */
export function sourceNames(root, tests) {
  const names = new Map(tests.map(({ compiled, source }) => [compiled, source]))
  // A test may be made by another file than the one that is run: a contract, say.
  return (file) => names.get(file) ?? relative(root, file).replace(/(^|\/)dist\/(.*)\.js$/, '$1$2.ts')
}

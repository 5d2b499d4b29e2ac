/**
 * Engines that a suite may need, by the suffixes of its file: `x.cassandra.test.ts` needs Cassandra,
 * `x.kafka.redis.test.ts` needs both. A suite writes into the engine it is given, so none is ever guessed: a variable
 * names one that is for tests, or `ops/engines` starts one of this checkout's own.
 */

/**
 * What a suffix asks for.
 * @typedef {object} Suite
 * @property {readonly string[]} engines
 * @property {readonly string[]} [better] Engines with which it tests more, but without which it runs.
 * @property {boolean} [alone] Whether it is a cluster of processes, which needs the machine for itself.
 * @property {readonly string[]} [stops] Engines that it stops and continues: of those it is told the process, if nobody
 * else has them.
 */

/** @type {Readonly<Record<string, Suite>>} */
const SUITES = {
  cassandra: { engines: ['cassandra'] },
  // Three that replicate, and are killed: they are started for this alone.
  'cassandra-3': { engines: ['cassandra-3'], alone: true },
  kafka: { engines: ['kafka'] },
  // No other test can use it meanwhile.
  'kafka-stopped': { engines: ['kafka'], alone: true, stops: ['kafka'] },
  redis: { engines: ['redis'] },
  consul: { engines: ['consul'] },
  minio: { engines: ['s3'] },
  chromium: { engines: ['chromium'] },
  cluster: { engines: ['cassandra', 'kafka', 'consul', 'redis'], better: ['toxiproxy'], alone: true },
}

/** The variables by which tests, and we, are told where an engine for tests is. */
export const VARIABLES = /** @type {Readonly<Record<string, string>>} */ ({
  cassandra: 'CHAT4ALL_TEST_CASSANDRA',
  'cassandra-3': 'CHAT4ALL_TEST_CASSANDRA_3',
  kafka: 'CHAT4ALL_TEST_KAFKA',
  redis: 'CHAT4ALL_TEST_REDIS',
  consul: 'CHAT4ALL_TEST_CONSUL',
  s3: 'CHAT4ALL_TEST_MINIO',
})

/** The variables by which tests are told which process of an engine they may stop. */
export const PID_VARIABLES = /** @type {Readonly<Record<string, string>>} */ ({ kafka: 'CHAT4ALL_TEST_KAFKA_PID' })

/** Those that are installed fastest first: their suites need not go without them when time runs out. */
const INSTALL_ORDER = ['chromium', 'redis', 'kafka', 'cassandra', 'cassandra-3', 'toxiproxy', 's3', 'consul']

/**
 * All engines that these tests can use, in the order in which to install them.
 * @param {readonly { readonly source: string }[]} tests
 * @returns {string[]}
 */
export function enginesOf(tests) {
  const needed = new Set(tests.flatMap(({ source }) => [...suiteOf(source).engines, ...suiteOf(source).better]))
  return INSTALL_ORDER.filter((engine) => needed.has(engine))
}

/**
 * Engines that some of these tests stop and continue.
 * @param {readonly { readonly source: string }[]} tests
 * @returns {string[]}
 */
export function stoppedBy(tests) {
  return [...new Set(tests.flatMap(({ source }) => suiteOf(source).stops))]
}

/**
 * What a test file needs by its name; nothing for most.
 * @param {string} file
 * @returns {Required<Suite>}
 */
export function suiteOf(file) {
  const suffixes = (file.split('/').at(-1) ?? '').split('.').slice(1, -2)
  const suites = suffixes.flatMap((suffix) => (Object.hasOwn(SUITES, suffix) ? [SUITES[suffix]] : []))
  return {
    engines: [...new Set(suites.flatMap(({ engines }) => engines))],
    better: [...new Set(suites.flatMap(({ better = [] }) => better))],
    alone: suites.some(({ alone = false }) => alone),
    stops: [...new Set(suites.flatMap(({ stops = [] }) => stops))],
  }
}

/**
 * Where an engine is, or why it is not.
 * @typedef {{ readonly where: string, readonly by: 'variable' | 'engines' | 'machine' } | { readonly why: string }} Found
 */

/**
 * The suites by what becomes of them.
 * @template {{ readonly source: string }} Test
 * @param {readonly Test[]} tests
 * @param {ReadonlyMap<string, Found>} found
 * @returns {{ runnable: Test[], impossible: Test[] }}
 */
export function splitByEngines(tests, found) {
  const isRunnable = (/** @type {Test} */ { source }) =>
    suiteOf(source).engines.every((engine) => 'where' in (found.get(engine) ?? { why: '' }))
  return { runnable: tests.filter(isRunnable), impossible: tests.filter((test) => !isRunnable(test)) }
}

/**
 * What a run says at its end of the suites that need engines: a line for all that need the same.
 * @param {readonly { readonly source: string }[]} tests
 * @param {ReadonlyMap<string, Found>} found
 * @returns {string[]}
 */
export function engineLines(tests, found) {
  /** @type {Map<string, { suite: Required<Suite>, files: string[] }>} */
  const byNeed = new Map()
  for (const { source } of tests) {
    const suite = suiteOf(source)
    if (suite.engines.length === 0) continue
    const key = [...suite.engines, ...suite.better].join(' ')
    const group = byNeed.get(key) ?? { suite, files: [] }
    byNeed.set(key, group)
    group.files.push(source)
  }
  return [...byNeed.values()].map(({ suite, files }) => {
    const missing = suite.engines.filter((engine) => !('where' in (found.get(engine) ?? { why: '' })))
    if (missing.length > 0) {
      return `NOT RUN, no ${missing.join(', no ')}: ${files.join(', ')} — ${missing.map((engine) => whyNot(engine, found)).join('; ')}`
    }
    const where = [...suite.engines, ...suite.better].map((engine) => whereIs(engine, found))
    return `Ran on ${where.join(', ')}: ${files.join(', ')}`
  })
}

/**
 * @param {string} engine
 * @param {ReadonlyMap<string, Found>} found
 */
function whereIs(engine, found) {
  const at = found.get(engine)
  if (at === undefined || 'why' in at) return `without ${engine} (${whyNot(engine, found)})`
  const by = { variable: `, by ${VARIABLES[engine]}`, engines: ', of ops/engines', machine: '' }[at.by]
  return `${engine} (${at.where}${by})`
}

/**
 * @param {string} engine
 * @param {ReadonlyMap<string, Found>} found
 */
function whyNot(engine, found) {
  const at = found.get(engine)
  const why = at !== undefined && 'why' in at ? at.why : 'nobody looked for it'
  return engine in VARIABLES ? `${why}, or set ${VARIABLES[engine]} to the address of a ${engine} for tests` : why
}

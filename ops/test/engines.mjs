import { findChromium } from './chromium.mjs'

/**
 * Engines that a suite may need, by the suffix of its file: `x.cassandra.test.ts` needs Cassandra. A suite writes into
 * the engine it is given, so none is ever guessed: the variable says which one is for tests.
 */
const VARIABLES = {
  cassandra: 'CHAT4ALL_TEST_CASSANDRA',
  'cassandra-3': 'CHAT4ALL_TEST_CASSANDRA_3',
  kafka: 'CHAT4ALL_TEST_KAFKA',
  redis: 'CHAT4ALL_TEST_REDIS',
  consul: 'CHAT4ALL_TEST_CONSUL',
  minio: 'CHAT4ALL_TEST_MINIO',
}

/**
 * The engine that a test file needs by its name, if any.
 * @param {string} file
 * @returns {string | undefined}
 */
export function engineOf(file) {
  const suffix = /\.([a-z0-9-]+)\.test\.[jt]s$/.exec(file)?.[1]
  return suffix !== undefined && (suffix === 'chromium' || suffix in VARIABLES) ? suffix : undefined
}

/**
 * Whether suites of this engine can run, and if not, what to do about it.
 * @param {string} engine
 * @param {NodeJS.ProcessEnv} env Given CHROMIUM_PATH where a browser was found.
 * @returns {{ there: true, where: string } | { there: false, why: string }}
 */
export function findEngine(engine, env = process.env) {
  if (engine === 'chromium') {
    const found = findChromium(env)
    if ('missing' in found) return { there: false, why: found.missing }
    env.CHROMIUM_PATH = found.path
    return { there: true, where: found.path }
  }
  const variable = VARIABLES[/** @type {keyof typeof VARIABLES} */ (engine)]
  const where = env[variable]
  return where
    ? { there: true, where }
    : { there: false, why: `set ${variable} to the address of a ${engine} for tests` }
}

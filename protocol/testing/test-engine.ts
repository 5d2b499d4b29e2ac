/** Engines that a suite may need, by the variable that says where one for tests is. */
const ENGINES = {
  CHAT4ALL_TEST_CASSANDRA: { name: 'a Cassandra', where: 'host:port' },
  CHAT4ALL_TEST_CASSANDRA_3: { name: 'three Cassandras that may be killed', where: 'host:port,host:port,host:port' },
  CHAT4ALL_TEST_KAFKA: { name: 'a Kafka', where: 'host:port' },
  CHAT4ALL_TEST_REDIS: { name: 'a Redis cluster', where: 'host:port' },
  CHAT4ALL_TEST_CONSUL: { name: 'a Consul', where: 'http://host:port' },
  CHAT4ALL_TEST_MINIO: { name: 'an S3 store', where: 'http://host:port' },
} as const

/**
 * Where the engine is that a suite runs on; a suite writes into it, so none is ever guessed.
 * @throws Error that says what to do when the variable is not set: the suite ends at once instead of waiting for nobody
 */
export function testEngine(variable: keyof typeof ENGINES): string {
  const { name, where } = ENGINES[variable]
  const value = process.env[variable]
  if (value) return value
  throw new Error(
    `This suite needs ${name} for tests: set ${variable}=${where}, or run it by \`npm test -- PATH\`, which starts one`,
  )
}

/** The door for suites that run the server on real engines. */
export { dropKeyspace } from './cluster/drop-keyspace.js'

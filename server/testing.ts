/** The door for suites that run the server on real engines, or with certificates. */
export { TestAuthority } from '@chat4all/router/test-certificates'
export { dropKeyspace } from './cluster/drop-keyspace.js'

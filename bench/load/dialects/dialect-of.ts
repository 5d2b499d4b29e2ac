import type { Dialect, DialectOptions, Target } from '../dialect.js'
import { centrifugeDialect } from './centrifuge.js'
import { chat4allDialect } from './chat4all.js'
import { socketIoDialect } from './socket-io.js'
import { uwsRelayDialect } from './uws-relay.js'

const DIALECTS = {
  chat4all: chat4allDialect,
  centrifuge: centrifugeDialect,
  'socket-io': socketIoDialect,
  'uws-relay': uwsRelayDialect,
} satisfies Record<string, (target: Target, options: DialectOptions) => Dialect>

export type DialectName = keyof typeof DIALECTS

export function dialectOf(name: DialectName, target: Target, options: DialectOptions = {}): Dialect {
  if (options.receipts === true && name !== 'chat4all') throw new Error(`${name} has no receipts`)
  return DIALECTS[name](target, options)
}
